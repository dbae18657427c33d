import type { SqlText } from '../driver.ts'
import { DATE_RULE, TIMESTAMP, TIMESTAMPTZ } from './dates.ts'
import { JSON_RULE } from './json.ts'
import { floatRule, integerRule, NUMERIC } from './numbers.ts'
import { BOOLEAN, TEXT, UUID } from './texts.ts'
import { readBy, type TypeRule } from './type-rule.ts'

/** The types that a parameter may be set to; `auto` is the one that PostgreSQL infers. */
export const PARAM_TYPES = [
  'auto',
  'integer',
  'bigint',
  'float',
  'numeric',
  'boolean',
  'string',
  'date',
  'timestamp',
  'timestamptz',
  'uuid',
  'json',
] as const
export type ParamType = (typeof PARAM_TYPES)[number]

/** What is set for a parameter. */
export interface ParamRule {
  readonly name: string
  readonly type: ParamType
  /** Without a value, and without a default: `PG_PARAM_MISSING` rather than NULL. */
  readonly required: boolean
  /** Undefined: none. */
  readonly default?: unknown
}

export const INTEGER = integerRule(-2_147_483_648n, 2_147_483_647n)
export const BIGINT = integerRule(-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n)
export const FLOAT = floatRule('a number', (value) => value)

interface Kind {
  readonly rule: TypeRule
  readonly sql: string
}

const KINDS: Readonly<Record<Exclude<ParamType, 'auto'>, Kind>> = {
  integer: { rule: INTEGER, sql: 'integer' },
  bigint: { rule: BIGINT, sql: 'bigint' },
  float: { rule: FLOAT, sql: 'double precision' },
  numeric: { rule: NUMERIC, sql: 'numeric' },
  boolean: { rule: BOOLEAN, sql: 'boolean' },
  string: { rule: TEXT, sql: 'text' },
  date: { rule: DATE_RULE, sql: 'date' },
  timestamp: { rule: TIMESTAMP, sql: 'timestamp without time zone' },
  timestamptz: { rule: TIMESTAMPTZ, sql: 'timestamp with time zone' },
  uuid: { rule: UUID, sql: 'uuid' },
  json: { rule: JSON_RULE, sql: 'jsonb' },
}

/** The SQL type of a parameter, for statements of which PostgreSQL infers none; undefined for `auto`. */
export const sqlTypeOf = (type: ParamType): string | undefined =>
  type === 'auto' ? undefined : KINDS[type].sql

/** The rule of a type that is set. */
export const ruleOfType = (type: Exclude<ParamType, 'auto'>): TypeRule => KINDS[type].rule

/**
 * PostgreSQL's text form of a value that is to have a type. Strict: what PostgreSQL would refuse is refused here, and so is what
 * it would take in a way that nobody means. Undefined and null are NULL. With `auto`, nothing is known of the type yet.
 *
 * @throws `PG_PARAM_TYPE`
 */
export function coerce(param: string, type: ParamType, value: unknown): SqlText {
  if (value === undefined || value === null) return null
  return type === 'auto' ? readBy(TEXT, param, value) : readBy(KINDS[type].rule, param, value)
}
