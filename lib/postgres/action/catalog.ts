import type { ResultSet, Statement } from '../driver.ts'

/** A column as the catalog holds it. */
export interface RelationColumn {
  readonly name: string
  /** With its modifier, as PostgreSQL writes it: `character varying(20)`. */
  readonly type: string
}

/** A table, view or the like that a statement reads or writes. */
export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** As the search path finds it: bare where that is enough, else with its schema; quoted where needed. */
  readonly shownName: string
  readonly columns: readonly RelationColumn[]
  /** The transactions that wrote its columns into the catalog: another text after each change. */
  readonly signature: string
  /** The name by which it was asked for; empty where it was found otherwise. */
  readonly askedName: string
  /** For `LOCK TABLE`: as the statement itself locks it; undefined where this user may not. */
  readonly lockMode: string | undefined
}

// PostgreSQL's own answer: parsing, rewriting and planning a statement lock all that it names, and what views stand for, in the
// schemas that the search path gives.
const LOCKED = `select l.relation as oid, pg_catalog.max(l.mode) as mode, '' as asked
  from pg_catalog.pg_locks l
  where l.locktype = 'relation' and l.pid = pg_catalog.pg_backend_pid()
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  group by 1`

const NAMED = `select pg_catalog.to_regclass(t)::oid as oid, 'AccessShareLock' as mode, t as asked
  from pg_catalog.unnest($1::text[]) t`

// Children of a table that is found itself add nothing: they have its columns.
const relationsIn = (found: string): string => `
with found as (${found})
select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name, c.oid::regclass::text as shown, f.asked,
  (select pg_catalog.json_agg(pg_catalog.json_build_object(
     'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod)) order by a.attnum)::text
   from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  array(select a.xmin from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 order by a.attnum)::text as signature,
  case when c.relkind in ('r', 'p', 'v')
    and pg_catalog.has_table_privilege(c.oid, case f.mode when 'AccessShareLock' then 'select' else 'update, delete, insert' end)
    then f.mode end as mode
from found f join pg_catalog.pg_class c on c.oid = f.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  and not exists (select from pg_catalog.pg_inherits i join found p on p.oid = i.inhparent where i.inhrelid = c.oid)
order by c.oid`

/** Asks for the relations that the open transaction has locked; {@link readRelations} reads the answer. */
export const LOCKED_RELATIONS: Statement = { text: relationsIn(LOCKED) }

/** Asks for relations by name as SQL writes it; those that do not exist are left out. */
export const namedRelations = (names: readonly string[]): Statement => ({
  text: relationsIn(NAMED),
  values: [arrayText(names)],
})

/** Reads the answer to {@link LOCKED_RELATIONS} and {@link namedRelations}. */
export const readRelations = ({ rows }: ResultSet): readonly Relation[] =>
  rows.map((row) => ({
    oid: Number(row['oid']),
    schema: String(row['schema']),
    name: String(row['name']),
    shownName: String(row['shown']),
    askedName: String(row['asked']),
    columns: JSON.parse((row['columns'] ?? '[]') as string) as RelationColumn[],
    signature: String(row['signature']),
    lockMode: typeof row['mode'] === 'string' ? row['mode'] : undefined,
  }))

/** Locks relations as the statement will: nothing can change them from then on, whatever the snapshot. */
export function lockOf(relations: readonly Relation[]): readonly Statement[] {
  const modes = Map.groupBy(relations, ({ lockMode }) => lockMode)
  return [...modes].flatMap(([mode, locked]) =>
    mode === undefined ? [] : [{ text: `lock table ${namesOf(locked)} in ${wordsOf(mode)} mode` }],
  )
}

const namesOf = (relations: readonly Relation[]): string =>
  relations.map(({ schema, name }) => `${quoteName(schema)}.${quoteName(name)}`).join(', ')

// AccessShareLock: access share
const wordsOf = (mode: string): string =>
  mode
    .replace(/Lock$/, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase()

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** PostgreSQL's text form of an array. */
export const arrayText = (items: readonly (string | number)[]): string =>
  `{${items.map((item) => `"${String(item).replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`
