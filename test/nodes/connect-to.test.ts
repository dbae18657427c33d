import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { answerJson, startServer, type StubServer } from '../lib/http/stub-server.ts'
import { testDatabase } from '../support/postgres.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow, type Msg } from './harness.ts'

const AUTH = { id: 'auth', type: 'cxone-auth' }
const TRAIL = { id: 'trail', type: 'audit-trail' }
const RESOLVE = { id: 'dns', type: 'dns-resolve', auth: 'auth' }
const PINNED = { connectTo: 'cxone.dns', connectToType: 'msg' }

/** What dns-resolve writes, made by hand. */
const factsOf = (domain: string, ...addresses: string[]): Msg => ({
  cxone: {
    dns: { domain, addresses: { public: [], private: addresses }, expiresAt: '2099-01-01T00:00:00Z' },
  },
})

describe('connectTo', function () {
  this.timeout(30_000)
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    await unloadFlow()
    for (const close of closers.splice(0)) await close()
  })

  const records = (flow: LoadedFlow): Msg[] =>
    readFileSync(join(flow.userDir, 'cxone/audit/audit.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Msg)

  describe('of action-execute', () => {
    const EXECUTE = {
      id: 'n',
      type: 'action-execute',
      auth: 'auth',
      actionId: 'crm-customer-lookup',
      actionIdType: 'str',
      ...PINNED,
    }
    const CUSTOMER = { customerId: 'CUST-4412' }
    const resolved = async (flow: LoadedFlow, domain: string): Promise<Msg> => {
      const { cxone } = sentOf(await flow.receive('dns', { payload: domain }))
      return { cxone, payload: CUSTOMER }
    }

    it('leads to the addresses that dns-resolve has validated, and tells which one answered', async () => {
      const flow = await loadFlow([AUTH, TRAIL, RESOLVE, { ...EXECUTE, audit: 'trail' }])
      const msg = await resolved(flow, 'api.sandbox.test')
      const { dns } = msg['cxone']
      assert.deepEqual(dns.addresses, { public: [], private: ['127.0.0.1', '::1'] })
      assert.ok(Date.parse(dns.expiresAt) > Date.now())
      const { payload, cxone } = sentOf(await flow.receive('n', msg))
      assert.equal(payload.tier, 'premium')
      assert.equal(cxone.execution.address, '127.0.0.1')
      assert.equal(cxone.dns, dns)
      assert.equal(records(flow).at(-1)?.['details'].address, '127.0.0.1')
    })

    it('leads all items of a list there', async () => {
      const flow = await loadFlow([AUTH, TRAIL, RESOLVE, { ...EXECUTE, audit: 'trail' }])
      const msg = await resolved(flow, 'api.sandbox.test')
      const { payload } = sentOf(await flow.receive('n', { ...msg, payload: [CUSTOMER, CUSTOMER] }))
      assert.ok(payload.every((item: any) => item.ok))
      assert.deepEqual(
        records(flow).map(({ details }) => details.address),
        ['127.0.0.1', '127.0.0.1'],
      )
    })

    it('fails with both names for the host of the data action, which is not called by this node', async () => {
      const flow = await loadFlow([AUTH, RESOLVE, EXECUTE])
      const { code, message, details } = failureOf(
        await flow.receive('n', await resolved(flow, 'crm.sandbox.test')),
      )
      assert.equal(code, 'PIN_MISMATCH')
      assert.match(message, /`crm\.sandbox\.test`.*`api\.sandbox\.test`/)
      assert.deepEqual(details, { name: 'crm.sandbox.test', host: 'api.sandbox.test' })
      await until(() => flow.status('n')?.text === 'PIN_MISMATCH')
    })

    it('fails with the place when the message brings no addresses, or expired ones', async () => {
      const flow = await loadFlow([AUTH, EXECUTE])
      const send = async (cxone: unknown): Promise<Msg> =>
        failureOf(await flow.receive('n', { payload: CUSTOMER, cxone }))
      const { cxone } = factsOf('api.sandbox.test', '127.0.0.1')
      assert.equal((await send(undefined))['details'].path, 'msg.cxone.dns')
      for (const [change, path] of [
        [{ addresses: { public: [], private: [] } }, '.addresses'],
        [{ addresses: { public: Array(10_000).fill('203.0.114.1') } }, '.addresses'],
        [{ addresses: { private: ['fe80::1%lo'] } }, '.addresses.private[0]'],
        [{ domain: 7 }, '.domain'],
        [{ expiresAt: 'soon' }, '.expiresAt'],
      ] as const) {
        const { code, details } = await send({ dns: { ...cxone.dns, ...change } })
        assert.deepEqual([code, details.path], ['INPUT_INVALID', `msg.cxone.dns${path}`])
      }
      const cyclic: Msg = {}
      cyclic['addresses'] = cyclic['domain'] = cyclic
      assert.equal((await send({ dns: cyclic }))['code'], 'INPUT_INVALID')
      const old = await send({ dns: { ...cxone.dns, expiresAt: '2026-01-01T00:00:00Z' } })
      assert.equal(old['code'], 'PIN_EXPIRED')
    })

    it('takes the token to no other machine, whatever the message says', async () => {
      const flow = await loadFlow([AUTH, EXECUTE])
      const msg = { ...factsOf('api.sandbox.test', '203.0.114.9'), payload: CUSTOMER }
      assert.equal(failureOf(await flow.receive('n', msg)).code, 'PIN_REFUSED')
    })

    it('can come from JSON, an expression and the context, and is off by default', async () => {
      const { dns } = factsOf('api.sandbox.test', '127.0.0.1')['cxone']
      const flow = await loadFlow([
        AUTH,
        { ...EXECUTE, id: 'n-json', connectTo: JSON.stringify(dns), connectToType: 'json' },
        { ...EXECUTE, id: 'n-jsonata', connectTo: 'where', connectToType: 'jsonata' },
        { ...EXECUTE, id: 'n-flow', connectTo: 'where', connectToType: 'flow' },
        { ...EXECUTE, id: 'n-off', connectTo: '', connectToType: 'off' },
      ])
      flow.node('n-flow').context().flow.set('where', dns)
      for (const id of ['n-json', 'n-jsonata', 'n-flow']) {
        const { cxone } = sentOf(await flow.receive(id, { payload: CUSTOMER, where: dns }))
        assert.equal(cxone.execution.address, '127.0.0.1', id)
      }
      const { cxone } = sentOf(await flow.receive('n-off', { payload: CUSTOMER }))
      assert.equal('address' in cxone.execution, false)
    })

    it('is CONFIG_INVALID when its place is no place', async () => {
      const wrong = {
        path: ['a[', 'msg'],
        text: ['cxone.dns', 'off'],
        kind: ['x', 'str'],
        empty: [' ', 'flow'],
        json: ['{', 'json'],
        expression: ['(', 'jsonata'],
      }
      const nodes = Object.entries(wrong).map(([what, [connectTo, connectToType]]) => ({
        ...EXECUTE,
        id: `n-${what}`,
        connectTo,
        connectToType,
      }))
      const flow = await loadFlow([AUTH, ...nodes])
      for (const { id } of nodes) {
        const { code, details } = failureOf(await flow.receive(id, { payload: CUSTOMER }))
        assert.deepEqual([id, code, details['field']], [id, 'CONFIG_INVALID', 'connectTo'])
      }
    })
  })

  describe('of cxone-request', () => {
    const REQUEST = {
      id: 'n',
      type: 'cxone-request',
      auth: 'auth',
      path: '/inContactAPI/services/v30.0/agents',
      ...PINNED,
    }

    it('leads there, page by page and for each item', async () => {
      const flow = await loadFlow([
        AUTH,
        { ...REQUEST, paginate: 'skip-top' },
        { ...REQUEST, id: 'bulk', bulk: true },
      ])
      const facts = factsOf('api.sandbox.test', '127.0.0.1')
      const { payload, cxone } = sentOf(await flow.receive('n', structuredClone(facts)))
      assert.ok(payload.length > 0)
      assert.equal(cxone.request.address, '127.0.0.1')
      assert.match(cxone.request.url, /^http:\/\/api\.sandbox\.test:\d+\//)
      const list = sentOf(await flow.receive('bulk', { ...facts, payload: [{}, {}] }))
      assert.ok(list['payload'].every((item: any) => item.ok))
      const other = { ...factsOf('crm.sandbox.test', '127.0.0.1'), payload: [{}] }
      assert.equal(sentOf(await flow.receive('bulk', other))['payload'][0].error.code, 'PIN_MISMATCH')
    })
  })

  describe('of webhook-send', () => {
    let server: StubServer
    beforeEach(async () => {
      server = await startServer((_request, response) => answerJson(response, 200, 1))
      closers.push(() => server.close())
    })
    const hook = (more: object = {}) => ({
      ...{ id: 'n', type: 'webhook-send', signature: 'none', schedule: [0], ...PINNED },
      url: `http://hooks.example.test:${server.port}/x?y=1`,
      ...more,
    })

    it('leads to the addresses with the name in Host, where the guard allows them', async () => {
      const flow = await loadFlow([
        hook({ allowHosts: ['127.0.0.0/8'] }),
        hook({ id: 'own', allowPrivate: true }),
      ])
      for (const id of ['n', 'own']) {
        const msg = { ...factsOf('hooks.example.test', '127.0.0.1'), payload: 1 }
        const { cxone } = sentOf(await flow.receive(id, msg))
        assert.equal(cxone.webhook.address, '127.0.0.1')
      }
      assert.equal(server.received[0]?.headers.host, `hooks.example.test:${server.port}`)
    })

    it('is blocked for addresses that the guard does not allow; without TLS a name is no permission', async () => {
      const flow = await loadFlow([
        hook(),
        hook({ id: 'name', allowHosts: ['hooks.example.test'] }),
        hook({ id: 'own', allowPrivate: true }),
      ])
      for (const [id, address, kind] of [
        ['n', '127.0.0.1', 'loopback'],
        ['name', '127.0.0.1', 'loopback'],
        ['name', '8.8.8.8', 'plain http'],
        ['own', '169.254.169.254', 'cloud metadata'],
      ] as const) {
        const { code, details } = failureOf(
          await flow.receive(id, { ...factsOf('hooks.example.test', address), payload: 1 }),
        )
        assert.deepEqual([code, details['kind']], ['WEBHOOK_BLOCKED_ADDRESS', kind])
      }
      assert.equal(server.connections(), 0)
    })

    it('fails at once for another host', async () => {
      const flow = await loadFlow([hook({ allowPrivate: true, schedule: [0, 60] })])
      const msg = { ...factsOf('other.example.test', '127.0.0.1'), payload: 1 }
      assert.equal(failureOf(await flow.receive('n', msg)).code, 'PIN_MISMATCH')
    })

    it('finds the sink of the sandbox, and is blocked where its zone leads elsewhere', async () => {
      const flow = await loadFlow([
        AUTH,
        RESOLVE,
        hook({ auth: 'auth', url: 'url', urlType: 'msg', signature: 'standard-webhooks' }),
      ])
      const send = async (name: string) => {
        const { cxone } = sentOf(await flow.receive('dns', { payload: name }))
        return flow.receive('n', { cxone, payload: 1, url: `http://${name}/webhooks/sink` })
      }
      assert.equal(sentOf(await send('sink.sandbox.test'))['cxone'].webhook.status, 204)
      assert.equal(failureOf(await send('private.sandbox.test')).code, 'WEBHOOK_BLOCKED_ADDRESS')
    })
  })

  describe('of pg-action', () => {
    const ACTION = {
      id: 'n',
      type: 'pg-action',
      database: 'db',
      sql: 'select inet_server_port() as port',
      ...PINNED,
    }

    it('leads to the database at the addresses', async () => {
      const place = await testDatabase()
      closers.push(() => place.drop())
      const { port, database, user, password } = place
      const server = {
        id: 'db',
        type: 'pg-database',
        mode: 'server',
        host: 'db.example.test',
        port,
        database,
        ssl: 'disable',
      }
      const flow = await loadFlow([server, ACTION, { ...ACTION, id: 'n-stream', result: 'stream' }], {
        credentials: { db: { user, password } },
      })
      for (const id of ['n', 'n-stream', 'n']) {
        const msg = { ...factsOf('db.example.test', '127.0.0.9', '127.0.0.1'), payload: {} }
        assert.deepEqual(sentOf(await flow.receive(id, msg))['payload'], [{ port }])
      }
      for (const [facts, code] of [
        [factsOf('other.example.test', '127.0.0.1'), 'PIN_MISMATCH'],
        [factsOf('db.example.test', '10.0.0.1'), 'PIN_REFUSED'],
        [{}, 'INPUT_INVALID'],
      ] as const)
        assert.equal(failureOf(await flow.receive('n', { ...facts, payload: {} })).code, code)
    })

    it('is CONFIG_INVALID with an embedded database', async () => {
      const embedded = { id: 'db', type: 'pg-database', mode: 'embedded', dataDir: 'memory://' }
      const flow = await loadFlow([embedded, ACTION])
      const { code, details } = failureOf(await flow.receive('n', { payload: {} }))
      assert.deepEqual([code, details['field']], ['CONFIG_INVALID', 'connectTo'])
    })
  })
})
