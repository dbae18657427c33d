import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { verifyTrail } from '../../lib/audit/verify.ts'
import { startSandbox, type Sandbox } from '../../lib/sandbox/sandbox.ts'
import { makeUserDir, startNodeRed } from '../support/node-red-process.ts'
import { until } from '../support/until.ts'

const ITEMS = 180
const KILLS = 2

const flows = (url: string): object[] => [
  {
    ...{ id: 'auth', type: 'cxone-auth', profile: 'custom', version: 1 },
    ...{ tokenUrl: `${url}/oauth2/token`, apiBaseUrl: url, maxRetries: 3, baseDelayMs: 10, maxDelayMs: 100 },
  },
  { id: 'trail', type: 'audit-trail', version: 1 },
  { id: 'tab', type: 'tab', label: 'connectors' },
  {
    ...{ id: 'in', type: 'http in', z: 'tab', x: 1, y: 1, url: '/run', method: 'post' },
    wires: [['run', 'answer']],
  },
  { id: 'answer', type: 'http response', z: 'tab', x: 1, y: 1, statusCode: '202', wires: [] },
  {
    ...{
      id: 'run',
      type: 'connector-register',
      z: 'tab',
      x: 1,
      y: 1,
      version: 1,
      auth: 'auth',
      audit: 'trail',
    },
    ...{ connectorName: 'New', host: 'db.sandbox.test', database: 'crm', healthTimeoutS: 0, concurrency: 6 },
    ...{ usernameRef: 'VAULT_DB_USERNAME', passwordRef: 'VAULT_DB_PASSWORD', wires: [['file']] },
  },
  {
    ...{ id: 'file', type: 'file', z: 'tab', x: 1, y: 1, filename: 'out.jsonl', filenameType: 'str' },
    ...{ appendNewline: true, overwriteFile: 'false', wires: [[]] },
  },
]

interface Document {
  readonly connectorId: string
  readonly connectorName: string
  readonly version: number
  readonly configuration: object
}

describe('A bulk registration whose runtime is killed (kill -9)', () => {
  let sandbox: Sandbox
  let userDir: string
  before(async () => {
    sandbox = await startSandbox()
  })
  after(async () => {
    await sandbox.close()
    await rm(userDir, { recursive: true, force: true })
  })

  it('leaves each connector wholly old or wholly new, goes on, and writes none twice', async function () {
    this.timeout(120_000)
    const settings = 'credentialSecret: false, fileWorkingDirectory: __dirname'
    userDir = await makeUserDir(flows(sandbox.info.url), { linkPalette: true, settings })
    const credentials = { auth: { clientId: 'sandbox', clientSecret: 'sandbox-secret' } }
    await writeFile(join(userDir, 'flows_cred.json'), JSON.stringify(credentials))
    const items = (connectorName: string): object[] =>
      Array.from({ length: ITEMS }, (_, n) => ({ connectorId: `c-${n}`, connectorName }))
    const path = join(userDir, 'out.jsonl')
    const lines = (): string[] =>
      existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []

    let red = await start()
    await send(red.url, items('Old'))
    await until(() => (lines().length === 1 ? true : undefined), red.log)
    const old = await documents()
    assert.ok(old.every(({ version, connectorName }) => version === 1 && connectorName === 'Old'))

    sandbox.fault('connector:delay=15*forever')
    await send(red.url, items('New'))
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const before = asked()
      await until(() => (asked() >= before + 30 ? true : undefined), red.log)
      await delay(Math.random() * 50)
      await red.kill()
      const now = await documents()
      assert.ok(
        now.some(({ connectorName }) => connectorName === 'Old'),
        'it was killed in the midst',
      )
      for (const { connectorName, version, configuration, connectorId } of now) {
        assert.equal(version, connectorName === 'New' ? 2 : 1, connectorId)
        assert.deepEqual(configuration, old[0]?.configuration)
      }
      red = await start()
    }
    try {
      const line = await until(() => lines()[1], red.log)
      const results = JSON.parse(line) as { ok: boolean; value: { connectorId: string; status: string } }[]
      assert.deepEqual(
        results.map(({ ok, value }) => (ok ? value.connectorId : 'failed')),
        items('New').map((_, n) => `c-${n}`),
      )
      assert.ok(
        (await documents()).every(({ version, connectorName }) => version === 2 && connectorName === 'New'),
      )
      const folder = join(userDir, 'cxone/bulk/run')
      await until(() => (readdirSync(folder).some((name) => name.endsWith('.jsonl')) ? undefined : true))
      const trail = readFileSync(join(userDir, 'cxone/audit/audit.jsonl'), 'utf8').trimEnd().split('\n')
      assert.equal(trail.length, 2 * ITEMS, 'one record an item')
      assert.equal((await verifyTrail(trail)).ok, true)
      assert.equal(lines().length, 2)
    } finally {
      await red.stop()
    }
  })

  const start = (): ReturnType<typeof startNodeRed> => startNodeRed('5.0', userDir)
  const asked = (): number => sandbox.counts()['connector'] ?? 0

  async function send(url: string, items: object[]): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const { status } = await fetch(`${url}run`, { method: 'POST', headers, body: JSON.stringify(items) })
    assert.equal(status, 202)
  }

  async function documents(): Promise<Document[]> {
    const form = { grant_type: 'client_credentials', client_id: 'sandbox', client_secret: 'sandbox-secret' }
    const token = await fetch(`${sandbox.info.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    const { access_token: access } = (await token.json()) as { access_token: string }
    const list = await fetch(`${sandbox.info.url}/api/v1/integrations/connectors`, {
      headers: { authorization: `Bearer ${access}`, accept: 'application/json' },
    })
    return ((await list.json()) as { entities: Document[] }).entities
  }
})
