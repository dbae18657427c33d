import assert from 'node:assert/strict'
import fc from 'fast-check'
import pg from 'pg'
import { parseTemplate } from '../../../../lib/postgres/template/parse-template.ts'
import { testDatabase, type TestDatabase } from '../../../support/postgres.ts'

/** Expressions that hold what looks like a placeholder, in all the ways that PostgreSQL's lexer knows. */
const CONSTANTS = [
  "':a'",
  "'it''s :a'",
  "E'\\':a\\\\'",
  "E'x'\n  ' \\' :a'",
  "'x\\'",
  "'x'\n':a'",
  "U&'\\0041 :a'",
  "U&'!0041 :a' UESCAPE '!'",
  "N':a'",
  "B'101'",
  "X'1F'",
  '$$ :a $1 $$',
  '$q$ :a $$ $q $x$ $q$',
  '$ü$ :a $ü$',
  '(ARRAY[1,2,3])[1:2]',
  '(ARRAY[1,2,3])[2:]',
  '(ARRAY[1,2,3])[:2]',
  '(ARRAY[1,2,3])[one:two]',
  "'7'::int::text",
  '7 % 2',
  "'{\"a\": [1]}'::jsonb #>> '{a,0}'",
  "'{\"a\": 1}'::jsonb ? 'a'",
  "'{\"a\": 1}'::jsonb @? '$.a'",
  'make_interval(days := 3)::text',
  '":a"',
  'U&":a"',
  '1e5',
  '.5',
  '5.',
  '1--:a\n+1',
  "2/* :a /* ' */ $$ */*3",
]
const SPACES = ['', ' ', '\n', '\t', '/* :a */', '-- :a \' " $$ /*\n', '/* /* */ -- */']

describe('statements on a real server', function () {
  this.timeout(60_000)
  let database: TestDatabase
  let client: pg.Client

  before(async () => {
    database = await testDatabase()
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
  })
  after(async () => {
    await client.end()
    await database.drop()
  })

  const rowOf = async (text: string, values: readonly string[] = []): Promise<unknown[]> => {
    const { rows } = await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' })
    return rows[0] ?? []
  }
  const FROM = ' from (select 1 as one, 2 as two, 3 as ":a") t'

  it('are read as PostgreSQL reads them: each value arrives in its place, and constants stay', async () => {
    const constant = fc.constantFrom(...CONSTANTS).map((sql) => ({ sql, name: undefined }))
    const parameter = fc.constantFrom('a', 'b', 'c').map((name) => ({ sql: `:${name}::text`, name }))
    const column = fc.tuple(
      fc.constantFrom(...SPACES),
      fc.oneof(constant, parameter),
      fc.constantFrom(...SPACES),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(column, { minLength: 1, maxLength: 12 }), async (columns) => {
        const list = columns.map(([before, { sql }, after]) => `${before}${sql}${after}`).join(',')
        const { text, names } = parseTemplate(`select ${list}${FROM}`)
        const got = await rowOf(
          text,
          names.map((name) => `value of ${name}`),
        )
        const bare = columns.map(([, { sql, name }]) => (name === undefined ? sql : 'null')).join(', ')
        const constants = await rowOf(`select ${bare}${FROM}`)
        const expected = columns.map(([, { name }], index) =>
          name === undefined ? constants[index] : `value of ${name}`,
        )
        assert.deepEqual(got, expected)
      }),
      { numRuns: 300 },
    )
  })

  it('keep values out of the SQL, whatever they hold', async () => {
    const { text } = parseTemplate("select :a::text as v, ':a' as w")
    for (const value of ["'; drop table x; --", '$1', ':a', "\\'", '%(a)s', '/*', '$$'])
      assert.deepEqual(await rowOf(text, [value]), [value, ':a'])
  })
})
