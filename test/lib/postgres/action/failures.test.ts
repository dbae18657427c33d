import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { ISOLATION_LEVELS, type Database } from '../../../../lib/postgres/driver.ts'
import type { ErrorCode } from '../../../../lib/errors.ts'
import { serverFailure } from '../../../../lib/postgres/failures.ts'
import { systemClock } from '../../../../lib/system.ts'
import { privateServer, testDatabase, type TestDatabase } from '../../../support/postgres.ts'
import { until } from '../../../support/until.ts'
import { fakeClock } from '../../http/fake-clock.ts'
import { DEFAULTS, openServer } from '../drivers.ts'
import { actionOn, failure } from './world.ts'

describe('failures of statements on a server', function () {
  this.timeout(30_000)
  let place: TestDatabase
  let database: Database

  before(async () => {
    place = await testDatabase()
    await place.query(`
      create table account (id integer primary key, balance integer not null check (balance >= 0), note text unique);
      insert into account select g, 100, 'n' || g from generate_series(1, 50) g;
      create table big as select g as id, 'x' || g as name from generate_series(1, 20000) g;
      analyze account; analyze big`)
    database = openServer(place)
  })
  after(async () => {
    await database.close()
    await place.drop()
  })

  /** Waits until a session of the database waits for a lock. */
  const untilBlocked = (): Promise<unknown> =>
    until(async () => {
      const rows = await place.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows.length > 0 ? true : undefined
    })

  it('is PG_LOCKED when a lock is held, after all attempts, and works once it is free', async () => {
    const clock = fakeClock()
    const transaction = { ...DEFAULTS, lockTimeoutMs: 30 }
    const action = await actionOn(database, 'update account set balance = 1 where id = $1', ['id'], {
      transaction,
      clock,
      retry: { maxRetries: 2, baseDelayMs: 500, maxDelayMs: 10_000 },
    })
    const retries: string[] = []
    await database.transaction(DEFAULTS, async (open) => {
      await open.query({ text: 'select from account where id = 1 for update' })
      const error = await failure(action.run({ id: 1 }, { onRetry: (n, of) => retries.push(`${n}/${of}`) }))
      assert.equal(error.code, 'PG_LOCKED')
      const { sqlstate, attempts, latencyMs, elapsedMs } = error.details as Record<string, number>
      assert.deepEqual([sqlstate, attempts], ['55P03', 3])
      assert.ok(latencyMs! >= 90 && latencyMs! < elapsedMs!)
    })
    assert.deepEqual(retries, ['1/2', '2/2'])
    assert.deepEqual(clock.sleeps, [250, 500], 'full jitter over 500 and 1000 ms')
    assert.equal((await action.run({ id: 1 })).report.rowCount, 1)
  })

  it('waits no longer than the signal allows', async () => {
    const transaction = { ...DEFAULTS, lockTimeoutMs: 10 }
    const action = await actionOn(database, 'update account set balance = 1 where id = $1', ['id'], {
      transaction,
      retry: { maxRetries: 3, baseDelayMs: 60_000, maxDelayMs: 60_000 },
    })
    const abort = new AbortController()
    await database.transaction(DEFAULTS, async (open) => {
      await open.query({ text: 'select from account where id = 2 for update' })
      const call = failure(
        action.run({ id: 2 }, { signal: abort.signal, onRetry: () => setImmediate(() => abort.abort()) }),
      )
      assert.equal((await call).code, 'ABORTED')
    })
  })

  it('ends a deadlock of two flows: the one that PostgreSQL cancels tries again, and both are done', async () => {
    const text = `with first as (update account set balance = balance + 1 where id = $1 returning pg_sleep(0.2))
      update account set balance = balance + 1 where id = $2 and exists (select from first)`
    const transaction = { ...DEFAULTS, lockTimeoutMs: 5000, statementTimeoutMs: 10_000 }
    const settings = { transaction }
    const action = await actionOn(database, text, ['one', 'two'], settings)
    const both = await Promise.all([action.run({ one: 3, two: 4 }), action.run({ one: 4, two: 3 })])
    assert.deepEqual(both.map(({ report }) => report.attempts).toSorted(), [1, 2])
    const rows = await place.query('select balance from account where id in (3, 4)')
    assert.deepEqual(
      rows.map(({ balance }) => balance),
      [102, 102],
    )
    const once = await actionOn(database, text, ['one', 'two'], {
      ...settings,
      retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 },
    })
    const ends = await Promise.allSettled([once.run({ one: 3, two: 4 }), once.run({ one: 4, two: 3 })])
    const [lost] = ends.flatMap((end) =>
      end.status === 'rejected' ? [end.reason as { code: ErrorCode; details: object }] : [],
    )
    assert.equal(lost?.code, 'PG_DEADLOCK')
    assert.equal((lost.details as { sqlstate: string }).sqlstate, '40P01')
  })

  it('repeats a serialization failure, and is PG_SERIALIZATION when repeats are used up', async () => {
    const text = 'update account set balance = balance + 1 where id = $1'
    const transaction = { ...DEFAULTS, isolation: 'repeatable read' as const, lockTimeoutMs: 5000 }
    const collide = async (maxRetries: number) => {
      const action = await actionOn(database, text, ['id'], {
        transaction,
        retry: { maxRetries, baseDelayMs: 1, maxDelayMs: 1 },
      })
      await action.check()
      let call: Promise<unknown> = Promise.resolve()
      await database.transaction(DEFAULTS, async (open) => {
        await open.query({ text: 'update account set balance = balance + 10 where id = 5' })
        call = action.run({ id: 5 })
        call.catch(() => undefined)
        await untilBlocked()
      })
      return call
    }
    assert.equal((await failure(collide(0))).code, 'PG_SERIALIZATION')
    const { report } = (await collide(1)) as { report: { attempts: number } }
    assert.equal(report.attempts, 2)
    assert.equal((await place.query('select balance from account where id = 5'))[0]?.['balance'], 121)
  })

  it('is PG_STATEMENT_TIMEOUT when the statement runs too long, without a repeat', async () => {
    const transaction = { ...DEFAULTS, statementTimeoutMs: 50 }
    const action = await actionOn(database, 'select pg_sleep(5)', [], { transaction })
    const error = await failure(action.run({}))
    assert.equal(error.code, 'PG_STATEMENT_TIMEOUT')
    assert.deepEqual([error.details['sqlstate'], error.details['attempts']], ['57014', 1])
  })

  it('cancels the statement in PostgreSQL when the caller gives up', async () => {
    const transaction = { ...DEFAULTS, statementTimeoutMs: 20_000 }
    const action = await actionOn(database, 'select pg_sleep(15), $1::text', ['mark'], { transaction })
    await action.check()
    const abort = new AbortController()
    const call = failure(action.run({ mark: 'given up' }, { signal: abort.signal }))
    const running = `select from pg_stat_activity where state = 'active' and query like 'select pg_sleep(15)%'`
    await until(async () => ((await place.query(running)).length > 0 ? true : undefined))
    abort.abort(new Error('deadline'))
    await assert.rejects(call, /deadline/)
    await until(async () => ((await place.query(running)).length === 0 ? true : undefined))
  })

  it('is PG_CONSTRAINT with its name, and nothing is changed', async () => {
    const action = await actionOn(database, 'update account set balance = $2 where id = $1', [
      'id',
      'balance',
    ])
    const error = await failure(action.run({ id: 6, balance: -1 }))
    assert.equal(error.code, 'PG_CONSTRAINT')
    assert.equal(error.details['constraint'], 'account_balance_check')
    assert.equal(error.details['sqlstate'], '23514')
    assert.equal((await place.query('select balance from account where id = 6'))[0]?.['balance'], 100)
  })

  it('is PG_TOO_MANY_ROWS over maxRows, exactly', async () => {
    const text = 'select id from account where id <= $1'
    const action = await actionOn(database, text, ['most'], { maxRows: 10 })
    assert.equal((await action.run({ most: 10 })).rows.length, 10)
    const error = await failure(action.run({ most: 11 }))
    assert.equal(error.code, 'PG_TOO_MANY_ROWS')
    assert.deepEqual([error.details['maxRows'], error.details['sqlstate']], [10, '54000'])
    const first = await actionOn(database, text, ['most'], { maxRows: 10, result: 'first' })
    assert.equal((await first.run({ most: 50 })).rows.length, 1)
  })

  it('rolls a change of more than maxAffected rows back', async () => {
    const text = 'update account set balance = 7 where id between 10 and $1 returning id'
    const action = await actionOn(database, text, ['last'], { maxAffected: 3 })
    assert.equal((await action.run({ last: 12 })).rows.length, 3)
    const error = await failure(action.run({ last: 13 }))
    assert.equal(error.code, 'PG_TOO_MANY_ROWS')
    assert.deepEqual([error.details['affected'], error.details['maxAffected']], [4, 3])
    assert.equal((await place.query('select balance from account where id = 13'))[0]?.['balance'], 100)
  })

  it('rolls a change back whose rows do not match the schema, and tells nothing of the row', async () => {
    const text = `update account set note = $2 where id = $1 returning id, note`
    const resultSchema = { properties: { note: { type: 'string', maxLength: 5 } } }
    const action = await actionOn(database, text, ['id', 'note'], { resultSchema })
    assert.equal((await action.run({ id: 14, note: 'short' })).rows.length, 1)
    const error = await failure(action.run({ id: 14, note: 'very-secret-text' }))
    assert.equal(error.code, 'PG_RESULT_INVALID')
    assert.equal(error.details['row'], 0)
    assert.equal((error.details['errors'] as { path: string }[])[0]?.path, '/note')
    assert.doesNotMatch(error.message + JSON.stringify(error.details), /very-secret/)
    assert.equal((await place.query('select note from account where id = 14'))[0]?.['note'], 'short')
  })

  it('is PG_COST_EXCEEDED before anything runs, with the step that costs most', async () => {
    const action = await actionOn(database, 'select a.id from big a, big b where a.name < b.name', [])
    const error = await failure(action.run({}))
    assert.equal(error.code, 'PG_COST_EXCEEDED')
    const { cost, maxCost, node, sqlstate } = error.details as Record<string, unknown>
    assert.ok((cost as number) > 1000)
    assert.deepEqual([maxCost, node, sqlstate], [1000, 'Nested Loop', '54001'])
    assert.match(error.message, /add an index, narrow the statement, or raise `maxCost`/)
    const scan = await actionOn(database, 'select id from big where name = $1', ['name'], { maxCost: 100 })
    const dear = await failure(scan.run({ name: 'x1' }))
    assert.equal(dear.details['node'], 'Seq Scan on big')
  })

  it('refuses a plan that turned bad, tells what it was, and takes it again once an index is there', async () => {
    await place.query(
      'create table turns as select g as id from generate_series(1, 20000) g; create index turns_id on turns (id); analyze turns',
    )
    const clock = fakeClock()
    const action = await actionOn(database, 'select id from turns where id = $1', ['id'], {
      maxCost: 100,
      clock,
    })
    const before = await action.run({ id: 1 })
    assert.equal(before.report.plan?.changed, undefined)
    await place.query('drop index turns_id')
    clock.advance(61_000) // no column has changed, so that is seen when the check is a minute old
    await action.run({ id: 1 })
    const error = await until(() =>
      action.run({ id: 1 }).then(
        () => undefined,
        (cause: unknown) => cause as { code: string; details: Record<string, unknown> },
      ),
    )
    assert.equal(error.code, 'PG_COST_EXCEEDED')
    assert.deepEqual(
      [error.details['node'], error.details['was']],
      ['Seq Scan on turns', 'Index Only Scan using turns_id on turns'],
    )
    await place.query('create index turns_again on turns (id)')
    clock.advance(6_000)
    const { report } = await action.run({ id: 1 })
    assert.deepEqual(report.plan?.changed, {
      from: before.report.plan?.fingerprint,
      cost: before.report.plan?.cost,
    })
  })

  it('is PG_SYNTAX with the position in the SQL of the user', async () => {
    const action = await actionOn(database, 'select id frm account where id = $1', ['id'])
    const error = await failure(action.run({ id: 1 }))
    assert.equal(error.code, 'PG_SYNTAX')
    assert.deepEqual([error.details['sqlstate'], error.details['position']], ['42601', 15])
  })

  it('is PG_FAILED with the SQLSTATE for what has no code of its own', async () => {
    const action = await actionOn(database, 'select 1 / ($1::integer - 1) as x from account', ['n'])
    const error = await failure(action.run({ n: 1 }))
    assert.deepEqual([error.code, error.details['sqlstate']], ['PG_FAILED', '22012'])
    assert.equal((await action.run({ n: 2 })).rows.length, 50)
    const bucket = await actionOn(
      database,
      'select width_bucket($1::float8, 0, 1, $2::integer) from account',
      ['x', 'n'],
    )
    const odd = await failure(bucket.run({ x: 0.5, n: 0 }))
    assert.deepEqual([odd.code, odd.details['sqlstate']], ['PG_FAILED', '2201G'], 'not taken for the guard')
  })

  it('is PG_SCHEMA_DRIFT for a table and a column that were never there', async () => {
    const table = await failure((await actionOn(database, 'select * from nowhere')).run({}))
    assert.deepEqual(
      [table.code, table.details],
      ['PG_SCHEMA_DRIFT', { ...table.details, missing: [{ table: 'nowhere' }], sqlstate: '42P01' }],
    )
    const column = await failure((await actionOn(database, 'select a.nothing from account a')).run({}))
    assert.deepEqual(column.details['missing'], [{ column: 'a.nothing', actual: null }])
  })

  it('prepares a statement again that was lost on the way, and tells of poolers where that is always so', async () => {
    const one = openServer(place, { poolMax: 1 })
    try {
      const lose = (): Promise<unknown> =>
        one.atomic([{ text: `do $$ begin execute 'deallocate all'; end $$` }], DEFAULTS)
      const action = await actionOn(one, 'select id from account where id = $1', ['id'])
      for (const id of [1, 2, 3]) {
        assert.deepEqual((await action.run({ id })).rows, [{ id }])
        await lose()
      }
      const pooler = new Proxy(one, {
        get: (target, name) =>
          name === 'atomic'
            ? (...args: Parameters<typeof one.atomic>) =>
                args[0][0]?.name === undefined
                  ? target.atomic(...args)
                  : Promise.reject(serverFailure({ sqlstate: '26000', severity: 'ERROR', message: '' }))
            : (Reflect.get(target, name) as () => unknown).bind(target),
      })
      const behind = await actionOn(pooler, 'select id from account where id = $1', ['id'])
      const error = await failure(behind.run({ id: 1 }))
      assert.deepEqual([error.code, error.details['sqlstate']], ['PG_FAILED', '26000'])
      assert.match(error.message, /behind a pooler: let it pool by session/)
    } finally {
      await one.close()
    }
  })

  it('is PG_SCHEMA_DRIFT where connections see different tables of one name', async () => {
    await place.query('create schema if not exists newer; create table newer.account (id int, balance text)')
    // Connections of before keep their path.
    await place.query(`alter database ${place.database} set search_path = newer, public`)
    try {
      const fresh = openServer(place, { poolMax: 1 })
      const mixed = new Proxy(database, {
        get: (target, name) =>
          name === 'atomic'
            ? (...args: Parameters<typeof fresh.atomic>) =>
                args[0].length > 1 ? fresh.atomic(...args) : target.atomic(...args)
            : (Reflect.get(target, name) as () => unknown).bind(target),
      })
      const error = await failure(
        (await actionOn(mixed, 'select id from account where id = $1', ['id'])).run({ id: 1 }),
      )
      assert.equal(error.code, 'PG_SCHEMA_DRIFT')
      await fresh.close()
    } finally {
      await place.query(`alter database ${place.database} reset all; drop schema newer cascade`)
    }
  })

  it('tells in a rehearsal what the commit would find', async () => {
    await place.query(`drop table if exists child; create table child (id int, account int references account
      deferrable initially deferred)`)
    const sql = 'insert into child values (1, $1)'
    const action = await actionOn(database, sql, ['account'], { mode: 'rehearse' })
    const error = await failure(action.run({ account: 4711 }))
    assert.deepEqual([error.code, error.details['constraint']], ['PG_CONSTRAINT', 'child_account_fkey'])
    assert.equal((await action.run({ account: 1 })).report.affected, 1)
    const real = await failure((await actionOn(database, sql, ['account'])).run({ account: 4711 }))
    assert.equal(real.code, 'PG_CONSTRAINT')
    await place.query('drop table child')
  })

  it('refuses writes of a read-only action', async () => {
    const transaction = { ...DEFAULTS, readOnly: true }
    const action = await actionOn(database, 'update account set balance = 1', [], { transaction })
    const error = await failure(action.run({}))
    assert.deepEqual([error.code, error.details['sqlstate']], ['PG_FAILED', '25006'])
  })

  for (const isolation of ISOLATION_LEVELS)
    it(`gives nothing of a table that was retyped while it waited (${isolation})`, async () => {
      await place.query(
        'drop table if exists retyped; create table retyped (id integer, value integer); insert into retyped values (1, 7)',
      )
      const transaction = { ...DEFAULTS, isolation, lockTimeoutMs: 10_000, statementTimeoutMs: 10_000 }
      const action = await actionOn(database, 'select value from retyped where id = $1', ['id'], {
        transaction,
      })
      await action.run({ id: 1 })
      let call: Promise<unknown> = Promise.resolve()
      await database.transaction(DEFAULTS, async (open) => {
        await open.query({ text: 'alter table retyped alter value type text' })
        call = failure(action.run({ id: 1 }))
        call.catch(() => undefined)
        await untilBlocked()
      })
      const error = (await call) as { code: string; details: Record<string, unknown> }
      assert.equal(error.code, 'PG_SCHEMA_DRIFT')
      assert.deepEqual(error.details['missing'], [
        { table: 'retyped', column: 'value', expected: 'integer', actual: 'text' },
      ])
    })

  it('is PG_POOL_EXHAUSTED at once when too many wait', async () => {
    const small = openServer(place, { poolMax: 1, maxWaiting: 1 })
    try {
      const action = await actionOn(small, 'select pg_sleep(0.2)')
      await action.check()
      const ends = await Promise.allSettled([action.run({}), action.run({}), action.run({})])
      assert.deepEqual(
        ends.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'rejected'],
      )
      const { reason } = ends[2] as PromiseRejectedResult
      assert.equal((reason as { code: string }).code, 'PG_POOL_EXHAUSTED')
    } finally {
      await small.close()
    }
  })

  it('tries a change again whose connection is lost while it is being checked', async () => {
    const action = await actionOn(database, 'insert into account values ($1, 1)', ['id'])
    await database
      .transaction(DEFAULTS, async (open) => {
        await open.query({ text: 'lock table account in access exclusive mode' })
        const call = action.run({ id: 777 })
        await untilBlocked()
        await place.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`)
        const retried = call.then(({ report }) => report.attempts)
        retried.catch(() => undefined)
        await open.query({ text: 'select 1' })
        return () => retried
      })
      .then(async (retried) => assert.equal(await retried(), 2))
    assert.equal((await place.query('delete from account where id = 777 returning id')).length, 1)
  })

  it('is PG_UNAVAILABLE with what is known of the work when the server is killed, and heals by itself', async () => {
    const server = await privateServer()
    const other = openServer(addressOf(server.url('postgres')))
    try {
      await other.transaction(DEFAULTS, (open) => open.query({ text: 'create table t (id integer)' }))
      const retry = { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 }
      const reader = await actionOn(other, 'select count(*)::int as n, pg_sleep($1) from t', ['s'], {
        retry,
      })
      const writer = await actionOn(other, 'insert into t select 1 from pg_sleep($1)', ['s'], {
        retry,
      })
      await Promise.all([reader.run({ s: 0 }), writer.run({ s: 0 })])
      const calls = [failure(reader.run({ s: 5 })), failure(writer.run({ s: 5 }))]
      await sleep(300)
      await server.kill()
      const [read, wrote] = await Promise.all(calls)
      assert.deepEqual([read?.code, wrote?.code], ['PG_UNAVAILABLE', 'PG_UNAVAILABLE'])
      assert.equal(wrote?.details['outcome'], 'rolled back', 'the commit was not sent')
      assert.equal(read?.details['outcome'], 'unknown', 'the statement may have called what changes data')
      const gone = await failure(reader.run({ s: 0 }))
      assert.equal(gone.code, 'PG_UNAVAILABLE')
      await server.start()
      const healing = await actionOn(other, 'select count(*)::int as n from t', [], {
        retry: { maxRetries: 8, baseDelayMs: 100, maxDelayMs: 1000 },
        clock: systemClock,
      })
      assert.deepEqual((await healing.run({})).rows, [{ n: 1 }])
    } finally {
      await other.close()
      await server.remove()
    }
  })
})

const addressOf = (text: string) => {
  const url = new URL(text)
  return {
    host: url.hostname,
    port: Number(url.port),
    database: url.pathname.slice(1),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  }
}
