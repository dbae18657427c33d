const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
// RFC 9110 section 5.6.7: IMF-fixdate, the obsolete RFC 850 form, and asctime.
const FIXDATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/
const RFC850 = /^[A-Z][a-z]+, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/
const DAY_MS = 86_400_000

/**
 * Reads a `Retry-After` header (RFC 9110 section 10.2.3): seconds or an HTTP date.
 *
 * @param nowMs Unix time in milliseconds, to count a date from.
 * @returns the wait in milliseconds; undefined for what is negative, past, or neither form. Not capped.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER)
  const at = parseHttpDate(text, nowMs)
  return at === undefined || at < nowMs ? undefined : at - nowMs
}

/** An HTTP date in any of the three forms as Unix milliseconds; undefined for what is none. */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const fixed = FIXDATE.exec(text)
  if (fixed) return unixMs(fixed[3], fixed[2], fixed[1], fixed.slice(4))
  const old = RFC850.exec(text)
  if (old) return unixMs(fullYear(Number(old[3]), nowMs), old[2], old[1], old.slice(4))
  const c = ASCTIME.exec(text)
  return c ? unixMs(c[6], c[1], c[2], c.slice(3, 6)) : undefined
}

// A two-digit year that seems more than 50 years ahead is of the century before, says RFC 9110.
function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = 1970 + Math.floor(nowMs / (365.2425 * DAY_MS))
  const year = thisYear - (thisYear % 100) + twoDigits
  return year > thisYear + 50 ? year - 100 : year
}

function unixMs(
  year: string | number | undefined,
  monthName: string | undefined,
  day: string | undefined,
  clock: readonly (string | undefined)[],
): number | undefined {
  const month = MONTHS.indexOf(monthName ?? '?') / 3 + 1
  const [hours = 99, minutes = 99, seconds = 99] = clock.map(Number)
  if (month < 1 || !Number.isInteger(month) || Number(day) < 1 || Number(day) > 31) return undefined
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  return (
    daysSinceEpoch(Number(year), month, Number(day)) * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000
  )
}

// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}
