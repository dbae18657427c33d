import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import type { Browser, Locator } from 'playwright-core'
import { EditorPage, launchBrowser } from '../../support/editor-page.ts'
import { makeUserDir, startNodeRed, type NodeRedProcess } from '../../support/node-red-process.ts'

const SHOTS = '.cache/screenshots'
/** The embedded database starts with the first question. */
const FIRST_ANSWER_MS = 60_000

const FLOWS = [
  { id: 'tab', type: 'tab', label: 'Customers' },
  {
    id: 'database',
    type: 'pg-database',
    name: 'Customers',
    mode: 'embedded',
    dataDir: 'memory://',
    initSql: `CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, status text NOT NULL);
      INSERT INTO customers SELECT i, 'Customer ' || i, 'active' FROM generate_series(1, 500) i`,
  },
  { id: 'endpoint', type: 'action-in', z: 'tab', path: '/crm/customers', x: 150, y: 100, wires: [['find']] },
  {
    id: 'find',
    type: 'pg-action',
    z: 'tab',
    name: 'Find',
    database: 'database',
    x: 350,
    y: 100,
    wires: [['answer']],
  },
  { id: 'answer', type: 'action-out', z: 'tab', x: 550, y: 100, wires: [] },
]

const SEARCH = `SELECT id, name FROM customers
WHERE id = :customer_id OR name ILIKE :search_term
ORDER BY id`

/** The form of a pg-action node, open in the editor. */
class ActionForm {
  readonly #editor: EditorPage
  readonly params: Locator
  readonly report: Locator

  constructor(editor: EditorPage) {
    this.#editor = editor
    this.params = editor.page.locator('#cxone-pg-action-params .cxone-pg-param')
    this.report = editor.page.locator('#cxone-pg-action-report')
  }

  async type(sql: string): Promise<void> {
    await this.#editor.typeCode('cxone-pg-action-sql', sql)
  }

  names(): Promise<string[]> {
    return this.params.locator('code').allInnerTexts()
  }

  async fill(samples: Readonly<Record<string, string>>): Promise<void> {
    const place = this.#editor.page.locator('#cxone-pg-action-samples')
    for (const [name, value] of Object.entries(samples))
      await place.getByLabel(name, { exact: true }).fill(value)
  }

  /** Presses the button; returns what is told once the title is there. */
  async ask(button: 'Check' | 'Rehearse', title: string): Promise<string> {
    await this.#editor.page.locator(`#cxone-pg-action-${button.toLowerCase()}`).click()
    await this.report.locator('strong', { hasText: title }).waitFor({ timeout: FIRST_ANSWER_MS })
    return this.report.innerText()
  }

  /** The rows of one of the tables that are told, their cells joined by spaces. */
  async rows(caption: string): Promise<string[]> {
    const rows = this.report
      .locator('table', { has: this.#editor.page.getByText(caption, { exact: true }) })
      .locator('tr')
    return (await rows.allInnerTexts()).map((row) => row.split(/\s+/).join(' ').trim())
  }
}

for (const version of ['5.0', '4.1'] as const) {
  describe(`answering from PostgreSQL in the editor of Node-RED ${version}`, function () {
    this.timeout(120_000)
    let red: NodeRedProcess
    let browser: Browser
    let editor: EditorPage
    let form: ActionForm

    before(async () => {
      await mkdir(SHOTS, { recursive: true })
      red = await startNodeRed(version, await makeUserDir(FLOWS, { linkPalette: true }))
      browser = await launchBrowser()
      editor = await EditorPage.open(browser, red.url)
      await editor.page.setViewportSize({ width: 1200, height: 1300 })
      form = new ActionForm(editor)
      await editor.edit('find')
    })

    after(async () => {
      await browser.close()
      await red.stop()
    })

    const shoot = (name: string): Promise<unknown> =>
      editor.page.screenshot({ path: `${SHOTS}/${version}-pg-action-${name}.png` })

    it('fills the parameters in from the SQL as it is typed', async () => {
      await form.type(SEARCH)
      assert.deepEqual(await form.names(), ['customer_id', 'search_term'])
      await form.type('SELECT name FROM customers WHERE id = :id')
      assert.deepEqual(await form.names(), ['id'], 'rows that nobody has filled in go as they came')
      await form.type(SEARCH)
    })

    it('marks a parameter that the SQL no longer has, and keeps what was set for it', async () => {
      await form.params.first().locator('select').first().selectOption('integer')
      await form.type('SELECT name FROM customers WHERE name ILIKE :search_term')
      assert.deepEqual(await form.names(), ['customer_id', 'search_term'])
      const problems = form.params.locator('.cxone-pg-problem:visible')
      assert.match((await problems.allInnerTexts()).join(), /^The statement has no such parameter/)
      await form.type(SEARCH)
      assert.equal(await problems.count(), 0)
      assert.equal(await form.params.first().locator('select').first().inputValue(), 'integer')
    })

    it('checks the SQL: types of the parameters, result columns, cost against the limit, tables', async () => {
      assert.match(
        await form.ask('Check', 'SELECT'),
        /reads only\s+Cost \d+(\.\d+)? of 1000 · plan [0-9a-f]{16}/,
      )
      assert.deepEqual(await form.rows('Parameters'), ['customer_id integer', 'search_term text'])
      assert.deepEqual(await form.rows('Result columns'), ['id integer', 'name text'])
      assert.deepEqual(await form.rows('Tables'), ['public.customers id integer, name text'])
      await form.report.scrollIntoViewIfNeeded()
      await shoot('check')
    })

    it('tells the place of what PostgreSQL refuses, and takes the report away once the SQL is another', async () => {
      await form.type('SELECT id,\n  nickname FROM customers WHERE id = :customer_id')
      const drift = await form.ask('Check', 'PG_SCHEMA_DRIFT')
      assert.match(drift, /column `nickname` is missing[^]*Line 2, character 3/)
      await form.type('SELECT id FROM customers WHERE id == :customer_id')
      assert.equal(await form.report.isVisible(), false)
      assert.match(await form.ask('Check', 'PG_'), /operator does not exist[^]*Line 1, character 35/)
      await shoot('refused')
    })

    it('rehearses with sample values: rows, locks, and nothing changed', async () => {
      await form.type('UPDATE customers SET status = :status WHERE id = :customer_id RETURNING id, status')
      await form.fill({ status: 'blocked', customer_id: '7' })
      assert.match(await form.ask('Rehearse', 'UPDATE'), /UPDATE · 1 row · 1 row changed · .* · rolled back/)
      assert.deepEqual(await form.rows('First rows'), ['id status', '7 blocked'])
      assert.ok((await form.rows('Locks taken')).includes('customers RowExclusiveLock'))
      await form.report.scrollIntoViewIfNeeded()
      await shoot('rehearse')
      await form.type('SELECT status FROM customers WHERE id = :customer_id')
      await form.fill({ customer_id: '7' })
      await form.ask('Rehearse', 'SELECT')
      assert.deepEqual(await form.rows('First rows'), ['status', 'active'])
    })

    it('names the sample that does not fit', async () => {
      await form.fill({ customer_id: 'seven' })
      assert.match(await form.ask('Rehearse', 'PG_PARAM_TYPE'), /customer_id/)
      await editor.cancel()
    })

    it('tests the connection of a database and shows what answered', async () => {
      await editor.editConfig('pg-database', 'database')
      await editor.page.getByRole('button', { name: 'Test connection' }).click()
      const result = editor.page.locator('#cxone-pg-database-result')
      await result.getByText('Connected').waitFor({ timeout: FIRST_ANSWER_MS })
      assert.match(await result.innerText(), /PostgreSQL: \d+[^]*Database: postgres[^]*Round trip: [\d.]+ ms/)
      await editor.page.screenshot({ path: `${SHOTS}/${version}-pg-database-test.png` })
    })

    it('keeps a wrong value marked after the field is left', async () => {
      await editor.page.locator('#node-config-input-mode').selectOption('server')
      assert.match(
        await editor.reasonFor('#node-config-input-port', '5432x'),
        /integer from 1 to 65535.*5432x/,
      )
      await editor.cancel()
    })

    it('shows the URL of an endpoint, which a button copies', async () => {
      await editor.edit('endpoint')
      const url = editor.page.locator('#cxone-action-in-url')
      assert.equal(await url.inputValue(), `${red.url}crm/customers`)
      await editor.page.locator('#node-input-path').fill('/crm/orders')
      assert.equal(await url.inputValue(), `${red.url}crm/orders`)
      assert.equal(
        await editor.page.locator('#cxone-action-in-simulate-url').inputValue(),
        `${red.url}crm/orders/simulate`,
      )
      await editor.page.locator('[data-copies="cxone-action-in-url"]').click()
      const name = editor.page.locator('#node-input-name')
      await name.focus()
      await editor.page.keyboard.press('ControlOrMeta+v')
      assert.equal(await name.inputValue(), `${red.url}crm/orders`)
      await editor.cancel()
    })
  })
}
