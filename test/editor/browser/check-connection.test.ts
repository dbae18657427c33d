import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import type { Browser, Locator } from 'playwright-core'
import { EditorPage, launchBrowser } from '../../support/editor-page.ts'
import { makeUserDir, startNodeRed, type NodeRedProcess } from '../../support/node-red-process.ts'
import { Cleanup, listenTcp } from '../../lib/doctor/lab.ts'

const SHOTS = '.cache/screenshots'

for (const version of ['5.0', '4.1'] as const) {
  describe(`Check in the form of cxone-auth, in Node-RED ${version}`, function () {
    this.timeout(60_000)
    const cleanup = new Cleanup()
    const problems: string[] = []
    let red: NodeRedProcess
    let browser: Browser
    let editor: EditorPage
    let result: Locator

    before(async () => {
      await mkdir(SHOTS, { recursive: true })
      const flows = [
        { id: 'tab', type: 'tab', label: 'Nodes' },
        { id: 'auth-1', type: 'cxone-auth', name: 'Sandbox', profile: 'sandbox' },
      ]
      red = await startNodeRed(version, await makeUserDir(flows, { linkPalette: true }))
      browser = await launchBrowser()
    })
    beforeEach(async () => {
      editor = await EditorPage.open(browser, red.url)
      editor.page.on('pageerror', (error) => problems.push(error.message))
      await editor.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      await editor.editConfig('cxone-auth', 'auth-1')
      result = editor.page.locator('#cxone-auth-result')
    })
    afterEach(async () => {
      await editor.page.close()
      await cleanup.run()
    })
    after(async () => {
      await browser.close()
      await red.stop()
    })

    const check = (): Promise<void> => editor.page.locator('#cxone-auth-check').click()
    const marksOf = (host: string): Promise<(string | null)[]> =>
      result
        .locator('section', { has: editor.page.locator('strong', { hasText: host }) })
        .locator('li')
        .evaluateAll((rungs) =>
          rungs.map((rung) => `${rung.querySelector('b')?.textContent} ${rung.getAttribute('data-mark')}`),
        )

    it('climbs a ladder to each host of the sandbox, and copies a report', async () => {
      await editor.page.locator('#cxone-auth-check-action').fill('order-status')
      await check()
      const copy = editor.page.getByRole('button', { name: 'Copy report' })
      await copy.waitFor()
      assert.match(await result.innerText(), /All hosts are well/)
      const rungs = ['name ok', 'address ok', 'TCP ok', 'TLS skipped', 'HTTP ok']
      assert.deepEqual(await marksOf('orders.sandbox.test'), rungs)
      await copy.scrollIntoViewIfNeeded()
      await editor.page.screenshot({ path: `${SHOTS}/${version}-check.png` })
      await copy.click()
      const report = await editor.page.evaluate(() => navigator.clipboard.readText())
      assert.match(report, /^CXone connection report\n\nResult {3}all well: 2 hosts/)
      assert.match(report, /orders\.sandbox\.test, DNSSEC secure/)
    })

    it('shows how far it has come while it works, with the form as it is now', async () => {
      const port = await listenTcp(() => undefined, cleanup)
      await editor.page.locator('#node-config-input-profile').selectOption('custom')
      await editor.page.locator('#node-config-input-tokenUrl').fill(`https://localhost:${port}/token`)
      await editor.page.locator('#node-config-input-apiBaseUrl').fill('http://127.0.0.1:9')
      await check()
      await result.locator('[data-mark="failed"]').first().waitFor()
      assert.deepEqual(await marksOf('127.0.0.1:9'), [
        'name skipped',
        'address ok',
        'TCP failed',
        'TLS skipped',
        'HTTP skipped',
      ])
      assert.deepEqual((await marksOf('localhost')).slice(2), ['TCP ok', 'TLS waiting', 'HTTP waiting'])
      assert.match(await result.innerText(), /Checking \.\.\./)
      await result.getByText('TLS_TIMEOUT').waitFor({ timeout: 20_000 })
      await editor.page.getByRole('button', { name: 'Copy report' }).scrollIntoViewIfNeeded()
      await editor.page.screenshot({ path: `${SHOTS}/${version}-check-failed.png` })
      const text = await result.innerText()
      assert.match(text, /There are failures \(2\/2\)/)
      assert.match(text, /HOST_REFUSED No TCP connection to 127\.0\.0\.1:9[^]*To do: Check the port/)
    })

    it('tells what is wrong with the form', async () => {
      await editor.page.locator('#node-config-input-profile').selectOption('tenant')
      await editor.page.locator('#node-config-input-tenant').fill('a.b')
      await check()
      await result.getByText('CONFIG_INVALID').waitFor()
      assert.match(
        await result.innerText(),
        /The check failed: CONFIG_INVALID Property `tenant`: expected one label/,
      )
    })

    it('raised no script error', () => {
      assert.deepEqual(problems, [])
    })
  })
}
