import { tokensOf } from '../template/tokens.ts'
import type { Relation, RelationColumn } from './catalog.ts'

/** A column that a statement needs, and its type. */
export interface NeededColumn extends RelationColumn {
  /** The table as the search path shows it. */
  readonly table: string
}

/** The columns of a relation that a statement names. */
export type IsUsed = (relation: Relation, column: RelationColumn) => boolean

/**
 * The columns that a statement names, by the words of its text: PostgreSQL tells which tables a statement takes, but not which of
 * their columns it takes in a condition. A word that is a column of two of its tables counts for both. Tables that only stand
 * behind a view need no care: PostgreSQL itself keeps their columns from changing under the view.
 */
export function usedColumns(text: string): IsUsed {
  const words = wordsOf(text)
  return ({ name }, column) => words.has(name) && words.has(column.name)
}

/** The needed columns of all relations. */
export const neededColumns = (relations: readonly Relation[], isUsed: IsUsed): readonly NeededColumn[] =>
  relations.flatMap((relation) =>
    relation.columns
      .filter((column) => isUsed(relation, column))
      .map(({ name, type }) => ({ table: relation.shownName, name, type })),
  )

function wordsOf(text: string): ReadonlySet<string> {
  const words = new Set<string>()
  for (const { type, start, end } of tokensOf(text)) {
    if (type === 'word') words.add(text.slice(start, end).toLowerCase())
    else if (type === 'name') words.add(text.slice(start + 1, end - 1).replaceAll('""', '"'))
  }
  return words
}
