import assert from 'node:assert/strict'
import type { Database, ResultSet, Statement } from '../../../lib/postgres/driver.ts'
import { DEFAULTS, newEmbeddedDriver, newServerDriver, type OpenDriver } from './drivers.ts'
import { TYPES } from './type-samples.ts'

const DRIVERS: readonly [string, () => Promise<OpenDriver>][] = [
  ['a server', () => newServerDriver()],
  ['the embedded database', newEmbeddedDriver],
]

for (const [name, open] of DRIVERS) {
  describe(`the driver of ${name}`, function () {
    this.timeout(120_000)
    let driver: OpenDriver
    let database: Database

    const run = async (
      text: string,
      values?: Statement['values'],
      more: Partial<Statement> = {},
    ): Promise<ResultSet> => {
      const [result] = await database.atomic([{ text, ...(values ? { values } : {}), ...more }], DEFAULTS)
      return result!
    }
    const value = async (text: string, values?: Statement['values']): Promise<unknown> =>
      Object.values((await run(text, values)).rows[0] ?? {})[0]

    before(async () => {
      driver = await open()
      database = driver.database
      await run(
        'create table account (id int primary key, name text not null, balance numeric check (balance >= 0))',
      )
      await run("insert into account select n, 'name ' || n, n from generate_series(1, 1000) n")
    })
    after(() => driver.close())

    it('reads every type as the same value, whatever the time zone of the session and the host', async () => {
      const zone = process.env['TZ']
      process.env['TZ'] = 'Pacific/Chatham'
      try {
        await database.transaction(DEFAULTS, async (transaction) => {
          await transaction.query({ text: "set local timezone = 'Asia/Kathmandu'" })
          for (const { sql, expected } of TYPES) {
            const { rows } = await transaction.query({ text: `select ${sql} as value` })
            assert.deepEqual(rows, [{ value: expected }], sql)
            assert.equal(JSON.stringify(JSON.parse(JSON.stringify(rows))), JSON.stringify(rows), sql)
          }
        })
      } finally {
        if (zone === undefined) delete process.env['TZ']
        else process.env['TZ'] = zone
      }
    })

    it('tells command, count, columns and rows of each statement', async () => {
      const text = 'select id, name, 1 as one from account where id = $1'
      const { columns, ...rest } = await run(text, ['7'])
      assert.deepEqual(rest, {
        command: 'SELECT',
        rowCount: 1,
        rows: [{ id: 7, name: 'name 7', one: 1 }],
        isCut: false,
      })
      const table = Number(await value("select 'account'::regclass::oid"))
      assert.deepEqual(columns, [
        { name: 'id', type: 23, table, attribute: 1 },
        { name: 'name', type: 25, table, attribute: 2 },
        { name: 'one', type: 23, table: 0, attribute: 0 },
      ])
      const { command, rowCount, rows } = await run('update account set name = name where id <= 5')
      assert.deepEqual({ command, rowCount, rows }, { command: 'UPDATE', rowCount: 5, rows: [] })
      assert.equal((await run('create table made (n int)')).command, 'CREATE TABLE')
      assert.equal((await run('insert into made values (1), (2)')).rowCount, 2)
      assert.equal((await run('')).command, '')
    })

    it('sends NULL, an empty text, every character and NUL-free megabytes as they are', async () => {
      const long = 'ä€😀'.repeat(200_000)
      const { rows } = await run('select $1::text as a, $2::text as b, $3::text as c', [null, '', long])
      assert.deepEqual(rows, [{ a: null, b: '', c: long }])
      await assert.rejects(run('select $1::text', ['a\0b']), { code: 'PG_FAILED' })
      await assert.rejects(run('select 1 \0'), { code: 'PG_SYNTAX' })
      assert.equal(await value('select 1'), 1)
    })

    it('names no column of a row in a way that changes what the row is', async () => {
      const { rows } = await run('select 1 as "__proto__", 2 as constructor, 3 as twice, 4 as twice')
      assert.equal(Object.getPrototypeOf(rows[0]), Object.prototype)
      assert.deepEqual(Object.entries(rows[0]!), [
        ['__proto__', 1],
        ['constructor', 2],
        ['twice', 4],
      ])
    })

    it('runs a named statement again and again, also after its table has changed', async () => {
      await run('create table shape (a int)')
      const ask = (): Promise<ResultSet> => run('select * from shape', [], { name: 'shape' })
      await run('insert into shape values (1)')
      for (let time = 0; time < 3; time += 1) assert.deepEqual((await ask()).rows, [{ a: 1 }])
      await run('alter table shape add column b int default 2')
      await assert.rejects(ask(), (error: any) => error.details.sqlstate === '0A000')
      assert.deepEqual((await ask()).rows, [{ a: 1, b: 2 }])
      assert.deepEqual((await run('select 5 as other', [], { name: 'shape' })).rows, [{ other: 5 }])
      await run('deallocate all')
      assert.deepEqual((await ask()).rows, [{ a: 1, b: 2 }])
    })

    it('keeps only so many named statements, and all of them work', async () => {
      for (let index = 0; index < 300; index += 1)
        assert.deepEqual((await run(`select ${index} as n`, [], { name: `n${index}` })).rows, [{ n: index }])
      assert.deepEqual((await run('select 0 as n', [], { name: 'n0' })).rows, [{ n: 0 }])
      assert.ok(Number(await value('select count(*) from pg_prepared_statements')) <= 256)
    })

    it('undoes all statements of a call when one fails, and says which', async () => {
      const statements = [
        { text: "insert into account values (2001, 'a', 1)" },
        { text: "insert into account values (2002, 'b', -1)" },
        { text: "insert into account values (2003, 'c', 1)" },
      ]
      await assert.rejects(database.atomic(statements, DEFAULTS), (error: any) => {
        assert.equal(error.code, 'PG_CONSTRAINT')
        assert.equal(error.details.constraint, 'account_balance_check')
        assert.equal(error.details.sqlstate, '23514')
        assert.equal(error.details.statement, 1)
        assert.doesNotMatch(JSON.stringify([error.message, error.details, error.cause]), /2002|insert/)
        return true
      })
      assert.equal(await value('select count(*) from account where id > 2000'), '0')
    })

    it('stops at maxRows, and says so only when there was more', async () => {
      const cut = await run('select id from account order by id', [], { maxRows: 3 })
      assert.deepEqual([cut.rows.map(({ id }) => id), cut.isCut, cut.rowCount], [[1, 2, 3], true, 3])
      const whole = await run('select id from account where id <= 3', [], { maxRows: 3 })
      assert.deepEqual([whole.rows.length, whole.isCut, whole.rowCount], [3, false, 3])
      assert.deepEqual(
        await run('select 1 where false', [], { maxRows: 0 }).then(({ isCut }) => isCut),
        false,
      )
      assert.deepEqual(await run('select 1', [], { maxRows: 0 }).then(({ isCut, rows }) => [isCut, rows]), [
        true,
        [],
      ])
    })

    it('applies isolation, read-only and limits to each call, and to no other', async () => {
      const shown =
        "select current_setting('transaction_isolation') as i, current_setting('transaction_read_only') as r, current_setting('statement_timeout') as s, current_setting('lock_timeout') as l"
      const ask = async (settings: Partial<typeof DEFAULTS>): Promise<unknown> =>
        Object.values((await database.atomic([{ text: shown }], { ...DEFAULTS, ...settings }))[0]!.rows[0]!)
      assert.deepEqual(await ask({}), ['read committed', 'off', '2s', '1s'])
      assert.deepEqual(await ask({ isolation: 'serializable', readOnly: true, lockTimeoutMs: 0 }), [
        'serializable',
        'on',
        '2s',
        '0',
      ])
      assert.deepEqual(await ask({ readOnly: true }), ['read committed', 'on', '2s', '1s'])
      await run("set statement_timeout = '7s'")
      assert.deepEqual(await ask({ statementTimeoutMs: 1500 }), ['read committed', 'off', '1500ms', '1s'])
      await run('set default_transaction_read_only = on')
      assert.deepEqual(await ask({}), ['read committed', 'off', '2s', '1s'])
      const write = database.atomic([{ text: 'delete from account' }], { ...DEFAULTS, readOnly: true })
      await assert.rejects(write, (error: any) => error.details.sqlstate === '25006')
    })

    it('commits a transaction that returns and rolls back one that throws', async () => {
      const insert = (id: number, fails: boolean): Promise<number> =>
        database.transaction(DEFAULTS, async (transaction) => {
          await transaction.group([
            { text: 'insert into account values ($1, $2, 0)', values: [String(id), 'x'] },
            { text: 'update account set balance = 1 where id = $1', values: [String(id)] },
          ])
          if (fails) throw new Error('no')
          return id
        })
      assert.equal(await insert(3001, false), 3001)
      await assert.rejects(insert(3002, true), /no/)
      const { rows } = await run('select id, balance from account where id > 3000')
      assert.deepEqual(rows, [{ id: 3001, balance: '1' }])
      assert.equal(await database.transaction(DEFAULTS, () => Promise.resolve('nothing')), 'nothing')
    })

    it('takes a COMMIT that became a ROLLBACK for the failure that it is', async () => {
      const work = database.transaction(DEFAULTS, async (transaction) => {
        await transaction.query({ text: "insert into account values (4001, 'x', 0)" })
        await transaction.query({ text: 'select 1 / 0' }).catch(() => undefined)
      })
      await assert.rejects(work, (error: any) => error.details.sqlstate === '25P02')
      assert.equal(await value('select count(*) from account where id = 4001'), '0')
    })

    it('refuses transaction control in statements, and its connection stays of use', async () => {
      const isRefused = (error: any): boolean => error.details.sqlstate === '25001'
      await assert.rejects(run('begin'), isRefused)
      const work = database.transaction(DEFAULTS, (transaction) => transaction.query({ text: 'commit' }))
      await assert.rejects(work, isRefused)
      assert.equal(await value("select current_setting('transaction_read_only')"), 'off')
    })

    it('reads a large result in batches, and may stop in the middle', async () => {
      await database.transaction({ ...DEFAULTS, readOnly: true }, async (transaction) => {
        const sizes: number[] = []
        const ids: unknown[] = []
        for await (const rows of transaction.batches(
          { text: 'select id from account where id <= 1000 order by id' },
          300,
        )) {
          sizes.push(rows.length)
          ids.push(...rows.map(({ id }) => id))
          await transaction.query({ text: 'select 1' })
        }
        assert.deepEqual(sizes, [300, 300, 300, 100])
        assert.deepEqual(
          ids,
          Array.from({ length: 1000 }, (_, index) => index + 1),
        )
        const text = 'select id, name from account'
        for await (const rows of transaction.batches({ text, name: 'all' }, 10)) {
          assert.equal(rows.length, 10)
          break
        }
        for await (const rows of transaction.batches({ text: 'select 1 where false' }, 10))
          assert.fail(`${rows.length} rows`)
        assert.equal(
          (await transaction.query({ text: "select count(*) as n from pg_cursors where name <> ''" }))
            .rows[0]?.['n'],
          '0',
        )
      })
    })

    it('fails a batch in the middle of its rows, and undoes the transaction', async () => {
      const work = database.transaction(DEFAULTS, async (transaction) => {
        await transaction.query({ text: "insert into account values (5001, 'x', 0)" })
        const text = 'select 1 / (5 - n) as x from generate_series(1, 10) n'
        for await (const rows of transaction.batches({ text }, 2)) assert.ok(rows.length > 0)
      })
      await assert.rejects(work, (error: any) => error.details.sqlstate === '22012')
      assert.equal(await value('select count(*) from account where id = 5001'), '0')
    })

    it('tells parameter types and columns without running the statement', async () => {
      const text = 'select name, $2::date as day from account where id = $1'
      const { parameters, columns } = await database.describe({ text }, DEFAULTS)
      assert.deepEqual(parameters, [23, 1082])
      assert.deepEqual(
        columns?.map((column) => [column.name, column.type]),
        [
          ['name', 25],
          ['day', 1082],
        ],
      )
      const typed = { text: 'delete from account where name = $1', types: [1043] }
      const readOnly = { ...DEFAULTS, readOnly: true }
      for (const settings of [DEFAULTS, readOnly, DEFAULTS])
        assert.deepEqual(await database.describe(typed, settings), {
          parameters: [1043],
          columns: undefined,
        })
      assert.ok(Number(await value('select count(*) from account')) > 0)
      await assert.rejects(
        database.describe({ text: 'select nothing from account' }, DEFAULTS),
        (error: any) => {
          assert.equal(error.code, 'PG_SYNTAX')
          assert.equal(error.details.sqlstate, '42703')
          assert.equal(error.details.position, 8)
          return true
        },
      )
    })

    it('takes back what a statement leaves in the session', async () => {
      const run = (text: string, leavesTraces: boolean): Promise<unknown> =>
        database.atomic([{ text, leavesTraces }], DEFAULTS)
      await run('create temp table account (id int)', true)
      assert.ok(Number(await value('select count(*) from account')) > 0)
      await run("select set_config('search_path', 'nowhere', false), pg_advisory_lock(7)", true)
      assert.ok(Number(await value('select count(*) from account')) > 0)
      assert.equal(await value("select count(*) from pg_locks where locktype = 'advisory'"), '0')
      const named = { text: 'select 7 as n', name: 'kept' }
      for (const leavesTraces of [false, true, false])
        assert.deepEqual((await database.atomic([{ ...named, leavesTraces }], DEFAULTS))[0]?.rows, [{ n: 7 }])
      await run('show datestyle', true)
      assert.equal(await value("select interval '90 seconds'"), '00:01:30')
      assert.equal(await value('show statement_timeout'), '2s')
    })

    it('tells its version', async () => {
      assert.ok((await database.version()) >= 130_000)
    })

    it('ends a statement that runs longer than it may, and goes on', async () => {
      const forever = 'select count(*) from generate_series(1, 1000000000) n'
      const settings = { ...DEFAULTS, statementTimeoutMs: 300 }
      await assert.rejects(database.atomic([{ text: forever }], settings), (error: any) => {
        assert.equal(error.code, 'PG_STATEMENT_TIMEOUT')
        assert.equal(error.details.sqlstate, '57014')
        return true
      })
      assert.equal(await value('select 1'), 1)
    })

    it('fails with the reason of a signal that is aborted, before, while waiting and while running', async () => {
      const reason = new Error('enough')
      const gone = AbortSignal.abort(reason)
      await assert.rejects(database.atomic([{ text: 'select 1' }], DEFAULTS, gone), reason)
      const abort = new AbortController()
      const settings = { ...DEFAULTS, statementTimeoutMs: 0 }
      const text = 'select count(*) from generate_series(1, 1000000000) n'
      const works = Array.from({ length: 12 }, () => database.atomic([{ text }], settings, abort.signal))
      setTimeout(() => abort.abort(reason), 200)
      const ends = await Promise.allSettled(works)
      assert.ok(ends.every((end) => end.status === 'rejected' && end.reason === reason))
      assert.equal(await value('select 1'), 1)
    })

    it('refuses statements of a transaction that was aborted between them', async () => {
      await run('create table if not exists aborted (n int)')
      const abort = new AbortController()
      const work = database.transaction(
        DEFAULTS,
        async (transaction) => {
          await transaction.query({ text: 'insert into aborted values (1)' })
          abort.abort(new Error('enough'))
          await transaction.query({ text: 'insert into aborted values (2)' })
        },
        abort.signal,
      )
      await assert.rejects(work, /enough/)
      assert.equal(await value('select count(*) from aborted'), '0')
    })

    it('refuses COPY, which has no place here, and goes on', async () => {
      await assert.rejects(run('copy account from stdin'))
      assert.equal(await value('select 1'), 1)
    })

    it('gives equal answers to many callers at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          run('select name from account where id = $1', [String(index + 1)], { name: 'by id' }),
        ),
      )
      assert.deepEqual(
        answers.map(({ rows }) => rows[0]?.['name']),
        Array.from({ length: 200 }, (_, index) => `name ${index + 1}`),
      )
    })
  })
}
