import { isPaletteError } from '../../errors.ts'
import type { Database, ResultSet, Statement, Transaction, TransactionSettings } from '../driver.ts'
import { LOCKED_RELATIONS, namedRelations, readRelations, type Relation } from './catalog.ts'
import { hashOf } from './hash.ts'
import { moved } from './position.ts'
import { readPlan, type Plan } from './plan.ts'

/** What PostgreSQL makes of a statement. */
export interface Analysis {
  /** OIDs of its parameters. */
  readonly types: readonly number[]
  /** The tables and views that it takes. */
  readonly relations: readonly Relation[]
  /** Null where it cannot be planned without values. */
  readonly plan: Plan | null
  /** Those of the tables asked for that exist. */
  readonly named: readonly Relation[]
}

/** What is to be analysed. */
export interface Question {
  /** SQL with `$1`…`$n`, of a kind that PostgreSQL plans. */
  readonly text: string
  /** SQL types of the parameters; undefined lets PostgreSQL infer. */
  readonly types: readonly (string | undefined)[]
  /** Further tables, as SQL writes their names. */
  readonly tables: readonly string[]
}

/** Looks at the catalog, or plans. Read-only: where the connection is lost meanwhile, nothing was changed, and one may look again. */
export const lookAt = <T>(
  database: Database,
  settings: TransactionSettings,
  look: (transaction: Transaction) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> =>
  database.transaction({ ...settings, isolation: 'read committed', readOnly: true }, look, signal)

/** The SQLSTATE of a failure of the server. */
export const sqlstateOf = (error: unknown): string | undefined => {
  const state = isPaletteError(error) ? error.details['sqlstate'] : undefined
  return typeof state === 'string' ? state : undefined
}

const SAVEPOINT: Statement = { text: 'savepoint cxone_check' }
const GENERIC: Statement = {
  text: `select pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true)`,
}
/** A domain refuses the NULLs that stand for the values. */
const REFUSED_NULL = new Set(['23502', '23514'])

/**
 * Parses and plans a statement in an open transaction without running it. SQL's own PREPARE takes types, works alike on all
 * versions, and leaves locks by which PostgreSQL itself tells what the statement takes.
 */
export async function analyse(transaction: Transaction, question: Question): Promise<Analysis> {
  const { text, types } = question
  const name = `cxone_check_${hashOf(text, types.join())}`
  const list = types.length === 0 ? '' : ` (${types.map((type) => type ?? 'unknown').join(', ')})`
  const prefix = `prepare ${name}${list} as\n`
  try {
    await transaction.query({ text: prefix + text })
  } catch (error) {
    throw moved(error, (position) => position - prefix.length)
  }
  // It outlives the transaction, whatever happens, so it is removed in any case.
  try {
    const analysis = await examine(transaction, name, question)
    await transaction.query(deallocate(name))
    return analysis
  } catch (error) {
    await transaction.group([ROLL_BACK, deallocate(name)]).catch(() => undefined)
    throw error
  }
}

const ROLL_BACK: Statement = { text: 'rollback to savepoint cxone_check' }
const deallocate = (name: string): Statement => ({ text: `deallocate ${name}` })

async function examine(transaction: Transaction, name: string, question: Question): Promise<Analysis> {
  const { types, tables } = question
  const values = types.length === 0 ? '' : ` (${types.map(() => 'null').join(', ')})`
  const explain = { text: `explain (verbose, format json) execute ${name}${values}` }
  const rest = [parametersOf(name), LOCKED_RELATIONS, namedRelations(tables)]
  await transaction.query(SAVEPOINT)
  try {
    const [, explained, ...found] = await transaction.group([GENERIC, explain, ...rest])
    return read(found, readPlan(explained?.rows[0]?.['QUERY PLAN']))
  } catch (error) {
    if (!REFUSED_NULL.has(sqlstateOf(error) ?? '')) throw error
    await transaction.query(ROLL_BACK)
    return read(await transaction.group(rest), null)
  }
}

const parametersOf = (name: string): Statement => ({
  text: `select pg_catalog.to_json(p.parameter_types::oid[]::int8[])::text as types
    from pg_catalog.pg_prepared_statements p where p.name = '${name}'`,
})

function read(found: readonly ResultSet[], plan: Plan | null): Analysis {
  const [parameters, locked, named] = found as [ResultSet, ResultSet, ResultSet]
  return {
    types: JSON.parse((parameters.rows[0]?.['types'] ?? '[]') as string) as number[],
    relations: readRelations(locked),
    named: readRelations(named),
    plan,
  }
}
