import type { Failure } from '../ask.ts'
import { element } from '../element.ts'

/** A column or parameter. */
interface NamedType {
  readonly name: string
  readonly type: string
}

/** One step of a plan. */
interface PlanNode {
  readonly node: string
  readonly relation: string
  readonly index?: string
  readonly cost: number
  readonly depth?: number
}

interface Plan {
  readonly cost: number
  readonly fingerprint: string
  readonly nodes?: readonly PlanNode[]
}

/** What Check answers. */
export interface CheckAnswer {
  readonly kind: string
  readonly writes: boolean
  readonly parameters: readonly NamedType[]
  readonly columns: readonly NamedType[]
  readonly plan: Plan | null
  readonly limits: { readonly maxCost: number; readonly isWithin: boolean }
  readonly tables: readonly {
    readonly schema: string
    readonly name: string
    readonly columns: readonly (NamedType & { readonly used: boolean })[]
  }[]
  readonly warnings: readonly string[]
}

/** What Rehearse answers. */
export interface RehearseAnswer {
  readonly command: string
  readonly rowCount: number
  readonly affected?: number
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly locks: readonly { readonly relation: string; readonly mode: string }[]
  readonly plan: Plan | null
  readonly latencyMs: number
}

type Words = (key: string) => string

/** What PostgreSQL makes of the statement. */
export function checkReport(answer: CheckAnswer, words: Words): HTMLElement {
  const { kind, writes, parameters, columns, plan, limits, tables, warnings } = answer
  const title = `${kind.toUpperCase()} · ${words(writes ? 'report.writes' : 'report.reads')}`
  return element(
    'div',
    {},
    heading('check-circle', title),
    ...warnings.map((text) => element('p', { className: 'cxone-pg-problem' }, text)),
    ...costBar(plan, limits.maxCost, words),
    ...planTree(plan, words),
    ...table(
      words('report.parameters'),
      parameters.map(({ name, type }) => [name, type]),
    ),
    ...table(
      words('report.columns'),
      columns.map(({ name, type }) => [name, type]),
    ),
    ...table(
      words('report.tables'),
      tables.map(({ schema, name, columns: all }) => [`${schema}.${name}`, ...usedIn(all)]),
    ),
  )
}

// Of a wide table, the columns that the statement names say enough.
const usedIn = (columns: CheckAnswer['tables'][number]['columns']): readonly string[] => [
  columns
    .filter(({ used }) => used)
    .map(({ name, type }) => `${name} ${type}`)
    .join(', '),
]

/** What the statement did before it was rolled back. */
export function rehearseReport(answer: RehearseAnswer, maxCost: number, words: Words): HTMLElement {
  const { command, rowCount, affected = 0, rows, locks, plan, latencyMs } = answer
  const facts = [
    command,
    ...(affected === 0 || rows.length > 0 ? [counted(rowCount, 'row', words)] : []),
    ...(affected === 0 ? [] : [counted(affected, 'changedRow', words)]),
    `${latencyMs.toFixed(1)} ms`,
    words('report.rolledBack'),
  ]
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return element(
    'div',
    {},
    heading('undo', facts.join(' · ')),
    ...costBar(plan, maxCost, words),
    ...planTree(plan, words),
    ...table(
      words('report.locks'),
      locks.map(({ relation, mode }) => [relation, mode]),
    ),
    ...table(
      words('report.firstRows'),
      rows.map((row) => names.map((name) => shown(row[name]))),
      names,
    ),
  )
}

const counted = (count: number, what: 'row' | 'changedRow', words: Words): string =>
  `${count} ${words(`report.${count === 1 ? what : `${what}s`}`)}`

/** Why it failed. Places in the SQL are shown by line and column. */
export function failureReport(
  { code, message, details = {} }: Failure,
  sql: string,
  words: Words,
): HTMLElement {
  const { position, missing } = details
  const place = typeof position === 'number' ? placeIn(sql, position) : undefined
  return element(
    'div',
    {},
    heading('times-circle', code),
    element('p', {}, message),
    ...(place
      ? [element('p', {}, `${words('report.line')} ${place.line}, ${words('report.column')} ${place.column}`)]
      : []),
    ...(place ? [element('pre', {}, `${place.text}\n${' '.repeat(place.column - 1)}^`)] : []),
    ...(Array.isArray(missing)
      ? table(
          words('report.missing'),
          (missing as readonly Missing[]).map((each) => missingRow(each, words)),
        )
      : []),
  )
}

/** What a drifted table lacks. */
interface Missing {
  readonly table?: string
  readonly column?: string
  readonly parameter?: string
  readonly expected?: string
  readonly actual?: string | null
}

const missingRow = (
  { table: of, column, parameter, expected = '', actual }: Missing,
  words: Words,
): readonly string[] => [
  [of, column, parameter].filter((name) => name !== undefined).join('.'),
  expected,
  actual ?? words('report.gone'),
]

// PostgreSQL counts characters from 1, not UTF-16 units.
function placeIn(sql: string, position: number): { line: number; column: number; text: string } {
  const before = Array.from(sql).slice(0, position - 1)
  const line = before.filter((character) => character === '\n').length
  const column = before.length - before.lastIndexOf('\n')
  return { line: line + 1, column, text: sql.split('\n')[line] ?? '' }
}

const heading = (icon: string, text: string): HTMLElement =>
  element('strong', {}, element('i', { className: `fa fa-${icon}` }), ` ${text}`)

function costBar(plan: Plan | null, maxCost: number, words: Words): HTMLElement[] {
  if (!plan) return [element('p', {}, words('report.noPlan'))]
  const limit = maxCost === 0 ? words('report.noLimit') : `${words('report.of')} ${maxCost}`
  const text = `${words('report.cost')} ${plan.cost} ${limit} · ${words('report.plan')} ${plan.fingerprint}`
  if (maxCost === 0) return [element('p', {}, text)]
  const bar = element('meter', { max: maxCost, high: maxCost * 0.8, optimum: 0, value: plan.cost })
  bar.setAttribute('aria-label', text)
  return [element('p', {}, text), bar]
}

function planTree(plan: Plan | null, words: Words): HTMLElement[] {
  const { nodes = [], cost } = plan ?? {}
  if (nodes.length === 0) return []
  const rows = nodes.map((node) => {
    const name = element(
      'td',
      {},
      [node.node, node.relation, node.index ?? ''].filter((part) => part !== '').join(' · '),
    )
    name.style.paddingLeft = `${4 + 14 * (node.depth ?? 0)}px`
    const bar = element('meter', { max: Math.max(cost ?? 0, 1e-9), value: node.cost })
    return element('tr', {}, name, element('td', {}, bar), element('td', {}, String(node.cost)))
  })
  return [element('table', {}, element('caption', {}, words('report.steps')), element('tbody', {}, ...rows))]
}

function table(
  title: string,
  rows: readonly (readonly string[])[],
  names: readonly string[] = [],
): HTMLElement[] {
  if (rows.length === 0) return []
  const head =
    names.length === 0
      ? []
      : [element('thead', {}, element('tr', {}, ...names.map((name) => element('th', {}, name))))]
  const body = rows.map((cells) => element('tr', {}, ...cells.map((cell) => element('td', {}, cell))))
  return [element('table', {}, element('caption', {}, title), ...head, element('tbody', {}, ...body))]
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) as string | undefined)
  return text === undefined ? '' : text.length > 200 ? `${text.slice(0, 197)}...` : text
}
