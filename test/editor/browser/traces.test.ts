import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { EditorPage, launchBrowser } from '../../support/editor-page.ts'
import { makeUserDir, startNodeRed, type NodeRedProcess } from '../../support/node-red-process.ts'
import { until } from '../../support/until.ts'

const SHOTS = '.cache/screenshots'
const SECRET = 'k-hunter2-and-more'
const on = { z: 'orders' }
const inject = {
  type: 'inject',
  props: [{ p: 'payload' }],
  payload: '',
  payloadType: 'date',
  repeat: '',
  crontab: '',
  once: false,
}

const FLOWS = [
  { id: 'orders', type: 'tab', label: 'Orders' },
  { id: 'other', type: 'tab', label: 'Other' },
  { id: 'auth', type: 'cxone-auth', name: 'Sandbox', profile: 'sandbox' },
  { ...on, ...inject, id: 'order', name: 'Order', x: 110, y: 80, wires: [['map']] },
  {
    ...on,
    id: 'map',
    type: 'function',
    name: 'Map',
    func: `msg.payload = { customer: 'CUST-4412', apiKey: '${SECRET}' }\nreturn msg`,
    outputs: 1,
    x: 250,
    y: 80,
    wires: [['execute', 'enrich']],
  },
  {
    ...on,
    id: 'execute',
    type: 'action-execute',
    name: 'Look up customer',
    auth: 'auth',
    actionId: 'crm-customer-lookup',
    actionIdType: 'str',
    inputs: '{"customerId":"CUST-4412"}',
    inputsType: 'json',
    x: 430,
    y: 80,
    wires: [['result']],
  },
  { ...on, id: 'enrich', type: 'subflow:enriching', name: 'Enrich', x: 400, y: 140, wires: [['wait']] },
  {
    id: 'enriching',
    type: 'subflow',
    name: 'Enrich',
    in: [{ x: 40, y: 40, wires: [{ id: 'topic' }] }],
    out: [{ x: 320, y: 40, wires: [{ id: 'topic', port: 0 }] }],
  },
  {
    id: 'topic',
    z: 'enriching',
    type: 'change',
    name: 'Set topic',
    rules: [{ t: 'set', p: 'topic', pt: 'msg', to: 'order', tot: 'str' }],
    x: 180,
    y: 40,
    wires: [[]],
  },
  {
    ...on,
    id: 'wait',
    type: 'delay',
    name: 'Wait',
    pauseType: 'delay',
    timeout: '40',
    timeoutUnits: 'milliseconds',
    rate: '1',
    nbRateUnits: '1',
    rateUnits: 'second',
    randomFirst: '1',
    randomLast: '5',
    randomUnits: 'seconds',
    drop: false,
    x: 550,
    y: 140,
    wires: [['result']],
  },
  { ...on, id: 'result', type: 'debug', name: 'Result', active: false, x: 690, y: 100, wires: [] },
  { ...on, ...inject, id: 'wrong', name: 'Wrong', x: 110, y: 220, wires: [['uuid']] },
  { ...on, id: 'uuid', type: 'uuid-gen', name: 'Id', uuidVersion: '5', x: 250, y: 220, wires: [['result']] },
]

for (const version of ['5.0', '4.1'] as const) {
  describe(`the panel of traces in the editor of Node-RED ${version}`, function () {
    this.timeout(120_000)
    let red: NodeRedProcess
    let browser: Browser
    let editor: EditorPage
    const errors: string[] = []

    before(async () => {
      await mkdir(SHOTS, { recursive: true })
      red = await startNodeRed(version, await makeUserDir(FLOWS, { linkPalette: true }))
      browser = await launchBrowser()
      editor = await EditorPage.open(browser, red.url)
      editor.page.on('pageerror', ({ message }) => void errors.push(message))
      await show()
    })

    after(async () => {
      await browser.close()
      await red.stop()
    })

    const show = (): Promise<void> => editor.page.evaluate(() => RED.sidebar.show('cxone-traces'))
    const panel = () => editor.page.locator('.cxone-traces')
    const rows = () => editor.page.locator('.cxone-traces-row')
    const hop = (name: string) => editor.page.locator('.cxone-traces-hop', { hasText: name })
    const shot = (name: string) => editor.page.screenshot({ path: `${SHOTS}/${version}-traces-${name}.png` })

    it('tells what it is for and how to switch it on', async () => {
      await panel().getByText('Recording is off').waitFor()
      await panel().getByRole('button', { name: 'Record traces' }).click()
      await panel().getByText('Recording 100 %').waitFor()
      await panel().getByText('No message has begun its way yet').waitFor()
    })

    it('lists traces with time, first node, hops and duration, failed ones with their code', async () => {
      await editor.press('order')
      await rows().first().waitFor()
      await until(async () => (await rows().first().innerText()).includes('8 hops'))
      assert.match(await rows().first().innerText(), /^\d\d:\d\d:\d\d\.\d{3}\s+Order\s+8 hops\s+[\d.]+ m?s$/)
      await editor.press('wrong')
      await until(async () => (await rows().count()) === 2)
      await until(async () => /Wrong[^]*Id: UUID_INVALID/.test(await rows().first().innerText()))
    })

    it('shows failed ones alone', async () => {
      await panel().getByLabel('failed only').check()
      await until(async () => (await rows().count()) === 1)
      assert.match(await rows().first().innerText(), /Wrong/)
      await rows().first().click()
      await hop('Id').waitFor()
      assert.ok(await hop('Id').evaluate((element) => element.classList.contains('cxone-traces-failed')))
      await panel().getByLabel('failed only').uncheck()
      await until(async () => (await rows().count()) === 2)
    })

    it('draws the way of a message as bars over time, in the order of its way', async () => {
      await rows().nth(1).click()
      await hop('Map').waitFor()
      const names = await editor.page.locator('.cxone-traces-label').allInnerTexts()
      assert.deepEqual(names, [
        'Order',
        'Map',
        'Look up customer',
        'Result',
        'Enrich',
        'Set topic',
        'Wait',
        'Result',
      ])
      const bars = await editor.page
        .locator('.cxone-traces-bar')
        .evaluateAll((elements) =>
          elements
            .map((element) => element.getBoundingClientRect())
            .map(({ left, right, width }) => ({ left, right, width })),
        )
      assert.equal(bars.length, 8)
      assert.ok(bars.every(({ width }) => width >= 4))
      assert.ok(bars[6]!.left >= bars[5]!.left && bars[7]!.right >= bars[6]!.right, JSON.stringify(bars))
    })

    it('shows the node of a hop on the canvas, and what it changed with secrets masked', async () => {
      await editor.show('other')
      await hop('Map').click()
      await editor.page.locator('#red-ui-workspace-tabs .active', { hasText: 'Orders' }).waitFor()
      const details = editor.page.locator('.cxone-traces-details')
      await details.waitFor()
      const text = await details.innerText()
      assert.match(text, /Came from output 1, at [\d.]+ m?s, stayed [\d.]+ m?s/)
      assert.match(text, /~ msg\.payload \d+ → \{"customer":"CUST-4412","apiKey":"\[redacted\]"\}/)
      assert.doesNotMatch(await panel().innerText(), new RegExp(SECRET))
      assert.equal(await hop('Map').getAttribute('aria-expanded'), 'true')
      await shot('hop')
      await hop('Map').click()
      await details.waitFor({ state: 'hidden' })
    })

    it('can be used with the keyboard alone', async () => {
      await rows().nth(1).focus()
      await editor.page.keyboard.press('ArrowUp')
      await editor.page.keyboard.press('Enter')
      await hop('Id').waitFor()
      await hop('Wrong').focus()
      await editor.page.keyboard.press('ArrowDown')
      await editor.page.keyboard.press('Enter')
      assert.match(await editor.page.locator('.cxone-traces-details').innerText(), /UUID_INVALID: /)
    })

    it('keeps what is open while further messages are traced', async () => {
      await editor.press('order')
      await until(async () => (await rows().count()) === 3)
      assert.equal(await editor.page.locator('.cxone-traces-details').count(), 1)
    })

    it('shows the same after the editor was reloaded', async () => {
      await editor.page.reload()
      await editor.page.locator('#red-ui-palette .red-ui-palette-node').first().waitFor()
      await editor.page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' })
      await show()
      await hop('Id').waitFor()
      assert.equal(await rows().count(), 3)
      assert.equal(await rows().nth(1).getAttribute('aria-pressed'), 'true')
    })

    it('takes its colours from the theme', async () => {
      const literal = await panel()
        .locator('style')
        .evaluate((element) => /#[0-9a-f]{3,8}\b|rgba?\(|hsl/i.exec(element.textContent)?.[0])
      assert.equal(literal, undefined)
    })

    it('can be emptied, and stops', async () => {
      await panel().getByRole('button', { name: 'Forget all' }).click()
      await panel().getByText('No message has begun its way yet').waitFor()
      assert.equal(await editor.page.locator('.cxone-traces-hop').count(), 0)
      await panel().getByRole('button', { name: 'Stop' }).click()
      await panel().getByText('Recording is off').waitFor()
      assert.deepEqual(errors, [])
    })
  })
}
