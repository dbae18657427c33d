import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { KnownDatabase } from '../../lib/postgres/facts.ts'
import { DEFAULTS } from '../lib/postgres/drivers.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow } from './harness.ts'

const require = createRequire(resolve('package.json'))

/** A node that runs `msg.sql` on its database, as a user of the config node does. */
function asker(RED: any): void {
  const { onInput } = require(resolve('dist/nodes/adapter/on-input.js'))
  const { useConfig } = require(resolve('dist/nodes/adapter/config-node.js'))
  RED.nodes.registerType('asker', function (this: any, def: any) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, async () => {
      const database: KnownDatabase = await useConfig(RED, def.database, 'pg-database', 'database')
      return async (msg: any) => {
        const [result] = await database.atomic([{ text: msg.sql }], DEFAULTS)
        msg.payload = result?.rows
        return msg
      }
    })
  })
}

const SECRET = 's3cret/with:odd@characters'

describe('pg-database', function () {
  this.timeout(60_000)
  let place: TestDatabase

  before(async () => {
    place = await testDatabase()
  })
  afterEach(unloadFlow)
  after(() => place.drop())

  const server = (): object => ({
    mode: 'server',
    host: place.host,
    port: place.port,
    database: place.database,
  })
  const load = (
    def: object,
    credentials: Record<string, string> = { user: place.user, password: place.password },
    options: object = {},
  ): Promise<LoadedFlow> =>
    loadFlow(
      [
        { id: 'db', type: 'pg-database', ...def },
        { id: 'n', type: 'asker', database: 'db' },
      ],
      { credentials: { db: credentials }, extra: { asker }, ...options },
    )
  const ask = async (flow: LoadedFlow, sql: string): Promise<unknown> =>
    sentOf(await flow.receive('n', { sql }))['payload']

  it('reaches a server by single fields and by a connection URL, which wins', async () => {
    const one = await load(server())
    assert.deepEqual(await ask(one, 'select current_database() as name'), [{ name: place.database }])
    assert.deepEqual(await ask(one, 'show application_name'), [{ application_name: 'cxone-flows' }])
    await one.unload()
    const credentials = { user: 'nobody', password: SECRET, connectionString: `${place.url}?sslmode=disable` }
    const two = await load({ mode: 'server', host: 'wrong.invalid' }, credentials)
    assert.deepEqual(await ask(two, 'select current_user as name'), [{ name: place.user }])
  })

  it('runs an embedded database in a folder of its own', async () => {
    const flow = await load({}, {})
    assert.deepEqual(await ask(flow, 'select 1 as one'), [{ one: 1 }])
    assert.ok(existsSync(join(flow.userDir, 'cxone/postgres/db/PG_VERSION')))
  })

  it('opens an embedded database again with its data after a deploy', async () => {
    const userDir = mkdtempSync(join(tmpdir(), 'cxone-node-'))
    try {
      const def = { dataDir: 'demo', initSql: 'create table t (n int); insert into t values (1)' }
      const first = await load(def, {}, { userDir })
      await ask(first, 'insert into t values (2)')
      await first.unload()
      const second = await load(def, {}, { userDir })
      assert.deepEqual(await ask(second, 'select n from t order by n'), [{ n: 1 }, { n: 2 }])
      await second.unload()
      assert.equal(existsSync(join(userDir, 'demo.lock')), false)
    } finally {
      await unloadFlow()
      rmSync(userDir, { recursive: true, force: true })
    }
  })

  it('names initSql and the line when its SQL is wrong', async () => {
    const flow = await load({ dataDir: 'memory://', initSql: 'create table t (n int);\nselect * frm t' }, {})
    const { code, details, message } = failureOf(await flow.receive('n', { sql: 'select 1' }))
    assert.equal(code, 'CONFIG_INVALID')
    assert.equal(details['field'], 'initSql')
    assert.match(message, /line 2/)
    assert.equal(failureOf(await flow.receive('n', { sql: 'select 1' })).code, 'CONFIG_INVALID')
  })

  it('names each wrong property', async () => {
    const wrong: Record<string, unknown> = {
      mode: 'both',
      host: 'a b',
      port: 0,
      database: 'x'.repeat(64),
      ssl: 'sometimes',
      poolMax: 0,
      poolMin: 11,
      idleTimeoutMs: -1,
      connectTimeoutMs: 'soon',
      maxWaiting: 1.5,
      applicationName: 'ä',
      tls: 'no-such-node',
      version: 99,
    }
    for (const [property, value] of Object.entries(wrong)) {
      const flow = await load({ ...server(), [property]: value })
      const { code, details } = failureOf(await flow.receive('n', { sql: 'select 1' }))
      assert.deepEqual([property, code, details['field']], [property, 'CONFIG_INVALID', property])
      await flow.unload()
    }
    for (const [property, value] of Object.entries({ dataDir: 'memory:x', initSql: 'select 1 \0' })) {
      const flow = await load({ [property]: value }, {})
      assert.equal(failureOf(await flow.receive('n', { sql: 'select 1' })).details['field'], property)
      await flow.unload()
    }
  })

  it('asks for a user, and refuses a connection URL that it cannot read, without a word of it', async () => {
    const nobody = await load(server(), {})
    assert.equal(failureOf(await nobody.receive('n', { sql: 'select 1' })).details['field'], 'user')
    await nobody.unload()
    const urls = [
      `host=x password=${SECRET}`,
      `mysql://a:${SECRET}@x/y`,
      `postgres://a:${SECRET}@[x`,
      `postgres://a:b@x/y?sslmode=${SECRET}`,
      'postgres://a%E0:b@x/y',
    ]
    for (const connectionString of urls) {
      const flow = await load({ mode: 'server' }, { connectionString })
      const failure = failureOf(await flow.receive('n', { sql: 'select 1' }))
      assert.equal(failure.details['field'], 'connectionString')
      const told = JSON.stringify([failure.message, failure.details, flow.log(), flow.statuses('n')])
      assert.ok(!told.includes(SECRET), told)
      await flow.unload()
    }
  })

  it('shows by Test connection what it reached, never a password', async () => {
    const flow = await load({ ...server(), poolMax: 3 })
    const { body } = await flow.request().post('/cxone/pg-database/db/test').expect(200)
    assert.equal(body.database, place.database)
    assert.equal(body.user, place.user)
    assert.equal(body.tls, false)
    assert.match(body.version, /^\d+/)
    assert.ok(body.latencyMs > 0)
    assert.deepEqual([body.total, body.idle, body.waiting], [1, 1, 0])
    assert.ok(!('password' in body))
    await flow.unload()
    const wrong = await load({ ...server(), database: 'nowhere' }, { user: place.user, password: SECRET })
    const failed = await wrong.request().post('/cxone/pg-database/db/test').expect(400)
    assert.equal(failed.body.code, 'PG_UNAVAILABLE')
    assert.equal(failed.body.details.sqlstate, '3D000')
    assert.ok(!failed.text.includes(SECRET))
    assert.equal(
      (await wrong.request().post('/cxone/pg-database/none/test').expect(400)).body.code,
      'CONFIG_INVALID',
    )
  })

  it('leaves no connection behind when it is closed', async () => {
    const flow = await load({ ...server(), applicationName: 'closing' })
    await Promise.all([ask(flow, 'select pg_sleep(0.05)'), ask(flow, 'select pg_sleep(0.05)')])
    const count = "select count(*)::int as n from pg_stat_activity where application_name = 'closing'"
    assert.deepEqual(await place.query(count), [{ n: 2 }])
    await flow.unload()
    await new Promise((later) => setTimeout(later, 100))
    assert.deepEqual(await place.query(count), [{ n: 0 }])
  })
})
