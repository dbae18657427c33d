import type { Statement } from '../driver.ts'
import { isPaletteError } from '../../errors.ts'
import { hashOf } from './hash.ts'
import type { Relation } from './catalog.ts'

/** SQLSTATE of `width_bucket` without buckets: nothing else in common use fails with it. */
const RAISED = '2201G'

/**
 * A statement that fails where a relation is no longer as it was when the user's statement was checked: a column added, dropped,
 * renamed or retyped, the relation renamed, moved or dropped, another one of its name before it on the search path.
 *
 * It runs after the user's statement in the same transaction. That one holds locks on all relations, so nothing can be
 * changed in between: what the guard sees is what the statement saw. No row comes back.
 */
export function guardOf(relations: readonly Relation[], generation = 0): Statement | undefined {
  if (relations.length === 0) return undefined
  const unchanged = relations.map(isUnchanged).join(' and ')
  const text = `select 1 where pg_catalog.width_bucket(0::float8, 0::float8, 1::float8, case when ${unchanged} then 1 else 0 end) = 0`
  return { text, name: `cxone_guard_${hashOf(text, String(generation))}`, types: [], values: [] }
}

/** Whether the guard has failed (or, hardly ever, a statement that uses `width_bucket` itself). */
export const isGuardFailure = (error: unknown): boolean =>
  isPaletteError(error) && error.details['sqlstate'] === RAISED

// The name that PostgreSQL shows for an oid is bare only while the search path finds the relation by it. So one text tells
// renamed, moved, dropped and covered by another one. It asks for no rights, as a look-up by name would.
function isUnchanged({ oid, shownName, signature }: Relation): string {
  const columns = `array(select xmin from pg_catalog.pg_attribute where attrelid = ${oid} and attnum > 0 order by attnum)`
  return `${columns}::text = ${quoteText(signature)} and ${oid}::oid::pg_catalog.regclass::text = ${quoteText(shownName)}`
}

// With backslashes only the E form means the same whatever `standard_conforming_strings` says.
function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}
