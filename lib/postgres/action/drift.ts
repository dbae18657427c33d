import { isPaletteError, PaletteError } from '../../errors.ts'
import type { Relation } from './catalog.ts'
import type { NeededColumn } from './used-columns.ts'

/** A column or parameter with the name of its type. */
export interface NamedType {
  readonly name: string
  readonly type: string
}

/** What a flow relies on: found when the statement was first checked, compared after each change of its tables. */
export interface Contract {
  readonly needed: readonly NeededColumn[]
  readonly results: readonly NamedType[]
  readonly parameters: readonly NamedType[]
}

/** One thing that is no longer as the flow needs it. Plain data for `details.missing`. */
export type Missing =
  | {
      readonly table: string
      readonly column: string
      readonly expected?: string
      readonly actual: string | null
    }
  | { readonly table: string }
  | { readonly column: string; readonly expected?: string; readonly actual: string | null }
  | { readonly parameter: string; readonly expected: string; readonly actual: string | null }

/** What a flow is set to need: columns of a table, and their types where they are written behind the name. */
export interface NamedNeed {
  readonly table: string
  readonly columns: readonly string[]
}

/** What the tables of today lack of what was needed. */
export function driftOf(was: Contract, now: Contract, relations: readonly Relation[]): readonly Missing[] {
  const changed = was.needed.flatMap((column) => changeOf(column, relations))
  if (changed.length > 0) return changed
  const results = was.results.flatMap(({ name, type }) => {
    const actual = typeIn(now.results, name)
    return actual === type ? [] : [{ column: name, expected: type, actual }]
  })
  if (results.length > 0) return results
  return was.parameters.flatMap(({ name, type }) => {
    const actual = typeIn(now.parameters, name)
    return actual === type ? [] : [{ parameter: name, expected: type, actual }]
  })
}

/** What is different about a column; nothing where it is as it was. */
export function changeOf(column: NeededColumn, relations: readonly Relation[]): readonly Missing[] {
  const { table, name, type } = column
  const relation = relations.find(({ shownName }) => shownName === table)
  if (!relation) return [{ table }]
  const actual = typeIn(relation.columns, name)
  return actual === type ? [] : [{ table, column: name, expected: type, actual }]
}

// As an object has it: the last one of a name counts.
const typeIn = (columns: readonly NamedType[], name: string): string | null =>
  columns.findLast((column) => column.name === name)?.type ?? null

/** The columns of the list that is set in the node, which must be there; `was` tells their types of before. */
export function namedColumns(
  needs: readonly NamedNeed[],
  find: (table: string) => Relation | undefined,
  was: readonly NeededColumn[],
): { readonly needed: readonly NeededColumn[]; readonly missing: readonly Missing[] } {
  const needed: NeededColumn[] = []
  const missing: Missing[] = []
  for (const { table, columns } of needs) {
    const relation = find(table)
    if (!relation) missing.push({ table })
    else
      for (const name of columns) {
        const column = relation.columns.find((each) => each.name === name)
        if (column) needed.push({ table: relation.shownName, name, type: column.type })
        else {
          const before = was.find((each) => each.table === relation.shownName && each.name === name)
          missing.push({ table, column: name, ...(before ? { expected: before.type } : {}), actual: null })
        }
      }
  }
  return { needed, missing: dedupe(missing) }
}

const dedupe = (missing: readonly Missing[]): readonly Missing[] => [
  ...new Map(missing.map((each) => [JSON.stringify(each), each])).values(),
]

/** The error for what is missing. */
export function driftError(missing: readonly Missing[], cause?: unknown): PaletteError {
  const list = dedupe(missing)
  const found =
    list.length === 0 ? 'something that it names is gone' : list.slice(0, 5).map(describe).join('; ')
  const details = { missing: list, sqlstate: stateFor(list, cause), ...placeOf(cause) }
  const fix = 'change the tables back, or the statement, and deploy'
  return new PaletteError(
    'PG_SCHEMA_DRIFT',
    `The tables are not as the statement needs them: ${found}; ${fix}`,
    {
      details,
      cause,
    },
  )
}

// Where PostgreSQL came upon it.
const placeOf = (cause: unknown): { readonly position?: number } => {
  const position = isPaletteError(cause) ? cause.details['position'] : undefined
  return typeof position === 'number' ? { position } : {}
}

// The state of PostgreSQL's own refusal, or the one that fits.
function stateFor(missing: readonly Missing[], cause: unknown): string {
  const [first] = missing
  if (isPaletteError(cause) && typeof cause.details['sqlstate'] === 'string') return cause.details['sqlstate']
  if (first && !('column' in first) && !('parameter' in first)) return '42P01'
  return first && first.actual === null ? '42703' : '42804'
}

// `relation "orders" does not exist`, `column c.status does not exist`, `column "x" of relation "y" does not exist`
const GONE =
  /(?<kind>relation|column|schema) (?:"(?<quoted>[^"]+)"|(?<bare>[\w.$]+))(?: of relation "(?<of>[^"]+)")? does not exist/

/** What PostgreSQL's words say is missing; nothing where it speaks another language. */
export function missingByMessage(error: unknown): readonly Missing[] {
  const { kind, quoted, bare, of } = (isPaletteError(error) && GONE.exec(error.message)?.groups) || {}
  const name = quoted ?? bare
  if (name === undefined) return []
  if (kind !== 'column') return [{ table: name }]
  return [{ ...(of === undefined ? {} : { table: of }), column: name, actual: null }]
}

function describe(missing: Missing): string {
  if ('parameter' in missing)
    return `parameter \`${missing.parameter}\` is ${missing.actual ?? 'gone'}, it was ${missing.expected}`
  if (!('column' in missing)) return `table \`${missing.table}\` is missing`
  const name = 'table' in missing ? `${missing.table}.${missing.column}` : missing.column
  if (missing.actual === null) return `column \`${name}\` is missing`
  return `column \`${name}\` is ${missing.actual}, it was ${missing.expected ?? 'another type'}`
}
