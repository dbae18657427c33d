import assert from 'node:assert/strict'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { until } from '../support/until.ts'
import { actionIn, actionOut, endFlow, fn, serveFlow, type ServedFlow } from './endpoint-harness.ts'

const SEED_SQL = `SELECT id, customer_name, account_status FROM customer_accounts
  WHERE customer_id = %(customer_id)s AND customer_name ILIKE %(search_term)s`

describe('action-in, pg-action and action-out on a real server', function () {
  this.timeout(30_000)
  let place: TestDatabase

  before(async () => {
    place = await testDatabase()
    await place.query(`create table customer_accounts (
        id integer primary key, customer_id integer not null, customer_name text not null, account_status text not null);
      insert into customer_accounts select n, n % 10, 'Customer ' || n, 'active' from generate_series(1, 100) n`)
  })
  after(() => place.drop())
  afterEach(endFlow)

  const serve = (action: object, entry: object = {}): Promise<ServedFlow> =>
    serveFlow(
      [
        { id: 'db', type: 'pg-database', mode: 'server', ssl: 'disable' },
        { id: 'web', type: 'tab' }, // of its own: nothing catches failures there
        actionIn({ z: 'web', ...entry }, 'work'),
        { id: 'work', type: 'pg-action', z: 'web', database: 'db', wires: [['out']], ...action },
        actionOut({ z: 'web' }),
      ],
      { credentials: { db: { connectionString: place.url } } },
    )
  const running = async (): Promise<number> => {
    const rows = await place.query(
      `select 1 from pg_stat_activity where datname = current_database() and state = 'active' and query like '%pg_sleep%'
         and pid <> pg_backend_pid()`,
    )
    return rows.length
  }

  const BODY = '{"variables": {"customer_id": "7", "search_term": "%7%"}}'
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
    it(`answers the seed's body sent as ${type} with rows that have names`, async () => {
      const flow = await serve({ sql: SEED_SQL })
      const { status, json } = await flow.post('/action', BODY, { 'content-type': type })
      assert.equal(status, 200)
      assert.equal(json.status, 'success')
      assert.equal(json.message, 'Data action executed successfully')
      assert.deepEqual(json.result[0], { id: 7, customer_name: 'Customer 7', account_status: 'active' })
      assert.equal(json.result.length, 10)
    })
  }

  it('cancels a query in PostgreSQL when the deadline of the request has passed', async () => {
    const flow = await serve({ sql: 'select pg_sleep(20)', statementTimeoutMs: 30_000 }, { deadlineMs: 1000 })
    const answering = flow.post('/action', '{}')
    await until(async () => (await running()) === 1)
    const { status, json } = await answering
    assert.equal(status, 504)
    assert.equal(json.code, 'TIMEOUT')
    await until(async () => (await running()) === 0)
  })

  it('writes nothing for a message that comes after its caller was told that it is too late', async () => {
    const flow = await serveFlow(
      [
        { id: 'db', type: 'pg-database', mode: 'server', ssl: 'disable' },
        actionIn({ deadlineMs: 200 }, 'slow'),
        fn('slow', 'setTimeout(() => node.send(msg), 500)', 'work'),
        {
          id: 'work',
          type: 'pg-action',
          database: 'db',
          sql: `update customer_accounts set account_status = 'late' where id = 5 returning id`,
          wires: [['out']],
        },
        actionOut(),
      ],
      { credentials: { db: { connectionString: place.url } } },
    )
    assert.equal((await flow.post('/action', '{}')).status, 504)
    await until(() => flow.caught.length === 1)
    assert.equal(flow.caught[0]!['code'], 'TIMEOUT')
    const rows = await place.query('select account_status from customer_accounts where id = 5')
    assert.deepEqual(rows, [{ account_status: 'active' }])
  })

  it('writes nothing when it is simulated, and says what would be', async () => {
    const flow = await serve({
      sql: 'update customer_accounts set account_status = :status where id = :id returning id, account_status',
    })
    const body = '{"variables": {"id": "3", "status": "closed"}}'
    const tried = await flow.post('/action/simulate', body)
    assert.deepEqual(tried.json.result, [{ id: 3, account_status: 'closed' }])
    const read = () => place.query('select account_status from customer_accounts where id = 3')
    assert.deepEqual(await read(), [{ account_status: 'active' }])
    assert.equal((await flow.post('/action', body)).json.status, 'success')
    assert.deepEqual(await read(), [{ account_status: 'closed' }])
  })

  it('tells the caller which variable is wrong, and nothing of the database', async () => {
    const flow = await serve({ sql: SEED_SQL })
    const wrong = await flow.post('/action', '{"variables": {"customer_id": "seven", "search_term": "x"}}')
    assert.equal(wrong.status, 400)
    assert.equal(wrong.json.code, 'PG_PARAM_TYPE')
    assert.match(wrong.text, /customer_id/)
    const missing = await flow.post('/action', '{"variables": {"customer_id": "7"}}')
    assert.equal(missing.status, 400)
    assert.equal(missing.json.code, 'PG_PARAM_MISSING')
    await place.query('alter table customer_accounts rename column customer_name to full_name')
    try {
      const drift = await flow.post('/action', BODY)
      assert.equal(drift.status, 500)
      assert.equal(drift.json.code, 'PG_SCHEMA_DRIFT')
      assert.doesNotMatch(drift.text, /customer_accounts|full_name|SELECT/)
    } finally {
      await place.query('alter table customer_accounts rename column full_name to customer_name')
    }
    assert.equal((await flow.post('/action', BODY)).json.status, 'success')
  })
})
