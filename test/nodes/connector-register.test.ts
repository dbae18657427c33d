import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startSandbox, type Sandbox } from '../../lib/sandbox/sandbox.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow, type Msg } from './harness.ts'

const SECRET = 'hunter2-never-to-be-seen'
const RIGHT = {
  ...{ id: 'n', type: 'connector-register', auth: 'auth', healthTimeoutS: 0, driverVersion: '42.6.0' },
  ...{ connectorId: 'crm-db', connectorName: 'CRM', host: 'db.sandbox.test', database: 'crm' },
  ...{ usernameRef: 'VAULT_DB_USERNAME', passwordRef: 'VAULT_DB_PASSWORD' },
}

describe('connector-register', () => {
  let sandbox: Sandbox
  before(async () => {
    sandbox = await startSandbox()
  })
  afterEach(async () => {
    await unloadFlow()
    sandbox.reset()
  })
  after(() => sandbox.close())

  const load = (more: object = {}, options: Parameters<typeof loadFlow>[1] = {}): Promise<LoadedFlow> =>
    loadFlow(
      [
        {
          ...{ id: 'auth', type: 'cxone-auth', profile: 'custom', baseDelayMs: 1, maxRetries: 1 },
          ...{ tokenUrl: `${sandbox.info.url}/oauth2/token`, apiBaseUrl: sandbox.info.url },
        },
        { id: 'trail', type: 'audit-trail' },
        { ...RIGHT, audit: 'trail', ...more },
      ],
      {
        ...options,
        credentials: {
          auth: { clientId: 'sandbox', clientSecret: 'sandbox-secret' },
          ...options.credentials,
        },
      },
    )
  const calls = (): string[] =>
    sandbox
      .requests()
      .filter(({ route }) => route === 'connector')
      .map(({ method, status }) => `${method} ${status}`)
  const records = (flow: LoadedFlow): Msg[] =>
    readFileSync(join(flow.userDir, 'cxone/audit/audit.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Msg)

  it('registers, knows the connector again, and keeps the message and what other steps wrote', async () => {
    const flow = await load()
    const input: Msg = { payload: { pool: { max: 12 } }, topic: 't', cxone: { before: 1 } }
    const msg = sentOf(await flow.receive('n', input))
    assert.equal(msg, input)
    assert.deepEqual([msg['topic'], msg['cxone'].before], ['t', 1])
    assert.deepEqual([msg['payload'].connectorId, msg['payload'].status], ['crm-db', 'REGISTERED'])
    assert.deepEqual(msg['payload'].configuration, {
      connectionString: 'jdbc:postgresql://db.sandbox.test:5432/crm',
      driverVersion: '42.6.0',
      credentials: {},
      credentialMasking: { username: 'VAULT_DB_USERNAME', password: 'VAULT_DB_PASSWORD' },
      poolSettings: { minPoolSize: 2, maxPoolSize: 12, connectionTimeoutSeconds: 30 },
      securitySettings: { enableParameterizedQueries: true, sslMode: true },
    })
    const { connectorId, status, attempts, latencyMs, fingerprint } = msg['cxone'].connector
    assert.deepEqual([connectorId, status, attempts], ['crm-db', 'registered', 2])
    assert.ok(latencyMs > 0)
    assert.match(fingerprint, /^[0-9a-f]{64}$/)
    const again = sentOf(await flow.receive('n', { payload: { pool: { max: 12 } } }))
    assert.equal(again['cxone'].connector.status, 'unchanged')
    assert.deepEqual(calls(), ['GET 404', 'PUT 201', 'GET 200'])
    await until(() => (flow.status('n')?.text === 'unchanged' ? true : undefined))
    assert.deepEqual(
      records(flow).map(({ subject, status, details }) => [subject, status, details.status]),
      [
        ['crm-db', 'SUCCESS', 'registered'],
        ['crm-db', 'SUCCESS', 'unchanged'],
      ],
    )
    assert.equal(fingerprint, again['cxone'].connector.fingerprint)
  })

  it('waits for the health, and shows it', async () => {
    const flow = await load({ healthTimeoutS: 20 })
    const msg = sentOf(await flow.receive('n', {}))
    assert.equal(msg['cxone'].connector.health.status, 'HEALTHY')
    await until(() => (flow.status('n')?.text === 'registered · healthy' ? true : undefined))
    assert.equal(flow.status('n')?.fill, 'green')
  })

  it('plans only, by its own property or for a simulated request', async () => {
    const flow = await load()
    const simulated = sentOf(await flow.receive('n', { cxone: { endpoint: { simulate: true } } }))
    const { status, action, changes } = simulated['cxone'].connector
    assert.deepEqual([status, action], ['planned', 'create'])
    assert.ok(changes.length > 10)
    assert.equal(simulated['payload'].connectorId, 'crm-db')
    sentOf(await flow.receive('n', {}))
    await flow.unload()
    const planning = await load({ dryRun: true, ssl: false, connectorName: 'Other' })
    const plan = sentOf(await planning.receive('n', {}))
    assert.deepEqual(plan['cxone'].connector.changes, [
      { path: '/configuration/securitySettings/sslMode', from: true, to: false },
      { path: '/connectorName', from: 'CRM', to: 'Other' },
    ])
    await until(() => (planning.status('n')?.text === 'planned: 2 changes' ? true : undefined))
    assert.equal(calls().filter((call) => call.startsWith('PUT')).length, 1)
  })

  it('reports all faults of a payload together, before anything is sent', async () => {
    const flow = await load()
    const payload = {
      port: -1,
      database: 'dw?user=root&x=',
      pool: { min: 9, max: 3 },
      hosst: 'x',
      passwordRef: SECRET,
    }
    const error = failureOf(await flow.receive('n', { payload }))
    assert.equal(error.code, 'CONNECTOR_INVALID')
    assert.deepEqual(
      error.details['errors'].map(({ path }: { path: string }) => path),
      ['/hosst', '/port', '/database', '/passwordRef', '/pool/min'],
    )
    assert.deepEqual(calls(), [])
    await until(() => (flow.status('n')?.text === 'CONNECTOR_INVALID' ? true : undefined))
    assert.equal(flow.status('n')?.fill, 'red')
    assert.equal(flow.caught[0]?.['code'], 'CONNECTOR_INVALID')
    const seen = JSON.stringify([flow.caught, flow.statuses('n'), records(flow)]) + flow.log()
    assert.ok(!seen.includes(SECRET))
    assert.equal(records(flow)[0]?.['subject'], 'crm-db')
  })

  it('takes its fields from messages, environment and expressions', async () => {
    const flow = await load({
      ...{
        connectorId: 'id',
        connectorIdType: 'msg',
        connectorName: '"CRM " & id',
        connectorNameType: 'jsonata',
      },
      ...{ port: '6543', portType: 'num', host: 'where', hostType: 'msg', force: 'again', forceType: 'msg' },
    })
    const msg = sentOf(await flow.receive('n', { id: 'a/b', where: '[2001:DB8::1]', payload: 'left alone' }))
    assert.equal(msg['payload'].connectorName, 'CRM a/b')
    assert.match(msg['payload'].configuration.connectionString, /\/\/\[2001:db8::1\]:6543\//)
    const forced = sentOf(await flow.receive('n', { id: 'a/b', where: '2001:db8::1', again: true }))
    assert.equal(forced['cxone'].connector.status, 'registered')
    const missing = failureOf(await flow.receive('n', {}))
    assert.deepEqual(missing.details['errors'].map(({ path }: { path: string }) => path).slice(0, 2), [
      '/connectorId',
      '/host',
    ])
  })

  it('remembers its last write over a restart, and overwrites nothing of others', async () => {
    const flow = await load()
    sentOf(await flow.receive('n', {}))
    const path = join(flow.userDir, 'cxone/connectors.jsonl')
    await until(() => (existsSync(path) && readFileSync(path, 'utf8').includes('"etag"') ? true : undefined))
    const token = await fetch(`${sandbox.info.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'client_credentials', client_id: 'sandbox', client_secret: 'sandbox-secret' },
      }),
    })
    const { access_token: access } = (await token.json()) as { access_token: string }
    const url = `${sandbox.info.url}/api/v1/integrations/connectors/crm-db`
    const headers = {
      authorization: `Bearer ${access}`,
      'content-type': 'application/json',
      accept: 'application/json',
    }
    const theirs = (await (await fetch(url, { headers })).json()) as Msg
    await fetch(url, { method: 'PUT', headers, body: JSON.stringify({ ...theirs, connectorName: 'Theirs' }) })
    const error = failureOf(await flow.receive('n', { payload: { ssl: false } }))
    assert.equal(error.code, 'CXONE_CONFLICT')
    assert.ok(error.details['changes'].some(({ from }: { from: unknown }) => from === 'Theirs'))
    const forced = sentOf(await flow.receive('n', { payload: { ssl: false }, force: true }))
    assert.deepEqual(
      [forced['cxone'].connector.status, forced['cxone'].connector.drift],
      ['registered', 'changed'],
    )
    await until(() => (flow.status('n')?.fill === 'yellow' ? true : undefined))
  })

  it('works on a list: results in order, one record each, nothing secret in them', async () => {
    const flow = await load({ concurrency: 3 })
    const items = Array.from({ length: 30 }, (_, n) => ({ connectorId: `c-${n}`, database: `crm_${n}` }))
    const bad = [{ connectorId: 'bad', port: -1, password: SECRET }, SECRET]
    const msg = sentOf(await flow.receive('n', { payload: [...items, ...bad] }))
    assert.deepEqual(
      msg['payload'].map((item: Msg) => (item['ok'] ? item['value'].connectorId : item['error'].code)),
      [...items.map(({ connectorId }) => connectorId), 'CONNECTOR_INVALID', 'INPUT_INVALID'],
    )
    const { latencyMs, elapsedMs, ...counts } = msg['cxone'].connector
    assert.deepEqual(counts, {
      ...{ status: 'partial', total: 32, registered: 30, unchanged: 0, planned: 0, failed: 2, attempts: 60 },
    })
    assert.ok(latencyMs > 0 && elapsedMs > 0)
    const written = records(flow)
    assert.equal(written.length, 32)
    assert.equal(new Set(written.map(({ details }) => details.index as number)).size, 32)
    assert.equal(written.find(({ details }) => details.index === 7)?.['subject'], 'c-7')
    const again = sentOf(await flow.receive('n', { payload: items }))
    assert.equal(again['cxone'].connector.unchanged, 30)
    const seen = JSON.stringify([msg, written, flow.statuses('n')]) + flow.log()
    assert.ok(!seen.includes(SECRET))
  })

  it('tells the vault, and is registered also where that fails', async () => {
    const vaultUrl = `${sandbox.info.url}/webhooks/open`
    const flow = await load({ vaultUrl, allowHosts: ['127.0.0.1'] })
    const told = sentOf(await flow.receive('n', {}))
    assert.equal(told['cxone'].connector.vaultEvent.status, 'delivered')
    assert.equal(sandbox.webhooks().length, 1)
    await flow.unload()
    const blocked = await load({ vaultUrl, ssl: false })
    const msg = sentOf(await blocked.receive('n', {}))
    assert.deepEqual(
      [msg['cxone'].connector.status, msg['cxone'].connector.vaultEvent.status],
      ['registered', 'blocked'],
    )
    await until(() => (blocked.status('n')?.text === 'registered · vault not told' ? true : undefined))
    assert.equal(blocked.status('n')?.fill, 'yellow')
  })

  it('names the step of a preflight that fails', async () => {
    const flow = await load({ preflight: true, host: '127.0.0.1', port: '1', portType: 'num' })
    const error = failureOf(await flow.receive('n', {}))
    assert.deepEqual([error.code, error.details['step']], ['CONNECTOR_UNREACHABLE', 'connect'])
    assert.deepEqual(calls(), [])
  })

  it('takes rules from settings.js, and refuses wrong ones', async () => {
    const rules = (connectorRules: unknown) => ({ settings: { cxoneFlows: { connectorRules } } })
    const wider = await load({}, rules({ POSTGRESQL: { poolMax: 80, drivers: ['42.7.3'] } }))
    const payload = { pool: { max: 80 }, driverVersion: '42.7.3' }
    const error = failureOf(await wider.receive('n', { payload })) // the sandbox knows 50
    assert.equal(error.code, 'CXONE_BAD_REQUEST')
    assert.match(String(error.details['body']), /maxPoolSize/)
    await wider.unload()
    const wrong = await load({}, rules({ POSTGRES: {} }))
    const refused = failureOf(await wrong.receive('n', {}))
    assert.deepEqual([refused.code, refused.details['field']], ['CONFIG_INVALID', 'connectorRules'])
    await wrong.unload()
  })

  it('refuses each wrong property by its name, and shows so', async () => {
    const wrong: [string, unknown][] = [
      ['auth', ''],
      ['auth', 'nobody'],
      ['dbType', 'SQLITE'],
      ['driverVersion', 7],
      ['pool', 7],
      ['pool', '{"min":'],
      ['pool', { min: 5, max: 4 }],
      ['pool', { minimum: 1 }],
      ['pool', { timeoutS: 'soon' }],
      ['ssl', 'maybe'],
      ['usernameRef', 'vault.user'],
      ['passwordRef', SECRET],
      ['healthCheck', []],
      ['healthCheck', { query: '' }],
      ['healthCheck', { intervalS: 1 }],
      ['events', {}],
      ['events', [{ eventType: 'x' }]],
      ['events', [{ eventType: 'x', webhookUrl: `https://u:${SECRET}@h/` }]],
      ['healthTimeoutS', -1],
      ['dryRun', 'maybe'],
      ['forceType', 'str'],
      ['preflight', 1],
      ['vaultUrl', 'ftp://vault'],
      ['vaultUrl', `https://u:${SECRET}@h/`],
      ['allowPrivate', 1],
      ['allowHosts', ['https://x']],
      ['timeoutMs', 0],
      ['concurrency', 0],
      ['stopOnError', 'x'],
      ['progress', -1],
      ['journal', 'x'],
      ['portType', 'date'],
      ['version', 2],
      ['audit', 'nobody'],
    ]
    for (const [property, value] of wrong) {
      const flow = await load({ [property]: value })
      const error = failureOf(await flow.receive('n', {}))
      const what = `${property} ${JSON.stringify(value)}`
      assert.deepEqual(
        [error.code, error.details['field']],
        ['CONFIG_INVALID', property.replace(/(?<!db)Type$/, '')],
        what,
      )
      assert.equal(flow.status('n')?.fill, 'red')
      assert.ok(!(error.message + flow.log()).includes(SECRET), what)
      await flow.unload()
    }
    const vault = await load({}, { credentials: { n: { vaultSecret: `whsec_${SECRET}!` } } })
    const error = failureOf(await vault.receive('n', {}))
    assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', 'vaultSecret'])
    assert.ok(!error.message.includes(SECRET))
  })

  it('refuses a vault URL of a message before anything is sent', async () => {
    const flow = await load({ vaultUrl: 'vault', vaultUrlType: 'msg' })
    for (const vault of [7, 'x', 'file:///etc/passwd', {}]) {
      const error = failureOf(await flow.receive('n', { vault }))
      assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', 'msg.vault'])
    }
    assert.deepEqual(calls(), [])
    sentOf(await flow.receive('n', {}))
  })

  it('ends a wait for health when it is deployed again', async () => {
    const flow = await load({ healthTimeoutS: 600, host: 'db.invalid' })
    const pending = flow.receive('n', {})
    await until(() => (calls().includes('PUT 201') ? true : undefined))
    await flow.unload()
    assert.equal(failureOf(await pending).code, 'ABORTED')
  })
})
