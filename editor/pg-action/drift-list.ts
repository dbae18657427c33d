import { element } from '../element.ts'

/** A table with the columns that must be there, as it is stored. */
export interface StoredNeed {
  readonly table: string
  readonly columns: readonly string[]
}

/** Opens the list of tables on an `<ol>`; the function returned reads it. */
export function openDriftList(
  list: JQ,
  stored: readonly StoredNeed[],
  words: (key: string) => string,
): () => readonly StoredNeed[] {
  const rows = new Map<object, () => StoredNeed>()
  list.editableList({
    addButton: words('driftAdd'),
    removable: true,
    addItem: (container: JQ, _index: number, item: Partial<StoredNeed>) => {
      const table = element('input', {
        type: 'text',
        placeholder: words('driftTable'),
        value: item.table ?? '',
      })
      const columns = element('input', {
        type: 'text',
        placeholder: words('driftColumns'),
        value: (item.columns ?? []).join(', '),
      })
      container.addClass('cxone-pg-need').append($(table), $(columns))
      rows.set(item, () => ({ table: table.value.trim(), columns: namesOf(columns.value) }))
    },
    removeItem: (item: object) => rows.delete(item),
  })
  for (const need of stored) list.editableList('addItem', { ...need })
  return () =>
    [...rows.values()]
      .map((read) => read())
      .filter(({ table, columns }) => table !== '' || columns.length > 0)
}

const namesOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
