import { isSecretName, REDACTED, redactText } from '../redact/redact-text.ts'

/** One place where a value is not as expected. */
export interface Difference {
  /** As users write it: `payload.items[0].id`. */
  readonly path: string
  readonly expected: string
  readonly actual: string
}

const MAX_DIFFERENCES = 20
const MAX_SHOWN = 200

/**
 * Compares a value with what is expected of it, partially: an object may hold more properties than expected, everywhere; lists
 * must be equally long; all else must be equal. `{$matches: 'regular expression'}`, `{$type: 'string'}`, `{$exists: false}`,
 * `{$oneOf: [...]}`, `{$min: 1, $max: 5}`, `{$length: 3}` and `{$contains: ...}` stand for values that are not known exactly.
 *
 * @returns the differences, at most 20; none when it matches.
 */
export function differencesOf(expected: unknown, actual: unknown, path = 'msg'): readonly Difference[] {
  const found: Difference[] = []
  compare(expected, actual, path, found)
  return found.slice(0, MAX_DIFFERENCES)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function compare(expected: unknown, actual: unknown, path: string, found: Difference[]): void {
  if (found.length >= MAX_DIFFERENCES) return
  const differ = (text: string): void => void found.push({ path, expected: text, actual: shown(actual) })
  if (isMatcher(expected)) {
    for (const [name, operand] of Object.entries(expected)) {
      const matcher = MATCHERS[name] as Matcher
      if (!matcher.holds(operand, actual)) differ(matcher.text(operand))
    }
  } else if (Array.isArray(expected)) {
    compareLists(expected, actual, path, found)
  } else if (isRecord(expected)) {
    if (!isRecord(actual)) differ(`an object with ${Object.keys(expected).join(', ') || 'anything'}`)
    else
      for (const [name, value] of Object.entries(expected))
        compare(value, own(actual, name), below(path, name), found)
  } else if (!Object.is(expected, actual)) {
    differ(shown(expected))
  }
}

function compareLists(
  expected: readonly unknown[],
  actual: unknown,
  path: string,
  found: Difference[],
): void {
  if (!Array.isArray(actual)) {
    found.push({ path, expected: `a list of ${expected.length}`, actual: shown(actual) })
    return
  }
  if (actual.length !== expected.length)
    found.push({
      path,
      expected: `a list of ${expected.length}`,
      actual: `a list of ${actual.length}: ${shown(actual)}`,
    })
  expected.slice(0, actual.length).forEach((value, at) => compare(value, actual[at], `${path}[${at}]`, found))
}

const own = (value: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(value, name) ? value[name] : undefined

const below = (path: string, name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`

interface Matcher {
  readonly holds: (operand: unknown, actual: unknown) => boolean
  readonly text: (operand: unknown) => string
}

const sizeOf = (value: unknown): number | undefined => {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return isRecord(value) ? Object.keys(value).length : undefined
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

const MATCHERS: Readonly<Record<string, Matcher>> = {
  $matches: {
    holds: (pattern, actual) => typeof actual === 'string' && new RegExp(String(pattern), 'u').test(actual),
    text: (pattern) => `text that matches /${String(pattern)}/`,
  },
  $type: {
    holds: (type, actual) => typeOf(actual) === type || (type === 'number' && typeof actual === 'number'),
    text: (type) => `a value of type ${String(type)}`,
  },
  $exists: {
    holds: (wanted, actual) => (actual !== undefined) === wanted,
    text: (wanted) => (wanted === true ? 'any value' : 'nothing'),
  },
  $oneOf: {
    holds: (list, actual) => Array.isArray(list) && list.some((value) => matches(value, actual)),
    text: (list) => `one of ${shown(list)}`,
  },
  $min: { holds: (min, actual) => Number(actual) >= Number(min), text: (min) => `at least ${String(min)}` },
  $max: { holds: (max, actual) => Number(actual) <= Number(max), text: (max) => `at most ${String(max)}` },
  $length: {
    holds: (size, actual) => sizeOf(actual) === size,
    text: (size) => `${String(size)} entries or characters`,
  },
  $contains: {
    holds: (part, actual) =>
      typeof actual === 'string'
        ? actual.includes(String(part))
        : Array.isArray(actual) && actual.some((value) => matches(part, value)),
    text: (part) => `something that contains ${shown(part)}`,
  },
}

const matches = (expected: unknown, actual: unknown): boolean => differencesOf(expected, actual).length === 0

/** An object all of whose names are matchers. */
const isMatcher = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (!isRecord(value)) return false
  const names = Object.keys(value)
  return names.length > 0 && names.every((name) => Object.hasOwn(MATCHERS, name))
}

/** A value as one line of JSON, cut. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'number' && !Number.isFinite(value) ? String(value) : JSON.stringify(value)
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 3)}...` : text
}

/** Differences as lines of text; what was found at the place of a secret is masked. */
export const describeDifferences = (differences: readonly Difference[]): readonly string[] =>
  differences.flatMap(({ path, expected, actual }) => [
    path,
    `  expected ${expected}`,
    `  actual   ${actual !== 'nothing' && path.split(/[.[\]"]+/).some(isSecretName) ? REDACTED : redactText(actual)}`,
  ])
