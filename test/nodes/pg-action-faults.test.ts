import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import {
  privateServer,
  runOn,
  testDatabase,
  type TestDatabase,
  type TestServer,
} from '../support/postgres.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type FlowNodeDef, type LoadedFlow } from './harness.ts'

const SECRET = 'tr0ub4dor&3'
/** What must be in no error, log or status: SQL, values, rows. */
const PRIVATE = /tr0ub4dor|hush|row secret|select |insert |update /i

describe('pg-action, when things go wrong,', function () {
  this.timeout(60_000)
  let place: TestDatabase

  before(async () => {
    place = await testDatabase()
    await place.query(`
      create table account (id integer primary key, balance integer not null check (balance >= 0), note text);
      insert into account select g, 100, 'row secret ' || g from generate_series(1, 50) g;
      create table log (id integer references account deferrable initially deferred);
      create table big as select g as id, 'x' || g as name from generate_series(1, 20000) g;
      analyze account; analyze big`)
  })
  after(() => place.drop())
  afterEach(unloadFlow)

  const server = (more: object = {}): FlowNodeDef => ({
    id: 'db',
    type: 'pg-database',
    mode: 'server',
    host: place.host,
    port: place.port,
    database: place.database,
    ssl: 'disable',
    ...more,
  })
  const load = (
    more: object,
    database = server(),
    credentials: Record<string, string> = { user: place.user, password: place.password },
  ): Promise<LoadedFlow> =>
    loadFlow([database, { id: 'n', type: 'pg-action', database: 'db', maxRetries: 0, ...more }], {
      credentials: { db: credentials },
    })
  const holdLock = async (table: string): Promise<() => Promise<unknown>> => {
    const held = place.query(
      `begin; lock table ${table} in access exclusive mode; select pg_sleep(60) /* holds ${table} */`,
    )
    held.catch(() => undefined)
    const holder = `select pid from pg_stat_activity where query like '%holds ${table} */%' and state = 'active' and wait_event = 'PgSleep'`
    const pid = await until(async () => (await place.query(holder))[0]?.['pid'])
    return async () => {
      await place.query(`select pg_terminate_backend($1)`, [pid])
      await held.catch(() => undefined)
    }
  }

  type Case = readonly [code: string, sqlstate: string, node: object, payload?: object, details?: object]
  const CASES: readonly Case[] = [
    ['PG_PARAM_MISSING', '42P02', { sql: 'select id from account where id = :id' }, {}, { param: 'id' }],
    [
      'PG_PARAM_TYPE',
      '22P02',
      { sql: 'select id from account where id = :id' },
      { id: '12x' },
      { param: 'id', expected: 'an integer from -2147483648 to 2147483647' },
    ],
    ['PG_SCHEMA_DRIFT', '42P01', { sql: 'select id from nowhere' }, {}, { missing: [{ table: 'nowhere' }] }],
    [
      'PG_SCHEMA_DRIFT',
      '42703',
      { sql: 'select id from account', drift: [{ table: 'account', columns: ['owner'] }] },
      {},
      { missing: [{ table: 'account', column: 'owner', actual: null }] },
    ],
    ['PG_COST_EXCEEDED', '54001', { sql: 'select a.id from big a, big b where a.name < b.name' }],
    [
      'PG_STATEMENT_TIMEOUT',
      '57014',
      { sql: 'select pg_sleep(10) from account', statementTimeoutMs: 50, maxCost: 0 },
    ],
    [
      'PG_CONSTRAINT',
      '23505',
      { sql: "insert into account values (:id, 1, 'hush')" },
      { id: 1 },
      { constraint: 'account_pkey' },
    ],
    [
      'PG_CONSTRAINT',
      '23514',
      { sql: 'update account set balance = -1' },
      {},
      { constraint: 'account_balance_check' },
    ],
    [
      'PG_CONSTRAINT',
      '23503',
      { sql: 'insert into log values (:id)' },
      { id: 4711 },
      { constraint: 'log_id_fkey' },
    ],
    ['PG_TOO_MANY_ROWS', '54000', { sql: 'select id from account', maxRows: 49 }],
    [
      'PG_TOO_MANY_ROWS',
      '54000',
      { sql: 'update account set balance = 1', maxAffected: 49 },
      {},
      { affected: 50 },
    ],
    [
      'PG_RESULT_INVALID',
      '22000',
      {
        sql: 'select note from account order by id',
        resultSchema: '{"properties":{"note":{"type":"integer"}}}',
      },
      {},
      { row: 0 },
    ],
    ['PG_SYNTAX', '42601', { sql: 'select id frm account where id = 1' }, {}, { position: 15 }],
    ['PG_FAILED', '22012', { sql: 'select 1 / (id - 1) from account' }],
    ['PG_FAILED', '25006', { sql: 'update account set balance = 1', transaction: { readOnly: true } }],
    ['PG_FAILED', '25001', { sql: 'vacuum account' }],
  ]
  for (const [code, sqlstate, node, payload = {}, details = {}] of CASES)
    it(`fails with ${code} (${sqlstate}): ${(node as { sql: string }).sql}`, async () => {
      const flow = await load(node)
      const error = failureOf(await flow.receive('n', { payload }))
      assert.deepEqual([error.code, error.details['sqlstate']], [code, sqlstate])
      for (const [name, value] of Object.entries(details)) assert.deepEqual(error.details[name], value, name)
      assert.doesNotMatch(error.message, PRIVATE)
      assert.doesNotMatch(JSON.stringify(flow.statuses('n')), PRIVATE)
      assert.deepEqual(await place.query('select sum(balance)::int as n from account'), [{ n: 5000 }])
      // The connection is as good as before.
      assert.equal(failureOf(await flow.receive('n', { payload })).code, code)
    })

  it('fails with PG_LOCKED while a lock is held, and works once it is free', async () => {
    const flow = await load({ sql: 'update account set balance = balance where id = 1', lockTimeoutMs: 50 })
    sentOf(await flow.receive('n', {}))
    const release = await holdLock('account')
    const error = failureOf(await flow.receive('n', {}))
    await release()
    assert.deepEqual([error.code, error.details['sqlstate']], ['PG_LOCKED', '55P03'])
    sentOf(await flow.receive('n', {}))
  })

  it('repeats after a deadlock and a serialization failure, and tells them when repeats are used up', async () => {
    const deadlock = {
      sql: `with first as (update account set balance = balance where id = :a returning pg_sleep(0.2))
        update account set balance = balance from first where account.id = :b`,
      lockTimeoutMs: 0,
      statementTimeoutMs: 20_000,
    }
    const both = async (flow: LoadedFlow, one: object, two: object): Promise<string[]> => {
      const ends = await Promise.all([
        flow.receive('n', { payload: one }),
        flow.receive('n', { payload: two }),
      ])
      return ends.map((end) =>
        'error' in end ? `${end.error.code} ${end.error.details['sqlstate']}` : 'sent',
      )
    }
    const crossed = [
      { a: 1, b: 2 },
      { a: 2, b: 1 },
    ] as const
    const single = await load(deadlock)
    assert.deepEqual((await both(single, ...crossed)).toSorted(), ['PG_DEADLOCK 40P01', 'sent'])
    await single.unload()
    const again = await load({ ...deadlock, maxRetries: 5, baseDelayMs: 50 })
    assert.deepEqual(await both(again, ...crossed), ['sent', 'sent'])
    await again.unload()
    const same = {
      sql: 'update account set balance = balance where id = 3 returning pg_sleep(0.2)',
      transaction: { isolation: 'repeatable read' },
      lockTimeoutMs: 0,
    }
    const once = await load(same)
    assert.deepEqual((await both(once, {}, {})).toSorted(), ['PG_SERIALIZATION 40001', 'sent'])
    await once.unload()
    const repeated = await load({ ...same, maxRetries: 5, baseDelayMs: 10 })
    assert.deepEqual(await both(repeated, {}, {}), ['sent', 'sent'])
  })

  it('fails with PG_POOL_EXHAUSTED past the longest queue, at once', async () => {
    const flow = await load(
      { sql: 'select pg_sleep(0.3)', maxCost: 0 },
      server({ poolMax: 1, maxWaiting: 1 }),
    )
    sentOf(await flow.receive('n', {}))
    const ends = await Promise.all([1, 2, 3].map(() => flow.receive('n', {})))
    const refused = ends.flatMap((end) => ('error' in end ? [end.error] : []))
    assert.deepEqual(
      refused.map(({ code, details }) => [code, details['sqlstate']]),
      [['PG_POOL_EXHAUSTED', '53300']],
    )
  })

  it('fails with PG_UNAVAILABLE where no server is, or it lets nobody in, without a secret', async () => {
    const cases: [FlowNodeDef, string][] = [
      [server({ host: 'no-such-host.invalid' }), '08001'],
      [server({ port: 1 }), '08001'],
      [server({ database: 'nowhere' }), '3D000'],
      [server({ ssl: 'verify-full' }), '08001'],
    ]
    for (const [database, sqlstate] of cases) {
      const flow = await load({ sql: 'select 1' }, database, { user: place.user, password: SECRET })
      const error = failureOf(await flow.receive('n', {}))
      assert.deepEqual([error.code, error.details['sqlstate']], ['PG_UNAVAILABLE', sqlstate])
      const told = [error.message, error.stack, error.details, error.cause, flow.statuses('n'), flow.log()]
      assert.doesNotMatch(JSON.stringify(told), /tr0ub4dor/)
      await flow.unload()
    }
  })

  it('keeps payloads that would be SQL as the text that they are', async () => {
    const flow = await load({
      sql: 'select :text::text as text, count(*)::int as n from account where note <> :text',
    })
    const corpus = [
      "'; drop table account; --",
      String.raw`\'; drop table account; --`,
      "' or 1=1 --",
      '$$; delete from account; $$',
      "1); update account set balance = 0; select ('",
      '" union select note from account --',
      ':text $1 %(text)s ::text',
      '/* */ -- \n;',
      '\ufeff\u2028\u200b',
      "E'\\x27'",
      '\u02bc or 1=1',
    ]
    for (const text of corpus)
      assert.deepEqual(sentOf(await flow.receive('n', { payload: { text } }))['payload'], [{ text, n: 50 }])
  })

  it('leaks no listener, timer or rejection over many messages at once', async () => {
    const told: string[] = []
    const note = (what: unknown): void => void told.push(String(what))
    process.on('warning', note)
    process.on('unhandledRejection', note)
    try {
      const flow = await load({ sql: 'select id from account where id = :id' })
      const ends = await Promise.all(
        Array.from({ length: 500 }, (_, index) =>
          flow.receive('n', { payload: { id: index % 3 === 0 ? 'x' : (index % 50) + 1 } }),
        ),
      )
      assert.equal(ends.filter((end) => 'sent' in end).length, 333)
      await flow.unload()
      await delay(20)
      assert.deepEqual(told, [])
    } finally {
      process.off('warning', note)
      process.off('unhandledRejection', note)
    }
  })
})

describe('pg-action, on a server that is killed under load,', function () {
  this.timeout(60_000)
  let own: TestServer

  before(async () => {
    own = await privateServer()
    await runOn(own.url('postgres'), 'create table entry (id int)') // nothing here hides what is done twice
  })
  after(() => own.remove())
  afterEach(unloadFlow)

  it('does what it acknowledges exactly once, tells of the rest, and heals without a deploy', async () => {
    const flow = await loadFlow(
      [
        {
          id: 'db',
          type: 'pg-database',
          mode: 'server',
          host: own.host,
          port: own.port,
          database: 'postgres',
          poolMax: 6,
        },
        {
          id: 'n',
          type: 'pg-action',
          database: 'db',
          sql: 'insert into entry values (:id)',
          maxRetries: 4,
          baseDelayMs: 40,
        },
      ],
      { credentials: { db: { user: own.user, password: own.password } } },
    )
    const ended = new Map<number, string>()
    let next = 0
    let isOver = false
    const writer = async (): Promise<void> => {
      while (!isOver) {
        const id = (next += 1)
        const end = await flow.receive('n', { payload: { id } })
        if ('sent' in end) ended.set(id, 'done')
        else {
          const { code, details } = end.error
          assert.equal(code, 'PG_UNAVAILABLE', end.error.message)
          ended.set(id, String(details['outcome']))
          await delay(5)
        }
      }
    }
    const writers = Array.from({ length: 12 }, writer)
    for (let round = 0; round < 3; round += 1) {
      await delay(300)
      await own.kill()
      await delay(50)
      await own.start()
    }
    const done = (): number => [...ended.values()].filter((end) => end === 'done').length
    const before = done()
    await until(() => (done() > before + 50 ? true : undefined))
    isOver = true
    await Promise.all(writers)
    const rows = await runOn(own.url('postgres'), 'select id, count(*)::int as n from entry group by id')
    const times = new Map(rows.map(({ id, n }) => [Number(id), Number(n)]))
    for (const [id, end] of ended) {
      const most = end === 'rolled back' ? 0 : 1
      const n = times.get(id) ?? 0
      assert.ok(n <= most && (end !== 'done' || n === 1), `${id} ended as ${end} and is there ${n} times`)
    }
    for (const id of times.keys()) assert.ok(ended.has(id))
  })
})
