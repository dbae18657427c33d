import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { editorDefs } from '../../support/editor-defs.ts'
import { EditorPage, launchBrowser } from '../../support/editor-page.ts'
import { makeUserDir, startNodeRed, type NodeRedProcess } from '../../support/node-red-process.ts'

const SHOTS = '.cache/screenshots'

interface WrongValue {
  readonly field: string
  readonly value: string
  readonly reason: RegExp
  /** What to choose before, so that the field is shown. */
  readonly choose?: Readonly<Record<string, string>>
}

/** A wrong value for one field of each node, and what the editor must say about it. */
const WRONG: Record<string, WrongValue> = {
  'cxone-auth': { field: 'timeoutMs', value: 'soon', reason: /integer from \d+ to \d+.*soon/ },
  'audit-trail': { field: 'rotateBytes', value: '-1', reason: /integer from/ },
  'action-lookup': { field: 'cacheTtlS', value: '-5', reason: /integer from 0/ },
  'dns-resolve': { field: 'maxQueriesPerMinute', value: '5', reason: /integer from 10 to 1000/ },
  'schema-validate': { field: 'maxErrors', value: 'all', reason: /integer from/ },
  'mock-trigger': {
    field: 'cacheTtlS',
    value: '-5',
    reason: /integer from 0/,
    choose: { source: 'schema' },
  },
  'uuid-gen': { field: 'registryCapacity', value: '0.5', reason: /integer from/ },
  'action-execute': { field: 'concurrency', value: '0', reason: /integer from 1/ },
  'cxone-request': { field: 'timeoutMs', value: '0', reason: /integer from 1/ },
  'webhook-send': { field: 'concurrency', value: '10000', reason: /integer from 1/ },
  'pg-database': { field: 'connectTimeoutMs', value: '5 s', reason: /integer from \d+.*5 s/ },
  'pg-action': { field: 'maxRows', value: 'many', reason: /integer from \d+.*many/ },
  'connector-register': { field: 'healthTimeoutS', value: '-1', reason: /integer from 0/ },
  'action-in': { field: 'path', value: '/customers/:id', reason: /expected a fixed path/ },
  'action-out': { field: 'maxResponseBytes', value: '32k', reason: /integer from \d+.*32k/ },
}

/** What a new node needs besides its config nodes. */
const NEEDED: Record<string, Record<string, string>> = {
  'cxone-request': { path: '/inContactAPI/services/v30.0/agents' },
  'webhook-send': { url: 'http://sink.sandbox.test/webhooks/test' },
}

/** The text for the code editor of a new node, by the element's id. */
const CODE: Record<string, readonly [id: string, text: string]> = {
  'pg-action': ['cxone-pg-action-sql', 'SELECT :customer_id::int AS id'],
}

/** The config nodes that the flow has. */
const CONFIG: Record<string, string> = {
  'cxone-auth': 'auth-1',
  'audit-trail': 'trail-1',
  'pg-database': 'database-1',
}

for (const version of ['5.0', '4.1'] as const) {
  describe(`the editor of Node-RED ${version}`, function () {
    this.timeout(60_000)
    let red: NodeRedProcess
    let browser: Browser
    let editor: EditorPage
    const problems: string[] = []

    before(async () => {
      await mkdir(SHOTS, { recursive: true })
      const flows = [
        { id: 'tab', type: 'tab', label: 'Nodes' },
        { id: 'auth-1', type: 'cxone-auth', name: 'Sandbox', profile: 'sandbox' },
        { id: 'trail-1', type: 'audit-trail', name: 'Trail' },
        { id: 'database-1', type: 'pg-database', name: 'Database', dataDir: 'memory://' },
      ]
      red = await startNodeRed(version, await makeUserDir(flows, { linkPalette: true }))
      browser = await launchBrowser()
      editor = await EditorPage.open(browser, red.url)
      editor.page.on('pageerror', (error) => problems.push(error.message))
    })

    after(async () => {
      await browser.close()
      await red.stop()
    })

    it('shows every flow node in the palette category CXone', async () => {
      const defs = [...(await editorDefs())].filter(([, { category }]) => category !== 'config')
      for (const [type] of defs) {
        await editor.page
          .locator(`.red-ui-palette-node[data-palette-type="${type}"]`)
          .waitFor({ state: 'attached' })
      }
      const category = editor.page.locator('#red-ui-palette-container-CXone')
      await category.scrollIntoViewIfNeeded()
      await category.screenshot({ path: `${SHOTS}/${version}-palette.png` })
      assert.equal(await category.locator('.red-ui-palette-node').count(), defs.length)
    })

    it('opens the form of every flow node that was dragged: labels, reasons for wrong values, help', async function () {
      this.timeout(180_000)
      const defs = [...(await editorDefs())].filter(([, { category }]) => category !== 'config')
      for (const [index, [type, { inputs, outputs }]] of defs.entries()) {
        const id = await editor.drag(type, 220 + (index % 2) * 300, 80 + Math.floor(index / 2) * 90)
        await editor.showsPorts(id, { inputs, outputs })
        await editor.edit(id)
        await expectGoodForm(editor, type)
        await editor.page.screenshot({ path: `${SHOTS}/${version}-form-${type}.png` })
        const wrong = WRONG[type]
        if (wrong) await expectReason(editor, `#node-input-${wrong.field}`, wrong)
        await editor.cancel()
        await editor.edit(id)
        await editor.choose({ auth: 'auth-1', trail: 'trail-1', database: 'database-1' })
        await editor.setTyped(NEEDED[type] ?? {})
        if (CODE[type]) await editor.typeCode(...CODE[type])
        await editor.done()
        assert.deepEqual(await editor.errorsOf(id), [], `${type} is still marked as wrong`)
        const help = await editor.help(id)
        const sides = [...(inputs ? ['Inputs'] : []), ...(outputs ? ['Outputs'] : [])]
        for (const heading of [...sides, 'Errors', 'Example']) {
          assert.match(help, new RegExp(heading), `${type}: help without ${heading}`)
        }
      }
    })

    for (const [type, id] of Object.entries(CONFIG)) {
      it(`opens the form of the config node ${type}, which has help`, async () => {
        assert.match(await editor.helpOf(type), /<h3[^]*Errors/)
        await editor.editConfig(type, id)
        await expectGoodForm(editor, type)
        await editor.page.screenshot({ path: `${SHOTS}/${version}-form-${type}.png` })
        const wrong = WRONG[type]!
        await expectReason(editor, `#node-config-input-${wrong.field}`, wrong)
        await editor.cancel()
      })
    }

    it('keeps the inputs of an action-execute as flow files have them, beside its port', async () => {
      const written = {
        type: 'action-execute',
        auth: 'auth-1',
        actionId: 'crm-customer-lookup',
        actionIdType: 'str',
      }
      const [id] = await editor.import([{ ...written, inputs: '{"a":1}', inputsType: 'json' }])
      await editor.showsPorts(id!, { inputs: 1, outputs: 1 })
      const again = await editor.import([await editor.exported(id!)])
      await editor.showsPorts(again[0]!, { inputs: 1, outputs: 1 })
      await editor.edit(again[0]!)
      assert.equal(await editor.page.locator('#node-input-inputsValue').inputValue(), '{"a":1}')
      await editor.cancel()
      const { inputs, inputsValue, inputsType } = await editor.exported(again[0]!)
      assert.deepEqual([inputs, inputsValue, inputsType], [1, '{"a":1}', 'json'])
    })

    it('deploys what was dragged and filled in, with no node marked as wrong', async () => {
      assert.match(await editor.deploy(), /deployed/i)
      await editor.page.screenshot({ path: `${SHOTS}/${version}-deployed.png` })
    })

    it('tests the connection of a deployed cxone-auth and shows what the token is for, never the token', async () => {
      await editor.editConfig('cxone-auth', 'auth-1')
      await editor.page.getByRole('button', { name: 'Test connection' }).click()
      const tray = editor.page.locator('.red-ui-tray').last()
      await tray.getByText('127.0.0.1').first().waitFor()
      const text = await tray.innerText()
      assert.match(text, /data-actions:read/)
      assert.doesNotMatch(text, /eyJ|access_token/)
      await editor.page.screenshot({ path: `${SHOTS}/${version}-test-connection.png` })
      await editor.cancel()
    })

    // The dark theme came with Node-RED 5.
    if (version === '5.0')
      it('is readable in the dark theme', async () => {
        const dark = await EditorPage.open(browser, red.url, 'dark')
        await dark.page.evaluate(() => document.documentElement.classList.add('nr-theme-dark'))
        await dark.editConfig('cxone-auth', 'auth-1')
        await dark.page.screenshot({ path: `${SHOTS}/${version}-dark.png` })
        const ratio = await dark.page.evaluate(contrastOfLabels)
        assert.ok(ratio >= 4.5, `labels have a contrast of ${ratio}`)
        await dark.page.close()
      })

    it('raised no script error', () => {
      assert.deepEqual(problems, [])
    })
  })
}

async function expectGoodForm(editor: EditorPage, type: string): Promise<void> {
  const labels = (await editor.labels()).map((label) => label.trim())
  assert.ok(labels.length > 1, `${type} has no labels`)
  assert.doesNotMatch(await editor.formText(), /\{\{|\[object Object\]/, `${type} shows a raw template`)
  for (const label of labels) {
    assert.notEqual(label, '', `${type} has an empty label`)
    assert.doesNotMatch(label, /^\[?[@\w/-]+[.:][\w.]+$/, `${type} shows the key ${label} instead of a label`)
  }
}

async function expectReason(editor: EditorPage, field: string, wrong: WrongValue): Promise<void> {
  await editor.choose(wrong.choose ?? {})
  assert.match(await editor.reasonFor(field, wrong.value), wrong.reason)
}

/** The lowest WCAG contrast between a label of the open form and its background. */
function contrastOfLabels(): number {
  const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = channels(color).map((c) => {
      const part = c / 255
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const background = (element: Element | null): string => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor
      if ((channels(color)[3] ?? 1) > 0.5) return color
    }
    return 'rgb(255, 255, 255)'
  }
  let lowest = 21
  for (const label of document.querySelectorAll('.red-ui-tray .form-row label')) {
    if (!(label as HTMLElement).offsetParent) continue
    const [a, b] = [luminance(getComputedStyle(label).color), luminance(background(label))]
    lowest = Math.min(lowest, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05))
  }
  return lowest
}
