import { configError, show } from '../errors.ts'
import { isTyped, joinTyped } from './typed.ts'
import { isVersion, migrate } from './version.ts'

/**
 * One property of a node: its default, and one rule that the editor and the runtime share.
 * `check` returns the reason why a stored value is wrong, in words for the user; undefined when it is right.
 */
export interface Field<T> {
  readonly default: T
  readonly check: (value: unknown) => string | undefined
  /** The typed value of a stored value that `check` accepts. */
  readonly parse: (value: unknown) => T
}

/** The values that a set of fields gives. */
export type Parsed<F extends Record<string, Field<unknown>>> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never
}

const isUnset = (value: unknown): boolean => value === undefined || value === null || value === ''

function field<T>(fallback: T, check: Field<T>['check'], parse: Field<T>['parse']): Field<T> {
  return {
    default: fallback,
    check: (value) => (isUnset(value) ? undefined : check(value)),
    parse: (value) => (isUnset(value) ? fallback : parse(value)),
  }
}

/** A whole number between limits; the editor stores numbers as text, so text of digits is right too. */
export function integer(options: { min: number; max: number; default: number }): Field<number> {
  const { min, max } = options
  return field(
    options.default,
    (value) => {
      const number = typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value
      if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max)
        return undefined
      return `expected an integer from ${min} to ${max}, got ${show(value)}`
    },
    Number,
  )
}

/** An {@link integer} that may be left empty. */
export function optionalInteger(options: { min: number; max: number }): Field<number | undefined> {
  const inner = integer({ ...options, default: options.min })
  return field<number | undefined>(undefined, inner.check, Number)
}

/** Yes or no. */
export function boolean(fallback: boolean): Field<boolean> {
  return field(
    fallback,
    (value) =>
      typeof value === 'boolean' || value === 'true' || value === 'false'
        ? undefined
        : `expected true or false, got ${show(value)}`,
    (value) => value === true || value === 'true',
  )
}

/** One of a list of words. */
export function oneOf<const T extends string>(values: readonly T[], fallback: NoInfer<T>): Field<T> {
  return field<T>(
    fallback,
    (value) =>
      (values as readonly unknown[]).includes(value)
        ? undefined
        : `expected one of ${values.join(', ')}, got ${show(value)}`,
    (value) => value as T,
  )
}

/** A choice of which this version offers only a part; the rest is told apart from a typing error. */
export function offered<const T extends string>(
  values: readonly T[],
  later: readonly string[],
  fallback: string,
): Field<T> {
  return {
    default: fallback as T,
    check: (stored) => {
      const value = stored === undefined || stored === null || stored === '' ? fallback : stored
      if ((values as readonly unknown[]).includes(value)) return undefined
      const choose = `choose ${values.map((each) => `\`${each}\``).join(' or ')}`
      return later.includes(value as string)
        ? `\`${value as string}\` is not available in this version; ${choose}`
        : `expected one of ${values.join(', ')}, got ${show(value)}`
    },
    parse: (stored) => (stored || fallback) as T,
  }
}

/** Text, optionally of a form. */
export function text(
  options: { default?: string; max?: number; pattern?: RegExp; form?: string } = {},
): Field<string> {
  const { max = 4096, pattern, form } = options
  return field(
    options.default ?? '',
    (value) => {
      if (typeof value !== 'string') return `expected text, got ${show(value)}`
      if (value.length > max) return `expected at most ${max} characters, got ${value.length}`
      if (pattern && !pattern.test(value)) return `expected ${form ?? String(pattern)}, got ${show(value)}`
      return undefined
    },
    (value) => value as string,
  )
}

/** The id of a config node; empty when none is chosen. */
export const nodeId = (): Field<string> => text({ max: 64 })

/** A JSON value, stored as such or as JSON text, checked by `check`. */
export function json<T>(fallback: T, check: (value: unknown) => string | undefined): Field<T> {
  const read = (value: unknown): unknown =>
    typeof value === 'string' ? (JSON.parse(value) as unknown) : value
  return field(
    fallback,
    (value) => {
      try {
        return check(read(value))
      } catch {
        return `expected JSON, got ${show(value)}`
      }
    },
    (value) => read(value) as T,
  )
}

/** A list whose items are all checked by `check`; the reason names the index. */
export function list<T>(
  fallback: readonly T[],
  check: (item: unknown) => string | undefined,
  max = 1000,
): Field<readonly T[]> {
  return json<readonly T[]>(fallback, (value) => {
    if (!Array.isArray(value)) return `expected a list, got ${show(value)}`
    if (value.length > max) return `expected at most ${max} items, got ${value.length}`
    for (const [index, item] of value.entries()) {
      const reason = check(item)
      if (reason) return `item ${index}: ${reason}`
    }
    return undefined
  })
}

/**
 * Reads the stored properties of a node; those of an older version are migrated first (field `version`).
 *
 * @throws `CONFIG_INVALID` with `details.field` for the first wrong one.
 */
export function parseFields<F extends Record<string, Field<unknown>>>(fields: F, stored: object): Parsed<F> {
  const known = stored as Readonly<Record<string, unknown>>
  const values = isVersion(fields['version']) ? migrate(fields['version'], known) : known
  const parsed: Record<string, unknown> = {}
  for (const [name, rule] of Object.entries(fields)) {
    const value = isTyped(rule) ? joinTyped(rule, values, name) : values[name]
    const reason = rule.check(value)
    if (reason) throw configError(name, `Property \`${name}\`: ${reason}`)
    parsed[name] = rule.parse(value)
  }
  return parsed as Parsed<F>
}
