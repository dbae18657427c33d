import { arrayRule } from './arrays.ts'
import { BYTEA } from './bytes.ts'
import { DATE_RULE, TIME_RULE, TIMESTAMP, TIMESTAMPTZ, TIMETZ } from './dates.ts'
import { JSON_RULE } from './json.ts'
import { floatRule, integerRule, NUMERIC } from './numbers.ts'
import { BIGINT, FLOAT, INTEGER } from './param-type.ts'
import { BOOLEAN, INTERVAL, TEXT, UUID } from './texts.ts'
import type { TypeRule } from './type-rule.ts'

/** A type of a parameter as PostgreSQL tells it. */
export interface SqlType {
  readonly oid: number
  /** As `format_type` writes it: `integer`, `mood[]`. */
  readonly type: string
}

/** The type, its array, and the rule; from PostgreSQL's `pg_type.dat`. */
const CATALOG: readonly (readonly [oid: number, array: number, rule: TypeRule])[] = [
  [16, 1000, BOOLEAN],
  [17, 1001, BYTEA],
  [20, 1016, BIGINT],
  [21, 1005, integerRule(-32_768n, 32_767n)],
  [23, 1007, INTEGER],
  [26, 1028, integerRule(0n, 4_294_967_295n)], // oid
  [114, 199, JSON_RULE],
  [700, 1021, floatRule('a number in the range of real', Math.fround)],
  [701, 1022, FLOAT],
  [1082, 1182, DATE_RULE],
  [1083, 1183, TIME_RULE],
  [1114, 1115, TIMESTAMP],
  [1184, 1185, TIMESTAMPTZ],
  [1186, 1187, INTERVAL],
  [1266, 1270, TIMETZ],
  [1700, 1231, NUMERIC],
  [2950, 2951, UUID],
  [3802, 3807, JSON_RULE],
]

const RULES = new Map(
  CATALOG.flatMap(([oid, array, rule]) => [[oid, rule] as const, [array, arrayRule(rule)] as const]),
)
const TEXTS = arrayRule(TEXT)

/** The rule of a type of PostgreSQL. Enums, domains, ranges, networks and the like take text, which PostgreSQL itself judges. */
export const ruleOf = ({ oid, type }: SqlType): TypeRule =>
  RULES.get(oid) ?? (type.endsWith('[]') ? TEXTS : TEXT)
