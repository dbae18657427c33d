import { PARAM_TYPES } from '../../lib/postgres/coerce/param-type.ts'
import type { Template } from '../../lib/postgres/template/parse-template.ts'
import { fields, paramValue } from '../../nodes/pg-action/config.ts'
import { element } from '../element.ts'

/** A parameter as it is stored. */
export interface StoredParam {
  readonly name: string
  readonly type?: string
  readonly required?: boolean
  readonly default?: unknown
  readonly value?: string
  readonly valueType?: string
}

/** The rows of the parameters. */
export interface ParamList {
  /** Adds rows for new parameters and marks those that the statement no longer has. */
  follow(template: Pick<Template, 'names' | 'style'>): void
  read(): readonly StoredParam[]
}

type Words = (key: string) => string

/** A row of the list: the data that the list keeps, and its place on the page. */
interface Item {
  readonly param: StoredParam
  /** Added while the form is open: it goes as it came, unless somebody has filled it in. */
  isOwn: boolean
  row?: Row
}

/** Opens the list on an `<ol>`. */
export function openParamList(list: JQ, stored: readonly StoredParam[], words: Words): ParamList {
  const items = new Set<Item>()
  list.editableList({
    addButton: false,
    removable: true,
    addItem: (container: JQ, _index: number, item: Item) => {
      item.row = new Row(container, item.param, words)
      container.on('change', () => {
        item.isOwn = false
      })
      items.add(item)
    },
    removeItem: (item: Item) => items.delete(item),
  })
  const add = (param: StoredParam, isOwn: boolean): void => {
    const item: Item = { param, isOwn }
    list.editableList('addItem', item)
  }
  for (const param of stored) add(param, false)
  return {
    read: () => [...items].flatMap(({ row }) => (row ? [row.read()] : [])),
    follow: ({ names, style }) => {
      const present = [...items].map(({ param }) => param.name)
      const byPosition =
        style === 'positional' && present.length > 0 && !present.some((name) => /^\d+$/.test(name))
      if (!byPosition) for (const name of names.filter((each) => !present.includes(each))) add({ name }, true)
      for (const [index, item] of [...items].entries()) {
        const isThere = byPosition ? index < names.length : names.includes(item.param.name)
        if (!isThere && item.isOwn) list.editableList('removeItem', item)
        else item.row?.mark(isThere)
      }
    },
  }
}

class Row {
  readonly #stored: StoredParam
  readonly #words: Words
  readonly #type: HTMLSelectElement
  readonly #required: HTMLInputElement
  readonly #default: HTMLInputElement
  readonly #value: JQ
  readonly #problem: HTMLElement
  #isThere = true

  constructor(container: JQ, stored: StoredParam, words: Words) {
    this.#stored = stored
    this.#words = words
    this.#type = element(
      'select',
      {},
      ...PARAM_TYPES.map((type) => element('option', { value: type }, words(`types.${type}`))),
    )
    this.#type.value = stored.type ?? 'auto'
    this.#required = element('input', { type: 'checkbox', checked: stored.required !== false })
    this.#default = element('input', {
      type: 'text',
      placeholder: words('noDefault'),
      value: shownDefault(stored.default),
    })
    this.#problem = element('div', { className: 'cxone-pg-problem' })
    const value = element('input', { type: 'text' })
    const name = element('code', { title: stored.name }, stored.name)
    const required = element(
      'label',
      { title: words('requiredHint') },
      this.#required,
      ` ${words('required')}`,
    )
    container.addClass('cxone-pg-param')
    container.append($(name), $(this.#type), $(required), $(value), $(this.#default), $(this.#problem))
    this.#value = $(value)
    this.#openValue(stored)
    container.on('change', () => {
      this.#judge()
    })
    this.#judge()
  }

  read(): StoredParam {
    const valueType = this.#value.typedInput('type')
    return {
      name: this.#stored.name,
      type: this.#type.value,
      required: this.#required.checked,
      ...(this.#default.value === '' ? {} : { default: this.#default.value }),
      ...(valueType === VARIABLE ? {} : { value: this.#value.typedInput('value'), valueType }),
    }
  }

  /** Shows whether the statement has the parameter. */
  mark(isThere: boolean): void {
    this.#isThere = isThere
    this.#judge()
  }

  #openValue({ value = '', valueType = 'msg' }: StoredParam): void {
    const variable = { value: VARIABLE, label: this.#words('fromVariables'), hasValue: false }
    this.#value.css('width', '100%').typedInput({ default: VARIABLE, types: [variable, ...paramValue.kinds] })
    if (value === '') return
    this.#value.typedInput('type', valueType)
    this.#value.typedInput('value', value)
  }

  #judge(): void {
    const reason = fields.params.check([this.read()])?.replace(/^item 0: /, '')
    this.#problem.textContent = reason ?? (this.#isThere ? '' : this.#words('notInStatement'))
    this.#problem.hidden = this.#problem.textContent === ''
  }
}

/** The kind of value that is stored as none: the variable of the parameter's name. */
const VARIABLE = 'variable'

const shownDefault = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
