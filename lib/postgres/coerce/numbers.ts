import { malformed, OUT_OF_RANGE, Refusal, trimBlanks, type TypeRule } from './type-rule.ts'

const LOST_DIGITS = new Refusal(
  'a number this large has lost digits on the way; send it as text',
  OUT_OF_RANGE,
)
const BEYOND = new Refusal(undefined, OUT_OF_RANGE)

/**
 * Whole numbers of a range. Text of digits as PostgreSQL has always read it: no `1_000` and no `0x1F`, which only
 * PostgreSQL 16 and later take.
 */
export function integerRule(min: bigint, max: bigint): TypeRule {
  return {
    expected: `an integer from ${min} to ${max}`,
    read: (value) => {
      const whole = wholeNumber(value)
      if (whole instanceof Refusal) return whole
      return whole < min || whole > max ? BEYOND : String(whole)
    },
  }
}

function wholeNumber(value: unknown): bigint | Refusal {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return new Refusal()
    return Number.isSafeInteger(value) ? BigInt(value) : LOST_DIGITS
  }
  if (typeof value !== 'string') return new Refusal()
  const found = /^([+-]?)0*([0-9]+)$/.exec(trimBlanks(value))
  if (!found) return malformed(value)
  const [, sign = '', digits = ''] = found
  if (digits.length > 20) return BEYOND // no integer type is that wide
  return BigInt(sign === '-' ? `-${digits}` : digits)
}

/** Decimal notation: whole part, fraction, exponent. */
const DECIMAL = /^[+-]?(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]+))?$/
const NOT_FINITE = /^(?:nan|[+-]?inf(?:inity)?)$/i

/** Binary floating-point numbers; `round` gives the nearest number of the type. */
export function floatRule(expected: string, round: (value: number) => number): TypeRule {
  return {
    expected,
    read: (value) => {
      if (typeof value === 'number' || typeof value === 'bigint') return inRange(String(value), round)
      if (typeof value !== 'string') return new Refusal()
      const text = trimBlanks(value)
      if (NOT_FINITE.test(text)) return text
      return DECIMAL.test(text) ? inRange(text, round) : malformed(value)
    },
  }
}

// PostgreSQL refuses numbers that would become infinite or zero.
function inRange(text: string, round: (value: number) => number): string | Refusal {
  if (NOT_FINITE.test(text)) return text
  const number = round(Number(text))
  if (!Number.isFinite(number)) return BEYOND
  return number === 0 && /[1-9]/.test(text.split(/e/i, 1)[0] ?? '') ? BEYOND : text
}

/** PostgreSQL's limits of `numeric` without a declared precision. */
const MAX_WHOLE_DIGITS = 131_072
const MAX_FRACTION_DIGITS = 16_383

/** Decimal numbers of any precision. */
export const NUMERIC: TypeRule = {
  expected: 'a decimal number',
  read: (value) => {
    if (typeof value === 'bigint') return String(value)
    if (typeof value === 'number')
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? LOST_DIGITS : String(value)
    if (typeof value !== 'string') return new Refusal()
    const text = trimBlanks(value)
    if (NOT_FINITE.test(text)) return text
    const found = DECIMAL.exec(text)
    return found ? withinNumeric(text, found) : malformed(value)
  },
}

function withinNumeric(
  text: string,
  [, whole = '', behind, alone, exponent = '0']: RegExpExecArray,
): string | Refusal {
  const fraction = behind ?? alone ?? ''
  const shift = Number(exponent)
  if (fraction.length - shift > MAX_FRACTION_DIGITS) return BEYOND
  const digits = `${whole}${fraction}`
  const leading = /^0*/.exec(digits)?.[0].length ?? 0
  // The exponent itself has a limit too, well above what any number but 0 may have.
  if (Math.abs(shift) > 1_000_000) return BEYOND
  return leading < digits.length && whole.length - leading + shift > MAX_WHOLE_DIGITS ? BEYOND : text
}
