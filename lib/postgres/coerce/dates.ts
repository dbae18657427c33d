import { BAD_DATE, dateText, isDate, malformed, Refusal, trimBlanks, type TypeRule } from './type-rule.ts'

// ISO 8601, extended format, as RFC 3339 has it. PostgreSQL reads many other notations, some by its setting `DateStyle`.
const DATE = String.raw`(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})`
const TIME = String.raw`(?<hour>[0-9]{2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2})(?<fraction>\.[0-9]{1,9})?)?`
const OFFSET = String.raw`(?<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)`

const DATE_ONLY = new RegExp(`^${DATE}$`)
const DATE_TIME = new RegExp(`^${DATE}(?:[T ](?<time>${TIME})${OFFSET}?)?$`)
const TIME_ONLY = new RegExp(`^${TIME}$`)
const TIME_OFFSET = new RegExp(`^${TIME}${OFFSET}$`)
const INFINITY = /^-?infinity$/i

type Parts = Readonly<Record<string, string | undefined>>

const isEndless = (text: string): boolean => INFINITY.test(text)
const WRONG = new Refusal(undefined, BAD_DATE)

/** A day of the calendar. Of a `Date`, only one at midnight UTC: any other has a time that would be lost. */
export const DATE_RULE: TypeRule = {
  expected: 'a date such as 2026-11-21',
  read: (value) => {
    const iso = isDate(value) ? String(dateText(value)).replace(/T00:00:00\.000Z$/, '') : value
    return readParts(iso, DATE_ONLY, (text) => text, isEndless)
  },
}

/** A date and time without a zone. An instant in UTC gives its UTC reading; PostgreSQL would drop other offsets silently. */
export const TIMESTAMP: TypeRule = {
  expected: 'a date and time such as 2026-11-21T14:30:00',
  read: (value) =>
    readParts(
      dateText(value),
      DATE_TIME,
      (text, { offset }) => {
        if (offset === undefined) return text
        if (!isUtc(offset))
          return new Refusal(
            'leave the offset out, or choose timestamptz: PostgreSQL would ignore it',
            BAD_DATE,
          )
        return text.slice(0, -offset.length)
      },
      isEndless,
    ),
}

const isUtc = (offset: string): boolean => /^(?:[Zz]|[+-]00(?::?00)?)$/.test(offset)

/** An instant. Without an offset it is taken as UTC, whatever the zone of the session or the host. */
export const TIMESTAMPTZ: TypeRule = {
  expected: 'a date and time with offset, such as 2026-11-21T14:30:00Z',
  read: (value) =>
    readParts(
      dateText(value),
      DATE_TIME,
      (text, { time, offset }) => (offset ? text : `${text}${time === undefined ? 'T00:00:00' : ''}Z`),
      isEndless,
    ),
}

/** A time of the day. */
export const TIME_RULE: TypeRule = {
  expected: 'a time such as 14:30:00',
  read: (value) => readParts(value, TIME_ONLY, (text) => text),
}

/** A time of the day with its offset; without one it is taken as UTC. */
export const TIMETZ: TypeRule = {
  expected: 'a time with offset, such as 14:30:00+01',
  read: (value) => {
    const text = typeof value === 'string' ? trimBlanks(value) : value
    return readParts(
      typeof text === 'string' && TIME_ONLY.test(text) ? `${text}Z` : text,
      TIME_OFFSET,
      (it) => it,
    )
  },
}

function readParts(
  value: unknown,
  pattern: RegExp,
  write: (text: string, parts: Parts) => string | Refusal,
  isSpecial: (text: string) => boolean = () => false,
): string | Refusal {
  if (typeof value !== 'string') return WRONG
  const text = trimBlanks(value)
  if (isSpecial(text)) return text
  const parts = pattern.exec(text)?.groups
  if (!parts) return malformed(value, BAD_DATE)
  return isDay(parts) && isTime(parts) && isOffset(parts) ? write(text, parts) : WRONG
}

function isDay({ year, month, day }: Parts): boolean {
  if (year === undefined) return true
  return Number(year) > 0 && Number(day) > 0 && Number(day) <= daysOf(Number(year), Number(month))
}

function daysOf(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
}

// 24:00 is the end of a day. A leap second is taken, as by PostgreSQL.
function isTime({ hour = '0', minute, second, fraction }: Parts): boolean {
  const rest = Number(minute ?? 0) + Number(second ?? 0) + Number(fraction ?? 0)
  if (Number(hour) === 24) return rest === 0
  if (second === '60' && Number(fraction ?? 0) > 0) return false
  return Number(hour) < 24 && Number(minute ?? 0) < 60 && Number(second ?? 0) <= 60
}

// PostgreSQL's limit is 15:59.
function isOffset({ offset = 'Z' }: Parts): boolean {
  const [hours = 0, minutes = 0] = (offset.match(/[0-9]{2}/g) ?? []).map(Number)
  return hours < 16 && minutes < 60
}
