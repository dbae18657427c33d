import { chromium, type Browser, type Page } from 'playwright-core'
import { until } from './until.ts'

/** Chromium as the tests run it. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** How many ports a node has. */
interface Ports {
  readonly inputs: number | undefined
  readonly outputs: number | undefined
}

interface EditorNode {
  id: string
  type: string
  _def: { category: string; defaults: object }
  [property: string]: unknown
}

/** What the tests ask of the editor's own global. */
interface EditorRed {
  nodes: {
    filterNodes(filter: { type: string }): { id: string; valid: boolean }[]
    getNodeHelp(type: string): string
    id(): string
    import(nodes: object[]): unknown
    createExportableNodeSet(nodes: object[]): Record<string, unknown>[]
    eachNode(visit: (node: EditorNode) => void): void
    node(id: string): {
      valid: boolean
      validationErrors?: string[]
      status?: { fill?: string; text?: string }
    } | null
  }
  view: {
    redraw(updateActive: boolean): void
    reveal(id: string): void
    select(selection: { nodes: object[] }): void
  }
  editor: { edit(node: object): void; editConfig(name: string, type: string, id: string): void }
  sidebar: { show(id: string): void }
  workspaces: { show(id: string): void; active(): string }
}
declare global {
  var RED: EditorRed
}

/** The Node-RED editor in a page, used as a person does: palette, canvas, forms, deploy. */
export class EditorPage {
  readonly page: Page
  constructor(page: Page) {
    this.page = page
  }

  static async open(browser: Browser, url: string, theme: 'light' | 'dark' = 'light'): Promise<EditorPage> {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, colorScheme: theme })
    await page.goto(url)
    await page.locator('#red-ui-palette .red-ui-palette-node').first().waitFor()
    await page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' })
    return new EditorPage(page)
  }

  /** Drags a node from the palette to the canvas; returns its id. */
  async drag(type: string, x: number, y: number): Promise<string> {
    const before = await this.#idsOf(type)
    const item = this.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`)
    await item.scrollIntoViewIfNeeded()
    const box = await item.boundingBox()
    const canvas = await this.page.locator('#red-ui-workspace-chart').boundingBox()
    if (!box || !canvas) throw new Error(`${type} is not in the palette`)
    await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await this.page.mouse.down()
    await this.page.mouse.move(canvas.x + x, canvas.y + y, { steps: 8 })
    await this.page.mouse.up()
    const added = (await this.#idsOf(type)).find((id) => !before.includes(id))
    if (!added) throw new Error(`dragging ${type} added no node`)
    return added
  }

  /** Waits until a node is drawn with this many ports. */
  async showsPorts(id: string, { inputs = 0, outputs = 0 }: Ports): Promise<void> {
    const node = this.page.locator(`[id="${id}"]`)
    await until(
      async () =>
        (await node.locator('.red-ui-flow-port-input').count()) === inputs &&
        (await node.locator('.red-ui-flow-port-output').count()) === outputs,
    )
  }

  /** Imports nodes into the tab that is shown; returns their new ids. */
  import(nodes: readonly object[]): Promise<string[]> {
    return this.page.evaluate((text) => {
      const z = RED.workspaces.active()
      const placed = (JSON.parse(text) as object[]).map((node, at) => ({
        x: 500,
        y: 700 + at * 60,
        wires: [[]],
        ...node,
        id: RED.nodes.id(),
        z,
      }))
      RED.nodes.import(placed)
      RED.view.redraw(true)
      return placed.map(({ id }) => id)
    }, JSON.stringify(nodes))
  }

  /** A node as the editor exports and deploys it. */
  exported(id: string): Promise<Record<string, unknown>> {
    return this.page.evaluate((wanted) => {
      const node = RED.nodes.node(wanted)
      if (!node) throw new Error(`no node ${wanted}`)
      return RED.nodes.createExportableNodeSet([node])[0]!
    }, id)
  }

  #idsOf(type: string): Promise<string[]> {
    return this.page.evaluate((name) => RED.nodes.filterNodes({ type: name }).map(({ id }) => id), type)
  }

  /** Opens the form of a node by a double click on it. */
  async edit(id: string): Promise<void> {
    await this.page.locator(`[id="${id}"]`).dblclick()
    await this.#trayIsOpen()
  }

  /** Opens the form of a config node. */
  async editConfig(type: string, id: string): Promise<void> {
    await this.page.evaluate(([t, i]) => RED.editor.editConfig('', t!, i!), [type, id])
    await this.#trayIsOpen()
  }

  async #trayIsOpen(): Promise<void> {
    await this.page.locator('.red-ui-tray').last().waitFor()
    await this.page.waitForTimeout(400) // the tray slides in
  }

  /** The texts of the labels of the open form, hidden rows left out. */
  labels(): Promise<string[]> {
    return this.page.locator('.red-ui-tray').last().locator('.form-row label:visible').allInnerTexts()
  }

  /** All text of the open form. */
  formText(): Promise<string> {
    return this.page.locator('.red-ui-tray').last().innerText()
  }

  /** Fills a field of the open form and returns the reason that the editor shows for it, if any. */
  async reasonFor(selector: string, value: string): Promise<string> {
    const field = this.page.locator('.red-ui-tray').last().locator(selector)
    await field.fill(value)
    await field.blur()
    await this.page.waitForTimeout(150)
    if (!(await field.evaluate((element) => element.classList.contains('input-error')))) return ''
    await field.hover()
    // Other tips may be open: the reason is the one that belongs to the field, and they all begin in lower case.
    const tip = this.page.locator('.red-ui-popover:visible', { hasText: /expected|is not|must/ }).first()
    await tip.waitFor()
    const text = await tip.innerText()
    await this.page.mouse.move(0, 0)
    return text
  }

  /** Chooses config nodes in the selects that the open form shows. */
  async choose(choices: Readonly<Record<string, string>>): Promise<void> {
    for (const [field, id] of Object.entries(choices)) {
      const select = this.page.locator('.red-ui-tray').last().locator(`select#node-input-${field}`)
      if (await select.isVisible()) await select.selectOption(id)
    }
  }

  /** Types into the TypedInputs of the open form. */
  async setTyped(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [field, value] of Object.entries(values)) {
      const row = this.page
        .locator('.red-ui-tray')
        .last()
        .locator('.form-row', { has: this.page.locator(`#node-input-${field}`) })
      const input = row.locator('input.red-ui-typedInput-input, .red-ui-typedInput-input input').first()
      await input.fill(value)
      await input.blur()
    }
  }

  /** Replaces the text of a code editor of the open form, by its id, as a person does. */
  async typeCode(id: string, text: string): Promise<void> {
    await this.page.locator(`#${id} .view-lines`).click()
    await this.page.keyboard.press('ControlOrMeta+a')
    await this.page.keyboard.press('Delete')
    await this.page.keyboard.insertText(text)
    await this.page.waitForTimeout(150)
  }

  /** Shows a tab. */
  async show(tab: string): Promise<void> {
    await this.page.evaluate((id) => RED.workspaces.show(id), tab)
    await this.page.waitForTimeout(300)
  }

  /** Presses the button of a node, such as an inject node. */
  async press(id: string): Promise<void> {
    await this.page.locator(`[id="${id}"] .red-ui-flow-node-button-button`).click()
  }

  /** The status that the canvas shows under a node. */
  statusOf(id: string): Promise<{ fill: string; text: string }> {
    return this.page.evaluate((node) => {
      const { fill = '', text = '' } = RED.nodes.node(node)?.status ?? {}
      return { fill, text }
    }, id)
  }

  /** Notes every text that the canvas shows under a node from now on; the function returned gives them. */
  async collectStatus(id: string): Promise<() => Promise<string[]>> {
    const label = this.page.locator(`[id="${id}"] .red-ui-flow-node-status-label`)
    await label.evaluate((element) => {
      const texts: string[] = []
      Object.assign(globalThis, { statusTexts: texts })
      const observer = new MutationObserver(() => void texts.push(element.textContent))
      observer.observe(element, { childList: true, characterData: true, subtree: true })
    })
    return () => this.page.evaluate(() => (globalThis as unknown as { statusTexts: string[] }).statusTexts)
  }

  /** What the editor finds wrong with a node. */
  errorsOf(id: string): Promise<readonly string[]> {
    return this.page.evaluate((node) => {
      const found = RED.nodes.node(node)
      return found?.valid ? [] : (found?.validationErrors ?? ['unknown'])
    }, id)
  }

  async done(): Promise<void> {
    await this.page.locator('.red-ui-tray').last().locator('#node-dialog-ok, #node-config-dialog-ok').click()
    await this.page.waitForTimeout(400)
  }

  async cancel(): Promise<void> {
    await this.page
      .locator('.red-ui-tray')
      .last()
      .locator('#node-dialog-cancel, #node-config-dialog-cancel')
      .click()
    await this.page.waitForTimeout(400)
  }

  /** The help text of a type of nodes, as Node-RED renders it. */
  helpOf(type: string): Promise<string> {
    return this.page.evaluate((name) => RED.nodes.getNodeHelp(name), type)
  }

  /** The help text that the Help sidebar shows for a node. */
  async help(id: string): Promise<string> {
    await this.page.evaluate((node) => RED.view.select({ nodes: [RED.nodes.node(node)!] }), id)
    await this.page.evaluate(() => RED.sidebar.show('help'))
    const body = this.page.locator('.red-ui-help').last()
    await body.waitFor()
    return body.innerText()
  }

  async deploy(): Promise<string> {
    await this.page.locator('#red-ui-header-button-deploy').click()
    const notice = this.page.locator('.red-ui-notification').last()
    await notice.waitFor()
    return notice.innerText()
  }
}
