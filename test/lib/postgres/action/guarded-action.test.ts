import assert from 'node:assert/strict'
import type { Database, Row } from '../../../../lib/postgres/driver.ts'
import { DEFAULTS, newEmbeddedDriver, newServerDriver, type OpenDriver } from '../drivers.ts'
import { actionOn, exec, failure } from './world.ts'

/** Values that end a statement that was put together from text. */
const INJECTIONS = [
  "'",
  "''",
  "' or '1'='1",
  "' or 1=1 --",
  "'; drop table person; --",
  "'; delete from person where 'x'='x",
  '1; select pg_sleep(10)',
  "' union select null, null --",
  "\\'; drop table person; --",
  '\\',
  '"; drop table person; --',
  '$$; drop table person; $$',
  '$1',
  ':name',
  '%(name)s',
  "E'\\x27'",
  "' /* ",
  ' */ --',
  "'||(select version())||'",
  '{"a": "\'; drop table person"}',
  'ʼ; drop table person',
  '\u02bc\uff07',
  '%27%20or%201=1',
  "Robert'); DROP TABLE person;--",
  '\r\n; drop table person\r\n',
  'a\tb\u2028c',
  'null',
  'NULL',
  '',
  ' ',
]

for (const [kind, open] of [
  ['server', newServerDriver],
  ['embedded', newEmbeddedDriver],
] as const) {
  describe(`a guarded statement on the ${kind} database`, function () {
    this.timeout(60_000)
    let driver: OpenDriver
    let database: Database

    before(async () => {
      driver = await open()
      database = driver.database
    })
    after(() => driver.close())
    beforeEach(() =>
      exec(
        database,
        'drop table if exists person cascade',
        'create table person (id integer primary key, name text not null, born date, score numeric(6,2))',
        `insert into person select g, 'name ' || g, date '2000-01-01' + g, g * 1.5 from generate_series(1, 50) g`,
        'analyze person',
      ),
    )

    const names = async (): Promise<readonly Row[]> =>
      exec(database, 'select id, name from person order by id')

    it('gives rows as objects, and tells how it went', async () => {
      const action = await actionOn(database, 'select id, name, born, score from person where id = :id')
      const { rows, report } = await action.run({ id: '7' })
      assert.deepEqual(rows, [{ id: 7, name: 'name 7', born: '2000-01-08', score: '10.50' }])
      const { latencyMs, elapsedMs, plan, ...rest } = report
      assert.deepEqual(rest, { command: 'SELECT', rowCount: 1, attempts: 1, mode: 'execute' })
      assert.ok(latencyMs > 0 && elapsedMs >= latencyMs)
      assert.match(plan?.fingerprint ?? '', /^[0-9a-f]{16}$/)
      assert.deepEqual((await action.run({ id: 99 })).rows, [])
    })

    it('stores and reads whatever text as it is', async () => {
      const insert = await actionOn(
        database,
        'insert into person (id, name) values (:id, :name) returning name',
      )
      const find = await actionOn(database, 'select id, name from person where name = :name and id > 50')
      for (const [index, name] of INJECTIONS.entries()) {
        assert.deepEqual((await insert.run({ id: 100 + index, name })).rows, [{ name }])
        assert.deepEqual((await find.run({ name })).rows, [{ id: 100 + index, name }])
        assert.deepEqual((await find.run({ name: `${name}?` })).rows, [])
      }
      assert.equal((await names()).length, 50 + INJECTIONS.length)
    })

    it('refuses values that do not fit, before they are sent', async () => {
      const action = await actionOn(database, 'select id from person where id = :id and born > :born')
      const missing = await failure(action.run({ id: 1 }))
      assert.deepEqual([missing.code, missing.details['param']], ['PG_PARAM_MISSING', 'born'])
      const wrong = await failure(action.run({ id: '1 or 1=1', born: '2000-01-01' }))
      assert.equal(wrong.code, 'PG_PARAM_TYPE')
      assert.equal(wrong.details['param'], 'id')
      assert.ok(wrong.details['sqlstate'] && wrong.details['expected'] && wrong.details['actual'])
    })

    it('gives a parameter the type that is set for it where PostgreSQL infers none', async () => {
      const rules = [{ name: 'n', type: 'integer', required: true }] as const
      const action = await actionOn(database, 'select :n as n, :n as again', ['n'], { rules })
      assert.deepEqual((await action.run({ n: 5 })).rows, [{ n: 5, again: 5 }])
      const sum = await actionOn(database, 'select :a + :b as sum', ['a', 'b'], {
        rules: [
          { name: 'a', type: 'integer', required: true },
          { name: 'b', type: 'integer', required: true },
        ],
      })
      assert.deepEqual((await sum.run({ a: 2, b: 3 })).rows, [{ sum: 5 }])
    })

    it('keeps the order of the rows', async () => {
      const action = await actionOn(database, 'select id from person order by score desc limit 5')
      assert.deepEqual(
        (await action.run({})).rows.map(({ id }) => id),
        [50, 49, 48, 47, 46],
      )
    })

    it('goes on when a column is added, and gives it where all are asked for', async () => {
      const action = await actionOn(database, 'select * from person where id = :id')
      const named = await actionOn(database, 'select id, name from person where id = :id')
      await Promise.all([action.run({ id: 1 }), named.run({ id: 1 })])
      await exec(database, "alter table person add mail text default 'none'")
      assert.equal((await action.run({ id: 1 })).rows[0]?.['mail'], 'none')
      assert.deepEqual((await named.run({ id: 1 })).rows, [{ id: 1, name: 'name 1' }])
    })

    it('goes on when a column that it does not use is dropped or retyped', async () => {
      const action = await actionOn(database, 'select id, name from person where id = :id')
      await action.run({ id: 1 })
      await exec(database, 'alter table person drop born', 'alter table person alter score type text')
      assert.deepEqual((await action.run({ id: 1 })).rows, [{ id: 1, name: 'name 1' }])
    })

    for (const [what, change, back, missing] of [
      [
        'dropped',
        'alter table person drop born',
        'alter table person add born date',
        { table: 'person', column: 'born', expected: 'date', actual: null },
      ],
      [
        'renamed',
        'alter table person rename born to birthday',
        'alter table person rename birthday to born',
        { table: 'person', column: 'born', expected: 'date', actual: null },
      ],
      [
        'retyped',
        'alter table person alter born type text',
        'alter table person alter born type date using born::date',
        { table: 'person', column: 'born', expected: 'date', actual: 'text' },
      ],
      [
        'of a table that is gone',
        'alter table person rename to people',
        'alter table people rename to person',
        { table: 'person' },
      ],
    ] as const)
      it(`is PG_SCHEMA_DRIFT for a column that is ${what}, and works again once it is back`, async () => {
        const actions = await Promise.all([
          actionOn(database, 'select id, born from person where id = :id'),
          actionOn(database, 'select id from person where id = :id and born is not null'),
          actionOn(
            database,
            'update person set name = name where id = :id and born is not null returning id',
          ),
          actionOn(database, 'select name from person where id = :id', ['id'], {
            drift: [{ table: 'person', columns: ['born'] }],
          }),
        ])
        for (const action of actions) assert.equal((await action.run({ id: 1 })).rows.length, 1)
        await exec(database, change)
        for (const action of actions) {
          const error = await failure(action.run({ id: 1 }))
          assert.equal(error.code, 'PG_SCHEMA_DRIFT')
          assert.deepEqual(error.details['missing'], [missing])
          assert.ok(error.details['sqlstate'])
        }
        await exec(database, back, "update person set born = '2000-01-02' where id = 1")
        for (const action of actions) assert.equal((await action.run({ id: 1 })).rows.length, 1)
      })

    it('looks at the table that the search path gives, not at any of that name', async () => {
      await exec(database, 'create schema if not exists elsewhere', 'drop table if exists elsewhere.person')
      await exec(database, 'create table elsewhere.person (id integer, name text)')
      const action = await actionOn(database, 'select name from elsewhere.person where id = :id')
      const other = await actionOn(database, 'select name from person where id = :id', ['id'], {
        drift: [{ table: 'elsewhere.person', columns: ['name'] }],
      })
      await Promise.all([action.run({ id: 1 }), other.run({ id: 1 })])
      await exec(database, 'alter table elsewhere.person rename name to called')
      const missing = { table: 'elsewhere.person', column: 'name' }
      for (const error of await Promise.all([failure(action.run({ id: 1 })), failure(other.run({ id: 1 }))]))
        assert.deepEqual((error.details['missing'] as Row[])[0], {
          ...missing,
          ...(error.details['missing'] as Row[])[0],
        })
      const plain = await actionOn(database, 'select name from person where id = :id')
      assert.equal((await plain.run({ id: 1 })).rows.length, 1)
    })

    it('watches the tables behind a view', async () => {
      await exec(database, 'create view adult as select id, name from person where born < current_date')
      const action = await actionOn(database, 'select * from adult where id = :id')
      assert.equal((await action.run({ id: 1 })).rows.length, 1)
      const { tables } = await action.check()
      assert.deepEqual(tables.map(({ name }) => name).toSorted(), ['adult', 'person'])
      await exec(
        database,
        'drop view adult',
        'create view adult as select id, name::varchar(9) as name from person',
      )
      const error = await failure(action.run({ id: 1 }))
      assert.equal(error.code, 'PG_SCHEMA_DRIFT')
      assert.deepEqual(error.details['missing'], [
        { column: 'name', expected: 'text', actual: 'character varying' },
      ])
    })

    it('rehearses: rows, count and locks are told, and nothing stays', async () => {
      const before = await names()
      const action = await actionOn(
        database,
        `update person set name = 'changed' where id <= :last returning id, name`,
      )
      const { rows, report } = await action.run({ last: 3 }, { rehearse: true })
      assert.deepEqual(rows[0], { id: 1, name: 'changed' })
      assert.deepEqual([report.mode, report.affected, report.rowCount], ['rehearse', 3, 3])
      assert.ok(
        report.locks?.some(({ relation, mode }) => relation === 'person' && mode === 'RowExclusiveLock'),
      )
      assert.ok(report.locks?.every(({ relation }) => /^person/.test(relation)))
      assert.deepEqual(await names(), before)
      const always = await actionOn(database, 'delete from person', [], { mode: 'rehearse' })
      assert.equal((await always.run({})).report.affected, 50)
      assert.deepEqual(await names(), before)
    })

    it('only plans in mode explain, whatever the values', async () => {
      const action = await actionOn(database, 'delete from person where id = :id', ['id'], {
        mode: 'explain',
        maxCost: 1,
      })
      const { rows, report } = await action.run({})
      assert.equal(rows[0]?.['node'], 'Delete')
      assert.deepEqual([report.command, report.mode], ['EXPLAIN', 'explain'])
      assert.equal((await names()).length, 50)
    })

    it('hands rows on in batches, the next one when the last was taken', async () => {
      const action = await actionOn(database, 'select id from person order by id', [], {
        result: 'stream',
        batchSize: 20,
        maxRows: 1,
      })
      const batches: [number, number][] = []
      let inWork = 0
      const report = await action.stream({}, async (rows, first) => {
        inWork += 1
        assert.equal(inWork, 1)
        await new Promise((resolve) => setTimeout(resolve, 5))
        batches.push([first, rows.length])
        inWork -= 1
      })
      assert.deepEqual(batches, [
        [0, 20],
        [20, 20],
        [40, 10],
      ])
      assert.deepEqual([report.command, report.rowCount], ['SELECT', 50])
    })

    it('ends a stream with the failure of the one who takes it, or of a wrong row, and begins it only once', async () => {
      const resultSchema = { properties: { id: { type: 'integer', maximum: 30 } } }
      const action = await actionOn(database, 'select id from person order by id', [], {
        result: 'stream',
        batchSize: 20,
        resultSchema,
      })
      let taken = 0
      const error = await failure(
        action.stream({}, async (rows) => {
          taken += rows.length
          await Promise.resolve()
        }),
      )
      assert.deepEqual([error.code, error.details['row'], taken], ['PG_RESULT_INVALID', 30, 20])
      await assert.rejects(
        action.stream({}, () => Promise.reject(new Error('full'))),
        /full/,
      )
      assert.equal((await names()).length, 50)
    })

    it('does not stream changes', async () => {
      await assert.rejects(actionOn(database, 'delete from person returning id', [], { result: 'stream' }), {
        code: 'CONFIG_INVALID',
      })
    })

    it('tells places in the SQL as it was written', async () => {
      const action = await actionOn(database, 'select id from person where id = :identifier and nme = :other')
      const error = await failure(action.check())
      assert.equal(error.code, 'PG_SCHEMA_DRIFT')
      const wrong = await actionOn(database, 'select id from person where id = :identifier and and')
      const { code, details, message } = await failure(wrong.check())
      assert.deepEqual(
        [code, details['position']],
        ['PG_SYNTAX', 'select id from person where id = :identifier and '.length + 1],
      )
      assert.match(message, /at character 50\b/)
    })

    it('tells parameters, columns, tables, plan and warnings', async () => {
      const action = await actionOn(
        database,
        'select p.id, q.id, q.name from person p join person q on q.id = p.id where p.id = :id',
        ['id'],
        { maxCost: 1 },
      )
      const report = await action.check()
      assert.deepEqual(report.parameters, [{ name: 'id', type: 'integer' }])
      assert.deepEqual(
        report.columns.map(({ type }) => type),
        ['integer', 'integer', 'text'],
      )
      assert.deepEqual(
        [report.kind, report.writes, report.limits],
        ['select', false, { maxCost: 1, isWithin: false }],
      )
      assert.deepEqual(
        report.tables.map(({ schema, name, columns }) => [
          schema,
          name,
          columns.filter(({ used }) => used).map((c) => c.name),
        ]),
        [['public', 'person', ['id', 'name']]],
      )
      assert.equal(report.warnings.length, 2)
      assert.match(report.warnings[0] ?? '', /called `id`/)
      assert.match(report.warnings[1] ?? '', /more than `maxCost` 1/)
    })

    it('runs what PostgreSQL does not plan', async () => {
      const action = await actionOn(database, 'show server_version')
      assert.equal((await action.run({})).report.plan, null)
      const ddl = await actionOn(database, 'create table made (id integer)')
      await ddl.run({}, { rehearse: true })
      assert.deepEqual(await exec(database, `select to_regclass('made') as made`), [{ made: null }])
    })

    it('counts the rows of what PostgreSQL does not count', async () => {
      const { rows, report } = await (await actionOn(database, 'explain select id from person')).run({})
      assert.ok(rows.length > 0)
      assert.equal(report.rowCount, rows.length)
    })

    it('plans a statement whose parameter must not be null', async () => {
      await exec(
        database,
        'drop table if exists strict',
        'drop domain if exists positive',
        'create domain positive as integer not null check (value > 0)',
        'create table strict (n positive)',
      )
      const action = await actionOn(database, 'insert into strict values (:n) returning n')
      const { rows, report } = await action.run({ n: 4 })
      assert.deepEqual([rows, report.plan], [[{ n: 4 }], null])
    })

    it('leaves nothing prepared behind but what it runs', async () => {
      const action = await actionOn(database, 'select id from person where id = :id')
      await action.run({ id: 1 })
      await failure((await actionOn(database, 'select 1 / 0 from person')).run({}))
      const left = await exec(
        database,
        `select name from pg_prepared_statements where name like 'cxone_check%'`,
      )
      assert.deepEqual(left, [])
    })

    it('reads in one round trip and writes in two', async () => {
      const calls: string[] = []
      const counted = new Proxy(database, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name)
          if (typeof member !== 'function') return member
          return (...args: unknown[]): unknown => {
            calls.push(String(name))
            return (member as (...all: unknown[]) => unknown).apply(target, args)
          }
        },
      })
      const read = await actionOn(counted, 'select id from person where id = :id')
      const write = await actionOn(counted, 'update person set name = name where id = :id')
      await Promise.all([read.run({ id: 1 }), write.run({ id: 1 })])
      calls.length = 0
      await read.run({ id: 1 })
      await write.run({ id: 1 })
      assert.deepEqual(calls, ['atomic', 'transaction'])
    })

    it('applies the time-out to the statement', async () => {
      const transaction = { ...DEFAULTS, statementTimeoutMs: 100 }
      const action = await actionOn(database, 'select count(*) from generate_series(1, 100000000)', [], {
        transaction,
        maxCost: 0,
      })
      assert.equal((await failure(action.run({}))).code, 'PG_STATEMENT_TIMEOUT')
    })
  })
}
