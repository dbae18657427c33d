import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import {
  createConnectorWork,
  type ConnectorRequest,
  type WorkPorts,
} from '../../../lib/connector/connector-work.ts'
import { factsOf, summaryOf } from '../../../lib/connector/connector-report.ts'
import { createRegister } from '../../../lib/connector/register.ts'
import { readRules } from '../../../lib/connector/rules.ts'
import { createVaultEvents } from '../../../lib/connector/vault-event.ts'
import { createHttpClient } from '../../../lib/http/client.ts'
import { checkSignature } from '../../../lib/sandbox/webhook-signature.ts'
import { systemClock, systemRandom } from '../../../lib/system.ts'
import { createWebhookSender } from '../../../lib/webhook/sender.ts'
import { failureOf } from '../cxone/world.ts'
import { startServer, type StubServer } from '../http/stub-server.ts'
import { connector } from './sample.ts'
import { useConnectors } from './world.ts'

const VAULT_SECRET = 'whsec_dmF1bHQtc2VjcmV0LWZvci10ZXN0cw=='
const CORRELATION_ID = '01890a5d-ac96-774b-bcce-b302099a8057'

describe('work on a connector', () => {
  const world = useConnectors()
  const http = createHttpClient({ clock: systemClock })
  let vault: StubServer
  let vaultStatus: number
  before(async () => {
    vault = await startServer((_request, response) => void response.writeHead(vaultStatus).end())
  })
  beforeEach(() => {
    vaultStatus = 204
    vault.received.length = 0
  })
  after(async () => {
    await Promise.all([vault.close(), http.close()])
  })

  const run = (
    request: Partial<ConnectorRequest> = {},
    ports: Partial<WorkPorts> = {},
    allowHosts = ['127.0.0.1'],
  ) => {
    const { access, ledger } = world
    const send = createWebhookSender(
      {
        ...{ send: http.send, lookup: () => Promise.resolve(['127.0.0.1']), clock: systemClock },
        ...{ random: systemRandom, newId: () => 'event-1' },
      },
      {
        ...{ signature: 'standard-webhooks', secret: VAULT_SECRET, previousSecret: '', envelope: 'raw' },
        ...{ source: '/test', schedule: [0, 0.01], timeoutMs: 500, concurrency: 8 },
        ...{ allowPrivate: false, allowHosts },
      },
    )
    const sleep = async (): Promise<void> => {
      world.clock.advance(400)
      await Promise.resolve()
    }
    const clock = { ...systemClock, sleep }
    const place = { client: access.client, path: access.paths.connector }
    const work = createConnectorWork({
      ...{ ...place, clock: { ...clock, monotonic: world.clock.now }, rules: readRules(undefined) },
      ...{ register: createRegister({ ...place, ledger }), preflight: undefined, healthTimeoutS: 30 },
      tellVault: createVaultEvents(send, systemClock),
      ...ports,
    })
    return work({
      ...{ base: connector(), given: undefined, place: 'msg.payload', force: false, dryRun: false },
      ...{ vaultUrl: '', key: 'key-1', call: { correlationId: CORRELATION_ID } },
      ...request,
    })
  }

  it('waits until CXone finds the connector healthy', async () => {
    const { step } = await run()
    assert.equal(step.health?.status, 'HEALTHY')
    assert.match(step.health.checkedAt ?? '', /^\d{4}-/)
    assert.ok(step.health.waitedMs >= 1000)
    assert.deepEqual(summaryOf(step), { text: 'registered · healthy', isGood: true })
    assert.equal(factsOf(step)['health'], 'HEALTHY')
  })

  it('gives up waiting in time, and the connector is registered all the same', async () => {
    const { step } = await run({ given: { host: 'db.invalid' } }, { healthTimeoutS: 3 })
    assert.equal(step.status, 'registered')
    assert.equal(step.health?.status, 'UNHEALTHY')
    assert.match(step.health.reason ?? '', /db\.invalid cannot be resolved/)
    assert.deepEqual(summaryOf(step), { text: 'registered · unhealthy', isGood: false })
  })

  it('does not ask for the health where it is told not to, or its check is off', async () => {
    assert.equal((await run({}, { healthTimeoutS: 0 })).step.health, undefined)
    const off = await run({ given: { healthCheck: { enabled: false } } })
    assert.equal(off.step.health?.status, 'UNKNOWN')
    assert.ok(!world.sandbox.requests().some(({ path }) => path.endsWith('/health')))
  })

  for (const fault of ['503*3', 'html', '404', 'drop*3']) {
    it(`is registered with unknown health when the health is answered ${fault}`, async () => {
      world.sandbox.fault(`connector:200*2,${fault}`)
      const { step } = await run()
      assert.deepEqual([step.status, step.health?.status], ['registered', 'UNKNOWN'])
      assert.ok((step.health?.reason ?? '') !== '')
      assert.equal(summaryOf(step).text, 'registered')
    })
  }

  it('waits for the health no longer than it may, also where the server does not answer', async () => {
    world.sandbox.fault('connector:200*2,delay=60000*forever')
    const { step } = await run({}, { clock: systemClock, healthTimeoutS: 0.2 })
    const { status, reason, waitedMs } = step.health ?? {}
    assert.deepEqual([step.status, status, reason], ['registered', 'UNKNOWN', 'no answer within 0.2 s'])
    assert.ok(waitedMs !== undefined && waitedMs < 2000, String(waitedMs))
  })

  it('tells the vault of a change, signed, with names of secrets only', async () => {
    const { step } = await run({ vaultUrl: `${vault.url}/hook?key=q-secret` })
    assert.deepEqual(step.vaultEvent, { status: 'delivered', url: `${vault.url}/hook`, attempts: 1 })
    const [got] = vault.received
    const { timestamp, ...event } = JSON.parse(got?.body ?? '') as Record<string, unknown>
    assert.deepEqual(event, {
      source: 'CXONE_INTEGRATION_ENGINE',
      action: 'CONFIG_UPDATED',
      connectorId: 'crm-db',
      maskedCredentials: { username: 'VAULT_DB_USERNAME', password: 'VAULT_DB_PASSWORD' },
    })
    assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT.*Z$/)
    assert.equal(got?.headers.authorization, undefined)
    assert.equal(got?.headers['correlationid'], CORRELATION_ID)
    const key = Buffer.from(VAULT_SECRET.slice(6), 'base64').toString()
    const checked = checkSignature(got.headers, Buffer.from(got.body), key, Date.now() / 1000)
    assert.ok(checked.ok)
  })

  it('tells the vault of nothing that has not changed or is only planned', async () => {
    const vaultUrl = `${vault.url}/hook`
    assert.equal((await run({ vaultUrl, dryRun: true })).step.vaultEvent, undefined)
    await run({})
    assert.equal((await run({ vaultUrl })).step.vaultEvent, undefined)
    assert.equal(vault.received.length, 0)
  })

  it('is registered also when the vault answers 500, is gone, is down or has a blocked address', async () => {
    vaultStatus = 500
    const dead = (await run({ vaultUrl: vault.url })).step
    assert.equal(dead.status, 'registered')
    assert.deepEqual(dead.vaultEvent, {
      ...{ status: 'dead', url: `${vault.url}/`, attempts: 2, reason: 'the receiver answered 500' },
    })
    assert.deepEqual(summaryOf({ ...dead, health: undefined! }), {
      text: 'registered · vault not told',
      isGood: false,
    })
    vaultStatus = 410
    const gone = (await run({ vaultUrl: vault.url, force: true })).step
    assert.equal(gone.vaultEvent?.status, 'rejected')
    const closed: Server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => closed.once('listening', resolve))
    const { port } = closed.address() as { port: number }
    await new Promise((resolve) => closed.close(resolve))
    const down = (await run({ vaultUrl: `http://127.0.0.1:${port}/`, force: true })).step
    assert.deepEqual([down.status, down.vaultEvent?.status], ['registered', 'dead'])
    const blocked = (await run({ vaultUrl: vault.url, force: true }, {}, [])).step
    assert.deepEqual([blocked.status, blocked.vaultEvent?.status], ['registered', 'blocked'])
  })

  it('looks at the database first, and writes nothing where that fails', async () => {
    const asked: string[] = []
    const facts = { addresses: [], address: '127.0.0.1', port: 5432, connectMs: 1 }
    const no = { isChecked: false, reason: 'test' } as const
    const preflight = ({ host }: { host: string }) => {
      asked.push(host)
      return Promise.resolve({ ...facts, tls: no, login: no, query: no })
    }
    const { step } = await run({}, { preflight })
    assert.deepEqual(asked, ['db.sandbox.test'])
    assert.equal(step.preflight?.address, '127.0.0.1')
    assert.equal(factsOf(step)['preflight'], '127.0.0.1')
    const failing = () =>
      Promise.reject(Object.assign(new Error('down'), { code: 'CONNECTOR_UNREACHABLE', details: {} }))
    await failureOf(run({ given: { connectorId: 'other' } }, { preflight: failing }))
    assert.ok(!world.calls().includes('PUT 201 other'))
    assert.equal(world.calls().filter((call) => call.startsWith('PUT')).length, 1)
  })

  it('sends nothing of a connector with faults', async () => {
    const given = { port: -1, passwordRef: 'hunter2-never', extra: true }
    const error = await failureOf(run({ given }))
    assert.equal(error.code, 'CONNECTOR_INVALID')
    assert.deepEqual(
      (error.details['errors'] as { path: string }[]).map(({ path }) => path),
      ['/extra', '/port', '/passwordRef'],
    )
    assert.ok(!JSON.stringify([error, error.message, error.stack]).includes('hunter2'))
    assert.deepEqual(world.calls(), [])
  })

  it('takes the node alone for a payload that is no object, but refuses bytes and items that are none', async () => {
    for (const given of [undefined, null, 7, 'text', true])
      assert.match((await run({ given }, { healthTimeoutS: 0 })).step.status, /registered|unchanged/)
    const bytes = await failureOf(run({ given: Buffer.from('x') }))
    assert.deepEqual([bytes.code, bytes.details['path']], ['INPUT_INVALID', 'msg.payload'])
    const item = await failureOf(run({ given: 'x', isItem: true, place: 'msg.payload[3]' }))
    assert.deepEqual([item.code, item.details['path']], ['INPUT_INVALID', 'msg.payload[3]'])
  })
})
