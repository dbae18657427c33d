import type { PaletteError } from '../../errors.ts'
import type { NamedType } from './drift.ts'
import type { PlanNode } from './plan.ts'
import type { Template } from '../template/parse-template.ts'
import { usedColumns } from './used-columns.ts'
import type { Ready } from './watch.ts'

/** What PostgreSQL makes of a statement, for the editor. Plain data. */
export interface CheckReport {
  readonly kind: Template['kind']
  readonly writes: boolean
  readonly parameters: readonly NamedType[]
  readonly columns: readonly NamedType[]
  readonly plan: {
    readonly cost: number
    readonly fingerprint: string
    readonly nodes: readonly PlanNode[]
  } | null
  readonly limits: { readonly maxCost: number; readonly isWithin: boolean }
  readonly tables: readonly CheckedTable[]
  readonly warnings: readonly string[]
}

/** A table that the statement takes, and which of its columns the statement names. */
export interface CheckedTable {
  readonly schema: string
  readonly name: string
  readonly columns: readonly (NamedType & { readonly used: boolean })[]
}

/** Puts together what is shown of a checked statement. */
export function describeCheck(
  { prepared, refusal }: Ready & { readonly refusal: PaletteError | undefined },
  { kind, writes, text }: Template,
  maxCost: number,
): CheckReport {
  const isUsed = usedColumns(text)
  const { parameters, columns = [], plan, relations } = prepared
  return {
    kind,
    writes,
    parameters: parameters.map(plain),
    columns: columns.map(plain),
    plan,
    limits: { maxCost, isWithin: refusal === undefined },
    tables: relations.map((relation) => ({
      schema: relation.schema,
      name: relation.name,
      columns: relation.columns.map((column) => ({ ...column, used: isUsed(relation, column) })),
    })),
    warnings: warningsOf(columns, plan === null, refusal),
  }
}

const plain = ({ name, type }: NamedType): NamedType => ({ name, type })

function warningsOf(
  columns: readonly NamedType[],
  isUnplanned: boolean,
  refusal: PaletteError | undefined,
): string[] {
  const names = columns.map(({ name }) => name)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  return [
    ...[...new Set(twice)].map(
      (name) => `Two result columns are called \`${name}\`: a row keeps the last; use AS`,
    ),
    ...(isUnplanned ? ['PostgreSQL tells no plan for this statement: its cost is not checked'] : []),
    ...(refusal ? [refusal.message] : []),
  ]
}
