import assert from 'node:assert/strict'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { until } from '../support/until.ts'
import {
  failureOf,
  loadFlow,
  sentOf,
  unloadFlow,
  type FlowNodeDef,
  type LoadedFlow,
  type Msg,
} from './harness.ts'

const TABLE = `create table customer (id integer primary key, name text not null, status text);
  insert into customer select g, 'name ' || g, 'gold' from generate_series(1, 25) g`

describe('pg-action', function () {
  this.timeout(30_000)
  let place: TestDatabase

  before(async () => {
    place = await testDatabase()
  })
  after(() => place.drop())
  beforeEach(() => place.query(`drop table if exists customer cascade; ${TABLE}`))
  afterEach(unloadFlow)

  const SQL = 'select id, name from customer where id = :id'

  const server = (): FlowNodeDef => ({
    id: 'db',
    type: 'pg-database',
    mode: 'server',
    host: place.host,
    port: place.port,
    database: place.database,
    ssl: 'disable',
  })
  const credentials = () => ({ db: { user: place.user, password: place.password } })
  const load = (more: object = {}, others: readonly FlowNodeDef[] = [], extra = {}): Promise<LoadedFlow> =>
    loadFlow([server(), { id: 'n', type: 'pg-action', database: 'db', sql: SQL, ...more }, ...others], {
      credentials: credentials(),
      extra,
    })

  it('answers with rows, keeps the message, and tells how it went', async () => {
    const flow = await load()
    const req = { on: 1 }
    const input: Msg = {
      payload: { variables: { id: '7', ignored: true } },
      req,
      topic: 't',
      cxone: { before: 1 },
    }
    const msg = sentOf(await flow.receive('n', input))
    assert.equal(msg, input)
    assert.equal(msg['req'], req)
    assert.deepEqual(msg['payload'], [{ id: 7, name: 'name 7' }])
    const { latencyMs, elapsedMs, plan, ...rest } = msg['cxone'].pg
    assert.deepEqual(rest, { command: 'SELECT', rowCount: 1, attempts: 1, mode: 'execute' })
    assert.ok(latencyMs > 0 && elapsedMs >= latencyMs && plan.cost > 0)
    assert.equal(msg['cxone'].before, 1)
    const status = await until(() =>
      /^1 row · \d+ ms$/.test(flow.status('n')?.text ?? '') ? flow.status('n') : undefined,
    )
    assert.equal(status.fill, 'green')
  })

  it('works at once on the embedded database', async () => {
    const flow = await loadFlow([
      { id: 'db', type: 'pg-database', mode: 'embedded', dataDir: 'memory://', initSql: TABLE },
      { id: 'n', type: 'pg-action', database: 'db', sql: SQL, result: 'first' },
    ])
    assert.deepEqual(sentOf(await flow.receive('n', { payload: { id: 3 } }))['payload'], {
      id: 3,
      name: 'name 3',
    })
    assert.equal(sentOf(await flow.receive('n', { payload: { id: 99 } }))['payload'], null)
  })

  it('takes values from the payload, a list, or a place of their own', async () => {
    const flow = await load({
      sql: 'select name from customer where id = :id and status = :status',
      params: [
        { name: 'status', type: 'string', value: 'wanted', valueType: 'msg' },
        { name: 'id', type: 'integer', default: 4 },
      ],
    })
    const named = sentOf(await flow.receive('n', { payload: {}, wanted: 'gold' }))
    assert.deepEqual(named['payload'], [{ name: 'name 4' }])
    await flow.unload()
    const placed = await load({ params: [{ name: 'id', value: '5', valueType: 'num' }] })
    assert.deepEqual(sentOf(await placed.receive('n', { payload: 'anything' }))['payload'], [
      { id: 5, name: 'name 5' },
    ])
    await placed.unload()
    const listed = await load({
      sql: 'select name from customer where id = $1 or id = $2 order by 1',
      params: [],
    })
    assert.deepEqual(sentOf(await listed.receive('n', { payload: [1, 2] }))['payload'], [
      { name: 'name 1' },
      { name: 'name 2' },
    ])
  })

  it('rehearses where the message asks for it, or the node is set so', async () => {
    const sql = 'delete from customer where id <= :last returning id'
    const flow = await load({ sql, mode: 'rehearse' })
    const msg = sentOf(await flow.receive('n', { payload: { last: 3 } }))
    assert.equal(msg['payload'].length, 3)
    assert.deepEqual([msg['cxone'].pg.mode, msg['cxone'].pg.affected], ['rehearse', 3])
    assert.ok(msg['cxone'].pg.locks.length > 0)
    assert.equal((await place.query('select from customer')).length, 25)
    await flow.unload()
    const explained = await load({ sql, mode: 'explain' })
    assert.equal(sentOf(await explained.receive('n', {}))['payload'][0].node, 'Delete')
  })

  it('fails with the code of the contract, at the Catch node too, and shows it', async () => {
    const flow = await load()
    const cases: [Msg, string][] = [
      [{ payload: {} }, 'PG_PARAM_MISSING'],
      [{}, 'PG_PARAM_MISSING'],
      [{ payload: { id: 'x' } }, 'PG_PARAM_TYPE'],
      [{ payload: { variables: null } }, 'INPUT_INVALID'],
      [{ payload: 'text' }, 'INPUT_INVALID'],
      [{ payload: Buffer.from('x') }, 'INPUT_INVALID'],
      [{ payload: 7 }, 'INPUT_INVALID'],
    ]
    for (const [msg, code] of cases) assert.equal(failureOf(await flow.receive('n', msg)).code, code)
    const cyclic: Msg = { id: 1 }
    cyclic['self'] = cyclic
    assert.equal(sentOf(await flow.receive('n', { payload: cyclic }))['payload'].length, 1)
    await place.query('alter table customer rename name to called')
    const drift = failureOf(await flow.receive('n', { payload: { id: 1 } }))
    assert.equal(drift.code, 'PG_SCHEMA_DRIFT')
    assert.deepEqual(drift.details['missing'], [
      { table: 'customer', column: 'name', expected: 'text', actual: null },
    ])
    assert.equal(flow.caught.at(-1)?.['code'], 'PG_SCHEMA_DRIFT')
    await until(() => (flow.status('n')?.text === 'PG_SCHEMA_DRIFT' ? true : undefined))
    await place.query('alter table customer rename called to name')
    sentOf(await flow.receive('n', { payload: { id: 1 } }))
  })

  it('refuses each wrong property by its name', async () => {
    const wrong: [string, unknown][] = [
      ['database', ''],
      ['database', 'nowhere'],
      ['sql', ''],
      ['sql', 'select 1; select 2'],
      ['sql', 'commit'],
      ['sql', "select 'open"],
      ['params', 'x'],
      ['params', [{ name: 'id', type: 'money' }]],
      ['transaction', { isolation: 'chaos' }],
      ['statementTimeoutMs', -1],
      ['lockTimeoutMs', 'soon'],
      ['maxRetries', 21],
      ['baseDelayMs', -1],
      ['drift', [{ table: '' }]],
      ['maxCost', 'much'],
      ['maxRows', 0],
      ['maxAffected', -1],
      ['resultSchema', '{'],
      ['mode', 'dry'],
      ['result', 'all'],
      ['batchSize', 0],
    ]
    for (const [property, value] of wrong) {
      const flow = await load({ [property]: value })
      const error = failureOf(await flow.receive('n', { payload: { id: 1 } }))
      assert.deepEqual(
        [error.code, error.details['field']],
        ['CONFIG_INVALID', property],
        `${property} ${JSON.stringify(value)}`,
      )
      await flow.unload()
    }
    const streamed = await load({ sql: 'delete from customer returning id', result: 'stream' })
    assert.equal(failureOf(await streamed.receive('n', {})).details['field'], 'result')
  })

  it('is stopped while a statement runs, and cancels it', async () => {
    const flow = await load({ sql: 'select pg_sleep(20)', statementTimeoutMs: 60_000 })
    const running = `select from pg_stat_activity where datname = current_database() and query = 'select pg_sleep(20)' and state = 'active'`
    const ending = flow.receive('n', {})
    await until(async () => ((await place.query(running)).length > 0 ? true : undefined))
    const [end] = await Promise.all([ending, flow.unload()])
    assert.equal(failureOf(end).code, 'ABORTED')
    await until(async () => ((await place.query(running)).length === 0 ? true : undefined))
  })

  it('writes an audit record without values', async () => {
    const flow = await load({ audit: 'trail', name: 'find customer' }, [{ id: 'trail', type: 'audit-trail' }])
    sentOf(await flow.receive('n', { payload: { id: 7 } }))
    const { readFile } = await import('node:fs/promises')
    const [line] = (await readFile(`${flow.userDir}/cxone/audit/audit.jsonl`, 'utf8')).trim().split('\n')
    const record = JSON.parse(line ?? '') as Record<string, any>
    assert.deepEqual(
      [record['status'], record['subject'], record['attempts']],
      ['SUCCESS', 'find customer', 1],
    )
    assert.deepEqual(Object.keys(record['details']).toSorted(), ['command', 'mode', 'plan', 'rowCount'])
  })

  describe('streams', () => {
    const ALL = 'select id from customer order by id'
    /** A node that takes messages and is done with them when it is told to. */
    const slow =
      (taken: { msg: Msg; done: () => void }[]) =>
      (RED: any): void => {
        RED.nodes.registerType('slow', function (this: any, def: object) {
          RED.nodes.createNode(this, def)
          this.on('input', (msg: Msg, _send: unknown, done: () => void) => taken.push({ msg, done }))
        })
      }
    const SLOW = { id: 's', type: 'slow', wires: [] }

    it('send batches with parts, the last one in the message itself', async () => {
      const flow = await load({ sql: ALL, result: 'stream', batchSize: 10, wires: [['out']] }, [
        { id: 'out', type: 'helper' },
      ])
      const got: Msg[] = []
      flow.node('out').on('input', (msg: Msg, _send: unknown, done: () => void) => {
        got.push(msg)
        done()
      })
      const input: Msg = { _msgid: 'first', payload: {}, topic: 't', parts: { id: 'outer' } }
      await flow.receive('n', input)
      await until(() => (got.length === 3 ? true : undefined))
      assert.deepEqual(
        got.map(({ payload }) => payload.length),
        [10, 10, 5],
      )
      assert.deepEqual(
        got.map(({ complete }) => complete),
        [undefined, undefined, true],
      )
      const ids = new Set(got.map(({ parts }) => parts.id))
      assert.equal(ids.size, 1)
      assert.deepEqual(
        got.map(({ parts }) => [parts.index, parts.count, parts.type, parts.parts.id]),
        [
          [0, undefined, 'array', 'outer'],
          [1, undefined, 'array', 'outer'],
          [2, 3, 'array', 'outer'],
        ],
      )
      assert.equal(input['complete'], true)
      assert.deepEqual([got[2]?.['cxone'].pg.rowCount, got[2]?.['topic'], got[0]?.['topic']], [25, 't', 't'])
      assert.equal(new Set(got.map(({ cxone }) => cxone.correlationId)).size, 1)
    })

    it('give one message with no rows where there are none', async () => {
      const flow = await load({ sql: 'select id from customer where id > 100', result: 'stream' })
      const msg = sentOf(await flow.receive('n', { payload: {} }))
      assert.deepEqual([msg['payload'], msg['complete'], msg['parts'].count], [[], true, 1])
    })

    it('read on only as the flow has worked the batches', async () => {
      const taken: { msg: Msg; done: () => void }[] = []
      const flow = await load({ sql: ALL, result: 'stream', batchSize: 1, wires: [['s']] }, [SLOW], {
        slow: slow(taken),
      })
      const first = flow.receive('n', { payload: {} })
      await until(() => (taken.length === 2 ? true : undefined))
      taken[0]!.done() // it is known to tell its end from now on
      await until(() => (taken.length === 3 ? true : undefined))
      await new Promise((resolve) => setTimeout(resolve, 150))
      assert.equal(taken.length, 3, 'two batches are in work, no more')
      taken[1]!.done()
      await until(() => (taken.length === 4 ? true : undefined))
      const finish = setInterval(() => taken.forEach(({ done }) => done()), 5)
      await first
      await until(() => (taken.length === 25 ? true : undefined))
      clearInterval(finish)
      assert.deepEqual(
        taken.map(({ msg }) => msg['payload'][0].id),
        Array.from({ length: 25 }, (_, index) => index + 1),
      )
    })

    it('run several at once, each in its own order', async () => {
      const taken: { msg: Msg; done: () => void }[] = []
      const flow = await load({ sql: ALL, result: 'stream', batchSize: 5, wires: [['s']] }, [SLOW], {
        slow: slow(taken),
      })
      const finish = setInterval(() => taken.forEach(({ done }) => done()), 10)
      await Promise.all([1, 2, 3].map((topic) => flow.receive('n', { payload: {}, topic })))
      await until(() => (taken.length === 15 ? true : undefined))
      clearInterval(finish)
      for (const topic of [1, 2, 3]) {
        const own = taken.filter(({ msg }) => msg['topic'] === topic).map(({ msg }) => msg['payload'][0].id)
        assert.deepEqual(own, [1, 6, 11, 16, 21])
      }
    })

    it('do not wait for ever for nodes that never tell their end', async () => {
      const old = (RED: any): void => {
        RED.nodes.registerType('old', function (this: any, def: object) {
          RED.nodes.createNode(this, def)
          this.on('input', function (this: any, _msg: Msg) {})
        })
      }
      const flow = await load(
        { sql: ALL, result: 'stream', batchSize: 5, wires: [['o']] },
        [{ id: 'o', type: 'old', wires: [] }],
        { old },
      )
      assert.equal(sentOf(await flow.receive('n', { payload: {} }))['cxone'].pg.rowCount, 25)
    })

    it('end with the node', async () => {
      const taken: { msg: Msg; done: () => void }[] = []
      const flow = await load({ sql: ALL, result: 'stream', batchSize: 1, wires: [['s']] }, [SLOW], {
        slow: slow(taken),
      })
      const ending = flow.receive('n', { payload: {} })
      await until(() => (taken.length === 2 ? true : undefined))
      const [end] = await Promise.all([ending, flow.unload()])
      assert.equal(failureOf(end).code, 'ABORTED')
    })
  })

  describe('buttons of the form', () => {
    const post = (flow: LoadedFlow, route: string, body: object) =>
      flow
        .request()
        .post(`/cxone/pg-action/${route}`)
        .send({ database: 'db', sql: SQL, ...body })

    it('check a statement', async () => {
      const flow = await load()
      const { body } = await post(flow, 'check', {}).expect(200)
      assert.deepEqual(body.parameters, [{ name: 'id', type: 'integer' }])
      assert.deepEqual(body.columns, [
        { name: 'id', type: 'integer' },
        { name: 'name', type: 'text' },
      ])
      assert.equal(body.plan.nodes[0].relation, 'customer')
      assert.deepEqual([body.kind, body.writes, body.limits.isWithin], ['select', false, true])
      assert.deepEqual(
        body.tables[0].columns.map(({ used }: { used: boolean }) => used),
        [true, true, false],
      )
    })

    it('rehearse a change, which stays undone', async () => {
      const flow = await load()
      const sql = 'delete from customer where id < :last returning id'
      const { body } = await post(flow, 'rehearse', { sql, values: { last: '24' } }).expect(200)
      assert.deepEqual(
        [body.command, body.rowCount, body.affected, body.rows.length, body.columns],
        ['DELETE', 23, 23, 20, ['id']],
      )
      assert.ok(body.locks.length > 0)
      assert.equal((await place.query('select from customer')).length, 25)
    })

    it('tell what is wrong', async () => {
      const flow = await load()
      const cases: [string, object, string][] = [
        ['check', { sql: 'select nothing from customer' }, 'PG_SCHEMA_DRIFT'],
        ['check', { sql: 'selec' }, 'PG_SYNTAX'],
        ['check', { sql: '' }, 'CONFIG_INVALID'],
        ['check', { database: 'none' }, 'CONFIG_INVALID'],
        ['rehearse', { values: { id: 'x' } }, 'PG_PARAM_TYPE'],
        ['rehearse', { values: 7 }, 'INPUT_INVALID'],
      ]
      for (const [route, body, code] of cases)
        assert.equal((await post(flow, route, body).expect(400)).body.code, code)
    })
  })
})
