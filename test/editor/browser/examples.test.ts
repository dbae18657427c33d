import assert from 'node:assert/strict'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { EditorPage, launchBrowser } from '../../support/editor-page.ts'
import { makeUserDir, startNodeRed, type NodeRedProcess } from '../../support/node-red-process.ts'
import { until } from '../../support/until.ts'

const SHOTS = '.cache/screenshots'

interface StoredNode {
  id: string
  type: string
  name?: string
  label?: string
  z?: string
}

describe('the examples in the editor', function () {
  this.timeout(60_000)
  let red: NodeRedProcess
  let browser: Browser
  let editor: EditorPage
  const nodes = new Map<string, StoredNode>()

  before(async () => {
    await mkdir(SHOTS, { recursive: true })
    for (const file of (await readdir('examples')).filter((name) => name.endsWith('.json'))) {
      const parsed = JSON.parse(await readFile(join('examples', file), 'utf8')) as StoredNode[]
      for (const node of parsed) nodes.set(node.id, node)
    }
    red = await startNodeRed('5.0', await makeUserDir([...nodes.values()], { linkPalette: true }))
    browser = await launchBrowser()
    editor = await EditorPage.open(browser, red.url)
  })

  after(async () => {
    await browser.close()
    await red.stop()
  })

  const find = (label: string, type: string, name?: string): StoredNode => {
    const tab = [...nodes.values()].find((node) => node.type === 'tab' && node.label?.startsWith(label))
    const node = [...nodes.values()].find(
      (one) => one.z === tab?.id && one.type === type && (name === undefined || one.name === name),
    )
    assert.ok(node, `${label} has no ${type} ${name ?? ''}`)
    return node
  }

  it('mark no node as wrong', async () => {
    for (const { id, type } of nodes.values()) {
      if (['tab', 'comment', 'catch', 'status'].includes(type)) continue
      assert.deepEqual(await editor.errorsOf(id), [], `${type} ${id}`)
    }
  })

  it('run example 01 at the press of its button: green statuses, result in the Debug sidebar', async () => {
    const inject = find('01', 'inject')
    await editor.show(inject.z!)
    await editor.press(inject.id)
    await editor.page.locator('.red-ui-debug-msg-topic', { hasText: 'msg' }).first().waitFor()
    for (const type of ['dns-resolve', 'schema-validate', 'action-execute', 'webhook-send', 'audit-log']) {
      // At most four times a second, so that the last status may come after the result.
      await until(
        async () => (await editor.statusOf(find('01', type).id)).fill === 'green',
        () => `${type} is not green`,
      )
    }
    await editor.page.locator('.red-ui-notification').first().waitFor({ state: 'hidden' })
    await editor.page.setViewportSize({ width: 1640, height: 760 })
    await editor.page.waitForTimeout(300)
    await editor.page.screenshot({ path: `${SHOTS}/example-01.png` })
  })

  it('tell secure, insecure, bogus and missing names apart side by side in example 20', async () => {
    const injects = [...nodes.values()].filter(
      ({ type, z }) => type === 'inject' && z === find('20', 'inject').z,
    )
    await editor.show(find('20', 'inject').z!)
    for (const { id } of injects) await editor.press(id)
    const outcomes = [
      ['secure', 'green', '1 record', 'secure'],
      ['insecure', 'red', 'DNS_DNSSEC_INSECURE', 'insecure'],
      ['bogus', 'red', 'DNS_DNSSEC_BOGUS', 'bogus'],
      ['NXDOMAIN', 'red', 'DNS_NXDOMAIN', 'missing, denial secure'],
    ] as const
    for (const [name, fill, status, result] of outcomes) {
      const end = find('20', 'debug', `Result: ${name}`)
      await until(async () => (await editor.statusOf(end.id)).text === result)
      assert.deepEqual(await editor.statusOf(find('20', 'dns-resolve', name).id), { fill, text: status })
    }
    await editor.page.locator('.red-ui-notification').first().waitFor({ state: 'hidden' })
    await editor.page.setViewportSize({ width: 1500, height: 720 })
    await editor.page.waitForTimeout(300)
    await editor.page.screenshot({ path: `${SHOTS}/example-20.png` })
  })

  it('show the progress of a bulk run under the node', async () => {
    const inject = find('04', 'inject')
    const execute = find('04', 'action-execute')
    await editor.show(inject.z!)
    const seen = await editor.collectStatus(execute.id)
    await editor.press(inject.id)
    await editor.page.locator('.red-ui-debug-msg', { hasText: '199 worked, 1 failed' }).waitFor()
    assert.ok(
      (await seen()).some((text) => /^\d+\/200$/.test(text)),
      'no n/200 was shown',
    )
  })
})
