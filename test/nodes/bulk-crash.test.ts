import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startSandbox, type Sandbox } from '../../lib/sandbox/sandbox.ts'
import { verifyTrail } from '../../lib/audit/verify.ts'
import { makeUserDir, startNodeRed } from '../support/node-red-process.ts'
import { until } from '../support/until.ts'

const ITEMS = 300
const KILLS = 3

const flows = (url: string): object[] => [
  {
    ...{ id: 'auth', type: 'cxone-auth', profile: 'custom', version: 1 },
    ...{ tokenUrl: `${url}/oauth2/token`, apiBaseUrl: url, maxRetries: 3, baseDelayMs: 10, maxDelayMs: 100 },
  },
  { id: 'trail', type: 'audit-trail', version: 1 },
  { id: 'tab', type: 'tab', label: 'bulk' },
  {
    id: 'in',
    type: 'http in',
    z: 'tab',
    x: 1,
    y: 1,
    url: '/run',
    method: 'post',
    wires: [['run', 'answer']],
  },
  { id: 'answer', type: 'http response', z: 'tab', x: 1, y: 1, statusCode: '202', wires: [] },
  {
    ...{ id: 'run', type: 'action-execute', z: 'tab', x: 1, y: 1, version: 1, auth: 'auth', audit: 'trail' },
    ...{ actionId: 'crm-customer-lookup', actionIdType: 'str', inputs: 'payload', inputsType: 'msg' },
    ...{ concurrency: 6, journal: true, wires: [['file']] },
  },
  // One line a message: a second one would be seen.
  {
    ...{ id: 'file', type: 'file', z: 'tab', x: 1, y: 1, filename: 'out.jsonl', filenameType: 'str' },
    ...{ appendNewline: true, overwriteFile: 'false', wires: [[]] },
  },
]

describe('A bulk run whose runtime is killed (kill -9)', () => {
  let sandbox: Sandbox
  let userDir: string
  before(async () => {
    sandbox = await startSandbox()
  })
  after(async () => {
    await sandbox.close()
    await rm(userDir, { recursive: true, force: true })
  })

  it('ends after the restart with all results, each item executed once and recorded once', async function () {
    this.timeout(120_000)
    sandbox.fault('execute:delay=15*forever')
    const settings = 'credentialSecret: false, fileWorkingDirectory: __dirname'
    userDir = await makeUserDir(flows(sandbox.info.url), { linkPalette: true, settings })
    const credentials = { auth: { clientId: 'sandbox', clientSecret: 'sandbox-secret' } }
    await writeFile(join(userDir, 'flows_cred.json'), JSON.stringify(credentials))
    const path = join(userDir, 'out.jsonl')
    const executed = (): number =>
      sandbox
        .requests()
        .filter(({ route, status, note }) => route === 'execute' && status === 200 && note !== 'replayed')
        .length

    let red = await start()
    const items = Array.from({ length: ITEMS }, (_, n) => ({ customerId: `CUST-${1000 + n}` }))
    const response = await fetch(`${red.url}run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(items),
    })
    assert.equal(response.status, 202)
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const before = executed()
      await until(() => (executed() >= before + 40 ? true : undefined), red.log)
      await delay(Math.random() * 50)
      await red.kill()
      assert.ok(executed() < ITEMS, 'it was killed in the midst')
      assert.ok(!existsSync(path))
      red = await start()
    }
    try {
      const line = await until(
        () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n')[0] : undefined),
        red.log,
      )
      const results = JSON.parse(line) as { ok: boolean; value: { customerId: string } }[]
      assert.deepEqual(
        results.map(({ ok, value }) => (ok ? value.customerId : 'failed')),
        items.map(({ customerId }) => customerId),
      )
      const folder = join(userDir, 'cxone/bulk/run')
      await until(() => (readdirSync(folder).some((name) => name.endsWith('.jsonl')) ? undefined : true))
      assert.equal(executed(), ITEMS, 'each once, however often it was asked for')
      await checkTrail(join(userDir, 'cxone/audit/audit.jsonl'))
      assert.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 1)
    } finally {
      await red.stop()
    }
  })

  const start = (): ReturnType<typeof startNodeRed> => startNodeRed('5.0', userDir)

  async function checkTrail(path: string): Promise<void> {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    const indexes = lines.map((line) => (JSON.parse(line) as { details: { index: number } }).details.index)
    assert.deepEqual(
      indexes.toSorted((a, b) => a - b),
      Array.from({ length: ITEMS }, (_, n) => n),
    )
    assert.equal((await verifyTrail(lines)).ok, true)
  }
})
