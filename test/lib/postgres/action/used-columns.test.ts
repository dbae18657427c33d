import assert from 'node:assert/strict'
import type { Relation } from '../../../../lib/postgres/action/catalog.ts'
import { neededColumns, usedColumns } from '../../../../lib/postgres/action/used-columns.ts'

const relation = (name: string, ...columns: string[]): Relation => ({
  oid: 1,
  schema: 'public',
  name,
  shownName: name,
  askedName: '',
  columns: columns.map((column) => ({ name: column, type: 'text' })),
  signature: '',
  lockMode: undefined,
})
const person = relation('person', 'id', 'name', 'Born', 'note')
const needed = (sql: string, ...relations: Relation[]): readonly string[] =>
  neededColumns([person, ...relations], usedColumns(sql)).map(({ table, name }) => `${table}.${name}`)

describe('columns that a statement names', () => {
  it('are found in any place of the statement, in any case', () => {
    assert.deepEqual(needed('select ID from Person p where p.name like $1'), ['person.id', 'person.name'])
    assert.deepEqual(needed('insert into person (note) values ($1) returning id'), [
      'person.id',
      'person.note',
    ])
    assert.deepEqual(needed('select p."Born" from person p'), ['person.Born'])
  })

  it('are not what stands in texts and comments, nor in another case in quotes', () => {
    assert.deepEqual(needed(`select 'name', "Id" /* note */ from person -- born`), [])
    assert.deepEqual(needed(`select $x$ note $x$, E'\\' name' from person`), [])
    assert.deepEqual(needed('select born from person'), [])
  })

  it('are those of tables that it names: behind a view PostgreSQL keeps them', () => {
    const order = relation('order_line', 'id', 'total')
    assert.deepEqual(needed('select total from order_view', order), [])
    assert.deepEqual(needed('select total from order_line', order), ['order_line.total'])
  })
})
