// The slice of the editor's RED object that the palette uses. @types/node-red types validators as one-argument
// functions that return a boolean and knows no labels.
type Validator = (this: EditorNode, value: unknown, options: unknown) => boolean | string

interface PropertyDef {
  value: unknown
  label?: string
  required?: boolean
  type?: string
  validate?: Validator
}

interface CredentialDef {
  type: 'text' | 'password'
}

type EditorNode = Record<string, unknown> & {
  id: string
  type: string
  name?: string
  _(key: string): string
  _def: NodeTypeDef
  /** The properties as the flow file has them, each as JSON; not of nodes that were just dragged. */
  _config?: Readonly<Record<string, string>>
}

interface NodeTypeDef {
  category: string
  defaults: Record<string, PropertyDef>
  credentials?: Record<string, CredentialDef>
  color?: string
  icon?: string
  inputs?: number
  outputs?: number
  outputLabels?: string | string[] | ((this: EditorNode, index: number) => string)
  paletteLabel?: string | ((this: EditorNode) => string)
  label?: string | ((this: EditorNode) => string)
  labelStyle?: string | ((this: EditorNode) => string)
  oneditprepare?: (this: EditorNode) => void
  oneditsave?: (this: EditorNode) => void
  oneditcancel?: (this: EditorNode) => void
  oneditdelete?: (this: EditorNode) => void
  oneditresize?: (this: EditorNode, size: { width: number; height: number }) => void
}

/** jQuery as the editor ships it: only what the palette calls. */
interface JQ {
  val(): string
  val(value: unknown): JQ
  prop(name: string): unknown
  prop(name: string, value: unknown): JQ
  attr(name: string, value: string): JQ
  text(value: string): JQ
  html(value: string): JQ
  empty(): JQ
  append(...items: (JQ | string)[]): JQ
  appendTo(target: JQ | string): JQ
  on(event: string, handler: (this: HTMLElement, event: Event) => void): JQ
  trigger(event: string): JQ
  toggle(show: boolean): JQ
  find(selector: string): JQ
  each(handler: (this: HTMLElement, index: number) => void): JQ
  addClass(name: string): JQ
  removeClass(name: string): JQ
  css(name: string, value: string): JQ
  length: number
  typedInput(options: { default?: string; types: (string | object)[]; typeField?: string }): JQ
  typedInput(command: 'type' | 'value'): string
  typedInput(command: 'type' | 'value', value: string): JQ
  typedInput(command: 'validate'): boolean
  editableList(optionsOrCommand: object | 'items'): JQ
  editableList(command: 'addItem' | 'removeItem', item: object): JQ
}

declare const $: {
  (selector: string | HTMLElement, attributes?: Record<string, string>): JQ
  ajax(options: {
    url: string
    type: string
    data?: string
    contentType?: string
    dataType?: string
    /** Handlers and settings of the XMLHttpRequest itself. */
    xhrFields?: { onprogress?: (event: ProgressEvent<XMLHttpRequest>) => void }
  }): {
    abort(): void
    then(
      done: (answer: unknown) => void,
      failed: (response: { responseJSON?: unknown; status: number }) => void,
    ): void
  }
}

declare const RED: {
  events: { on(event: 'nodes:add', handler: (node: EditorNode) => void): void }
  nodes: {
    registerType(type: string, def: NodeTypeDef): void
    node(id: string): EditorNode | null
  }
  plugins: { registerPlugin(id: string, def: object): void }
  editor: {
    /** The nodes whose forms are open, the topmost last. */
    getEditStack(): readonly EditorNode[]
    createEditor(options: {
      id: string
      mode: string
      value: string
      minimap?: { enabled: boolean }
      wordWrap?: 'on' | 'off'
      inlineSuggest?: { enabled: boolean }
    }): {
      getValue(): string
      setValue(text: string, cursor?: number): void
      destroy(): void
      focus(): void
      resize(): void
      getSession(): { on(event: 'change', handler: () => void): void }
    }
    /** Opens a text in an editor of the full width. */
    editText(options: {
      mode: string
      value: string
      width: string
      focus: boolean
      complete: (text: string) => void
    }): void
  }
  clipboard: {
    /** Shows `messageKey` beside the element. */
    copyText(text: string, element: JQ, messageKey: string): boolean
  }
  notify(text: string, type?: string): void
  sidebar: {
    addTab(options: {
      id: string
      label: string
      name: string
      content: HTMLElement
      iconClass: string
      /** Usable while a form is open. */
      enableOnEdit: boolean
      /** Called when it is shown. */
      onchange: () => void
    }): void
  }
  /** Shows a node on the canvas. */
  view: { reveal(id: string): void }
  settings: Readonly<Record<string, unknown>>
  _(key: string, values?: Record<string, string>): string
}
