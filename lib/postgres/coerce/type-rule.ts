import { PaletteError, show } from '../../errors.ts'

/** Why a value is refused. */
export class Refusal {
  /** What to do about it, where `expected` does not tell. */
  readonly advice: string | undefined
  readonly sqlstate: string

  constructor(advice?: string, sqlstate: string = INVALID_TEXT) {
    this.advice = advice
    this.sqlstate = sqlstate
  }
}

/** SQLSTATEs by which PostgreSQL itself refuses values. */
const INVALID_TEXT = '22P02'
export const OUT_OF_RANGE = '22003'
export const BAD_CHARACTER = '22021'
export const BAD_DATE = '22007'
const TOO_LARGE = '54000'

/** A type of PostgreSQL: what it takes, in words, and how a value is written for it. */
export interface TypeRule {
  /** Completes "Expected the parameter to be …". */
  readonly expected: string
  /** Whether values are free text, which may be personal: errors tell its length only. */
  readonly isPrivate?: boolean
  /** PostgreSQL's text form of a value that is neither undefined nor null. */
  readonly read: (value: unknown) => string | Refusal
}

/** Longest text of one value, in characters. */
const MAX_CHARACTERS = 16 * 1024 * 1024

/**
 * The text of a value by a rule.
 *
 * @throws `PG_PARAM_TYPE` with `details.param`, `expected`, `actual` and the `sqlstate` that PostgreSQL would give.
 */
export function readBy(rule: TypeRule, param: string, value: unknown): string {
  const text = typeof value === 'string' && value.length > MAX_CHARACTERS ? TOO_LONG : rule.read(value)
  const read = typeof text === 'string' && text.length > MAX_CHARACTERS ? TOO_LONG : text
  if (!(read instanceof Refusal)) return read
  const actual = rule.isPrivate ? describeOnly(value) : show(value)
  const advice = read.advice === undefined ? '' : `; ${read.advice}`
  throw new PaletteError(
    'PG_PARAM_TYPE',
    `Expected parameter \`${param}\` to be ${rule.expected}, got ${actual}${advice}`,
    { details: { param, expected: rule.expected, actual, sqlstate: read.sqlstate } },
  )
}

const TOO_LONG = new Refusal(`a value has at most ${MAX_CHARACTERS} characters`, TOO_LARGE)

const describeOnly = (value: unknown): string =>
  typeof value === 'string' ? `text of ${value.length} characters` : show(value)

/** Text without the blanks around it that PostgreSQL skips. */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)

/** The refusal of a malformed text; CXone sends variables without a value as empty text. */
export const malformed = (text: string, sqlstate?: string): Refusal =>
  new Refusal(trimBlanks(text) === '' ? 'leave the variable out, or null, for no value' : undefined, sqlstate)

/** A `Date`, also one that a Function node made in its own realm. */
export const isDate = (value: unknown): value is { toISOString(): string; getTime(): number } =>
  Object.prototype.toString.call(value) === '[object Date]'

/** The ISO text of a value that is a valid `Date`, else the value. */
export const dateText = (value: unknown): unknown =>
  isDate(value) && !Number.isNaN(value.getTime()) ? value.toISOString() : value
