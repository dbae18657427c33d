import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { EditorPage, launchBrowser } from '../../support/editor-page.ts'
import { makeUserDir, startNodeRed, type NodeRedProcess } from '../../support/node-red-process.ts'
import { until } from '../../support/until.ts'

const SHOTS = '.cache/screenshots'
const CONNECTORS = 2000

const FLOWS = [
  { id: 'tab', type: 'tab', label: 'Registrations' },
  { id: 'auth', type: 'cxone-auth', name: 'Sandbox', profile: 'sandbox' },
  {
    id: 'trail',
    type: 'audit-trail',
    name: 'Trail',
    path: 'cxone/audit/audit.jsonl',
  },
  {
    id: 'run',
    type: 'inject',
    z: 'tab',
    name: 'Run',
    props: [{ p: 'payload' }],
    payload: '',
    payloadType: 'date',
    repeat: '',
    crontab: '',
    x: 120,
    y: 100,
    wires: [['list']],
  },
  {
    id: 'list',
    type: 'function',
    z: 'tab',
    name: `${CONNECTORS} connectors`,
    func: `msg.payload = Array.from({ length: ${CONNECTORS} }, (_, i) => ({ connectorId: 'branch-' + i, connectorName: 'Branch ' + i }))
      return msg`,
    outputs: 1,
    x: 290,
    y: 100,
    wires: [['register']],
  },
  {
    id: 'register',
    type: 'connector-register',
    z: 'tab',
    name: 'Register all',
    auth: 'auth',
    host: 'db.example.com',
    hostType: 'str',
    port: '5432',
    portType: 'str',
    database: 'crm',
    databaseType: 'str',
    usernameRef: 'VAULT_DB_USER',
    passwordRef: 'VAULT_DB_PASSWORD',
    healthTimeoutS: 0,
    concurrency: 2,
    audit: 'trail',
    x: 480,
    y: 100,
    wires: [['result']],
  },
  {
    id: 'result',
    type: 'debug',
    z: 'tab',
    name: 'Result',
    active: true,
    tosidebar: true,
    complete: 'cxone.connector',
    targetType: 'msg',
    x: 660,
    y: 100,
    wires: [],
  },
]

for (const version of ['5.0', '4.1'] as const) {
  describe(`a bulk run of ${CONNECTORS} in the editor of Node-RED ${version}`, function () {
    this.timeout(240_000)
    let red: NodeRedProcess
    let browser: Browser
    let editor: EditorPage

    before(async () => {
      await mkdir(SHOTS, { recursive: true })
      red = await startNodeRed(version, await makeUserDir(FLOWS, { linkPalette: true }))
      browser = await launchBrowser()
      editor = await EditorPage.open(browser, red.url)
      await editor.page.setViewportSize({ width: 1200, height: 420 })
    })

    after(async () => {
      await browser.close()
      await red.stop()
    })

    it('shows count, rate and time left under the node while it works, then the result', async () => {
      const seen = await editor.collectStatus('register')
      await editor.press('run')
      const progress = editor.page.locator('.red-ui-flow-node-status-label', { hasText: ' left' })
      await progress.waitFor({ timeout: 60_000 })
      await editor.page.screenshot({ path: `${SHOTS}/${version}-bulk-progress.png` })
      const final = await until(
        async () => (await seen()).find((text) => text.startsWith('done')),
        () => red.log(),
        180_000,
      )
      assert.equal(final, `done ${CONNECTORS}/${CONNECTORS}`)
      const counts = (await seen()).flatMap((text) => {
        const done = new RegExp(`^(\\d+)/${CONNECTORS}(, [\\d.]+/s(, \\d+ (s|min) left)?)?$`).exec(text)?.[1]
        return done === undefined ? [] : [Number(done)]
      })
      assert.ok(new Set(counts).size > 3, `shown were only ${counts.join()}`)
      assert.deepEqual(
        counts,
        counts.toSorted((a, b) => a - b),
        'the count never goes back',
      )
      assert.equal((await editor.statusOf('register')).fill, 'green')
    })

    it('leaves one audit record for each item', async () => {
      const file = join(red.userDir, 'cxone/audit/audit.jsonl')
      const lines = await until(
        async () => {
          const found = (await readFile(file, 'utf8')).trim().split('\n')
          return found.length >= CONNECTORS ? found : undefined
        },
        () => 'too few records',
      )
      const subjects = lines.map((line) => (JSON.parse(line) as { subject: string }).subject)
      assert.equal(lines.length, CONNECTORS)
      assert.equal(new Set(subjects).size, CONNECTORS)
    })
  })
}
