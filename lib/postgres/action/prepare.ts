import type { Database, Description, Statement, TransactionSettings } from '../driver.ts'
import { analyse, lookAt, sqlstateOf, type Analysis } from './analyse.ts'
import { arrayText, lockOf, type Relation } from './catalog.ts'
import type { NamedType } from './drift.ts'
import { guardOf } from './guard.ts'
import { hashOf } from './hash.ts'
import type { Plan } from './plan.ts'

/** A parameter or result column: its type by number and by name. */
export interface TypedColumn extends NamedType {
  readonly oid: number
}

/** A statement as PostgreSQL understands it at the moment. */
export interface Prepared {
  /** Runs the statement; the values are missing. */
  readonly statement: Statement & { readonly name: string }
  /** Fails where the tables have changed since; undefined where the statement takes none. */
  readonly guard: Statement | undefined
  /** Lock the tables as the statement does. */
  readonly locks: readonly Statement[]
  readonly parameters: readonly TypedColumn[]
  /** Undefined where the statement returns no rows. */
  readonly columns: readonly TypedColumn[] | undefined
  /** The tables and views that the statement takes. */
  readonly relations: readonly Relation[]
  /** Those of {@link Preparation.tables} that exist. */
  readonly named: readonly Relation[]
  /** Null where PostgreSQL plans no such statement. */
  readonly plan: Plan | null
}

/** What is to be prepared. */
export interface Preparation {
  /** SQL with `$1`…`$n`. */
  readonly text: string
  /** Names of the parameters, in order. */
  readonly names: readonly string[]
  /** The SQL types that the flow gives its parameters; undefined leaves it to PostgreSQL. */
  readonly hints: readonly (string | undefined)[]
  /** Whether it is of a kind that PostgreSQL plans: SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES. */
  readonly isPlanned: boolean
  /** Further tables that the flow needs, as SQL writes their names. */
  readonly tables: readonly string[]
  /** For a statement whose prepared name was lost on the way: another number gives another name. */
  readonly generation: number
}

/**
 * Has PostgreSQL parse and plan a statement, without running it.
 *
 * @throws what the database fails with: `PG_SYNTAX`, `PG_FAILED`, `PG_UNAVAILABLE`, …
 */
export async function prepare(
  database: Database,
  preparation: Preparation,
  settings: TransactionSettings,
  signal?: AbortSignal,
): Promise<Prepared> {
  const { text, names, generation } = preparation
  // Described after the tables were looked at: a change in between makes the guard fail, and never pass.
  const { types, relations, named, plan } = preparation.isPlanned
    ? await settleTypes(database, preparation, settings, signal)
    : NOT_PLANNED
  const described = await database.describe({ text, types }, settings, signal)
  const nameOf = await typeNames(database, described, settings, signal)
  const columns = described.columns?.map(({ name, type }) => ({ name, oid: type, type: nameOf(type) }))
  const others = named.filter(({ oid }) => !relations.some((each) => each.oid === oid))
  const guard = guardOf([...relations, ...others], generation)
  const state = JSON.stringify([generation, guard?.text, described.parameters, columns])
  return {
    statement: {
      text,
      name: `cxone_${hashOf(text, state)}`,
      types: described.parameters,
      leavesTraces: !preparation.isPlanned || TRACES.test(text),
    },
    guard,
    locks: lockOf(relations),
    parameters: described.parameters.map((oid, index) => ({
      name: names[index] ?? `$${index + 1}`,
      oid,
      type: nameOf(oid),
    })),
    columns,
    relations,
    named,
    plan,
  }
}

/** What lasts longer than its transaction: settings, locks, tables. */
const TRACES = /\b(set_config|pg_(try_)?advisory_lock|into\s+(local\s+|global\s+)?temp)/i

const NOT_PLANNED: Analysis = { types: [], relations: [], named: [], plan: null }

const TEXT = 25
/** The types do not fit together, or cannot be told. */
const UNDECIDED = new Set(['42P18', '42725', '42883', '42804'])
const isUndecided = (error: unknown): boolean => UNDECIDED.has(sqlstateOf(error) ?? '')

/**
 * PostgreSQL's own choice of types comes first: it fits the columns, so that their indexes serve. What the flow says counts for
 * parameters that are text for want of anything better, and where PostgreSQL cannot decide.
 */
async function settleTypes(
  database: Database,
  { text, hints, tables }: Preparation,
  settings: TransactionSettings,
  signal?: AbortSignal,
): Promise<Analysis> {
  const ask = (types: readonly (string | undefined)[]): Promise<Analysis> =>
    lookAt(database, settings, (open) => analyse(open, { text, types, tables }), signal)
  const isHinted = hints.some((hint) => hint !== undefined)
  const free = await ask(hints.map(() => undefined)).catch((error: unknown) => {
    if (isHinted && isUndecided(error)) return undefined
    throw error
  })
  if (!free) return await ask(hints)
  const better = hints.map((hint, index) => (free.types[index] === TEXT ? hint : undefined))
  if (better.every((hint) => hint === undefined)) return free
  return await ask(better).catch((error: unknown) => {
    if (isUndecided(error)) return free
    throw error
  })
}

async function typeNames(
  database: Database,
  { parameters, columns = [] }: Description,
  settings: TransactionSettings,
  signal?: AbortSignal,
): Promise<(oid: number) => string> {
  const oids = [...new Set([...parameters, ...columns.map(({ type }) => type)])]
  if (oids.length === 0) return String
  const text = `select t::text as oid, pg_catalog.format_type(t, null) as name from pg_catalog.unnest($1::oid[]) t`
  const ask = { text, values: [arrayText(oids)] }
  const { rows } = await lookAt(database, settings, (open) => open.query(ask), signal)
  const names = new Map(rows.map((row) => [Number(row['oid']), String(row['name'])]))
  return (oid) => names.get(oid) ?? String(oid)
}
