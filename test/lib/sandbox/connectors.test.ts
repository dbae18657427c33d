import assert from 'node:assert/strict'
import { connectorFaults } from '../../../lib/sandbox/connector-payload.ts'
import { useSandbox } from './running-sandbox.ts'

type Payload = Record<string, any>

/** The wire payload of a connector; `change` spoils it. */
function payload(change: (payload: Payload) => void = () => undefined): Payload {
  const made = {
    connectorId: 'crm-db',
    connectorName: 'CRM database',
    connectorType: 'DATABASE_POSTGRESQL',
    configuration: {
      connectionString: 'jdbc:postgresql://db.sandbox.test:5432/crm?driverVersion=42.6.0',
      credentials: {},
      credentialMasking: { username: 'VAULT_DB_USERNAME', password: 'VAULT_DB_PASSWORD' },
      poolSettings: { minPoolSize: 2, maxPoolSize: 15, connectionTimeoutSeconds: 25 },
      securitySettings: { enableParameterizedQueries: true, sslMode: true },
    },
    healthCheck: { enabled: true, query: 'SELECT 1', intervalSeconds: 60, timeoutSeconds: 5 },
    eventSubscriptions: [
      { eventType: 'CONFIG_UPDATED', webhookUrl: 'https://sink.sandbox.test/webhooks/config' },
    ],
  }
  change(made)
  return made
}

const faultPaths = (change: (payload: Payload) => void): string[] =>
  connectorFaults('crm-db', payload(change)).map(({ path }) => path)

describe('connector payload', () => {
  it('accepts the right payload, with or without health check and subscriptions', () => {
    assert.deepEqual(
      faultPaths(() => undefined),
      [],
    )
    assert.deepEqual(
      faultPaths((made) => {
        delete made.healthCheck
        delete made.eventSubscriptions
      }),
      [],
    )
  })

  for (const [type, right, wrong] of [
    ['POSTGRESQL', 'jdbc:postgresql://db:5432/crm', 'jdbc:postgresql://db/crm'],
    ['ORACLE', 'jdbc:oracle:thin:@//db:1521/crm', 'jdbc:oracle://db:1521/crm'],
    ['SQLSERVER', 'jdbc:sqlserver://db:1433;databaseName=crm;encrypt=true', 'jdbc:sqlserver://db:1433/crm'],
    ['MYSQL', 'jdbc:mysql://[2001:db8::1]:3306/crm', 'jdbc:mysql://db:70000/crm'],
  ] as const) {
    it(`knows the JDBC form of ${type}`, () => {
      const withUrl = (url: string) =>
        faultPaths((made) => {
          made.connectorType = `DATABASE_${type}`
          made.configuration.connectionString = url
        })
      assert.deepEqual(withUrl(right), [])
      assert.deepEqual(withUrl(wrong), ['/configuration/connectionString'])
    })
  }

  for (const [name, change, path] of [
    ['another id than in the path', (made) => (made.connectorId = 'other'), '/connectorId'],
    ['an empty name', (made) => (made.connectorName = ''), '/connectorName'],
    [
      'a plaintext secret',
      (made) => (made.configuration.credentials = { password: 'x' }),
      '/configuration/credentials',
    ],
    [
      'a secret in the place of a vault reference',
      (made) => (made.configuration.credentialMasking.password = 'hunter2!'),
      '/configuration/credentialMasking/password',
    ],
    [
      'a pool above the limit of the database',
      (made) => (made.configuration.poolSettings.maxPoolSize = 51),
      '/configuration/poolSettings/maxPoolSize',
    ],
    [
      'a pool whose minimum is above its maximum',
      (made) => (made.configuration.poolSettings.minPoolSize = 16),
      '/configuration/poolSettings/minPoolSize',
    ],
    [
      'queries without parameters',
      (made) => (made.configuration.securitySettings.enableParameterizedQueries = 'yes'),
      '/configuration/securitySettings/enableParameterizedQueries',
    ],
    ['a health check without query', (made) => (made.healthCheck.query = ''), '/healthCheck/query'],
    ['a health check that is no object', (made) => (made.healthCheck = 'on'), '/healthCheck/enabled'],
    [
      'a subscription to a script',
      (made) => (made.eventSubscriptions[0].webhookUrl = 'javascript:alert(1)'),
      '/eventSubscriptions/0/webhookUrl',
    ],
    ['subscriptions that are no list', (made) => (made.eventSubscriptions = {}), '/eventSubscriptions'],
  ] as [string, (made: Payload) => void, string][]) {
    it(`refuses ${name}`, () => {
      assert.ok(faultPaths(change).includes(path), JSON.stringify(faultPaths(change)))
    })
  }

  it('tells all faults of an empty payload at once and never throws', () => {
    assert.ok(connectorFaults('x', {}).length > 8)
    assert.ok(
      connectorFaults('x', { configuration: null, healthCheck: [], eventSubscriptions: [null] }).length > 8,
    )
  })
})

describe('sandbox connectors', () => {
  const running = useSandbox()
  const { send, token } = running
  const path = '/api/v1/integrations/connectors/crm-db'

  it('creates with 201 and changes with 200, and an equal payload changes nothing', async () => {
    const access = await token()
    const created = await send('PUT', path, { token: access, body: payload() })
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('location'), path)
    assert.deepEqual([created.json.status, created.json.version], ['REGISTERED', 1])
    const equal = await send('PUT', path, { token: access, body: payload() })
    assert.deepEqual([equal.status, equal.json.version], [200, 1])
    assert.equal(equal.headers.get('etag'), created.headers.get('etag'))
    const changed = await send('PUT', path, {
      token: access,
      body: payload((made) => (made.connectorName = 'New')),
    })
    assert.deepEqual([changed.status, changed.json.version], [200, 2])
    assert.notEqual(changed.headers.get('etag'), created.headers.get('etag'))
    const { json } = await send('GET', path, { token: access })
    assert.equal(json.connectorName, 'New')
    assert.equal((await send('GET', '/api/v1/integrations/connectors', { token: access })).json.total, 1)
  })

  it('lists all faults with 400 and stores nothing', async () => {
    const access = await token()
    const { status, json } = await send('PUT', path, { token: access, body: { connectorId: 'other' } })
    assert.equal(status, 400)
    assert.ok(json.errors.length > 8)
    assert.equal((await send('GET', path, { token: access })).status, 404)
  })

  it('honours If-Match, If-None-Match and 304', async () => {
    const access = await token()
    const put = (headers: Record<string, string>, name: string) =>
      send('PUT', path, { token: access, headers, body: payload((made) => (made.connectorName = name)) })
    assert.equal((await put({ 'if-match': '*' }, 'a')).status, 412)
    const created = await put({ 'if-none-match': '*' }, 'a')
    assert.equal(created.status, 201)
    assert.equal((await put({ 'if-none-match': '*' }, 'b')).status, 412)
    const etag = created.headers.get('etag') ?? ''
    assert.equal((await put({ 'if-match': etag }, 'b')).status, 200)
    assert.equal((await put({ 'if-match': etag }, 'c')).status, 412)
    const read = await send('GET', path, { token: access })
    const headers = { 'if-none-match': read.headers.get('etag') ?? '' }
    assert.equal((await send('GET', path, { token: access, headers })).status, 304)
  })

  it('goes from PENDING to HEALTHY, and to UNHEALTHY where the host cannot exist', async () => {
    const access = await token()
    const health = async () => (await send('GET', `${path}/health`, { token: access })).json.status
    await send('PUT', path, { token: access, body: payload() })
    assert.equal(await health(), 'PENDING')
    running.clock.advance(1000)
    assert.equal(await health(), 'HEALTHY')
    const dead = payload(
      (made) => (made.configuration.connectionString = 'jdbc:postgresql://db.invalid:5432/crm'),
    )
    await send('PUT', path, { token: access, body: dead })
    running.clock.advance(1000)
    assert.equal(await health(), 'UNHEALTHY')
    await send('PUT', path, {
      token: access,
      body: payload((made) => (made.healthCheck = { enabled: false })),
    })
    assert.equal(await health(), 'UNKNOWN')
  })

  it('removes a connector, and needs the write scope for changes', async () => {
    const access = await token()
    await send('PUT', path, { token: access, body: payload() })
    const reader = await token(undefined, 'integrations:read')
    assert.equal((await send('DELETE', path, { token: reader })).status, 403)
    assert.equal((await send('PUT', path, { token: reader, body: payload() })).status, 403)
    assert.equal((await send('GET', path, { token: reader })).status, 200)
    assert.equal((await send('DELETE', path, { token: access })).status, 204)
    assert.equal((await send('DELETE', path, { token: access })).status, 404)
  })
})
