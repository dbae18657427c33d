import { isConfigNode, templateEnds, type Canvas, type Topology } from '../topology.ts'
import type { StoredNode } from '../flow-file.ts'
import { nameOf } from '../flow-file.ts'
import { subflowOf } from '../subflows.ts'
import type { NodeLook } from '../node-looks.ts'
import type { Point } from './wire-path.ts'

/** A node as it is drawn; `x` and `y` are its centre. */
export interface Box extends Point {
  readonly id: string
  readonly type: string
  readonly label: string
  readonly color: string
  readonly width: number
  readonly height: number
  readonly hasInput: boolean
  readonly outputs: number
  /** Drawn without a label, as link nodes are. */
  readonly isSmall: boolean
  /** It does not run. */
  readonly isOff: boolean
  readonly kind: 'node' | 'junction' | 'comment' | 'subflow-in' | 'subflow-out'
}

/** A frame around nodes. */
export interface Frame extends Point {
  readonly label: string
  readonly width: number
  readonly height: number
}

/** What is drawn on one canvas. */
export interface Layout {
  readonly boxes: ReadonlyMap<string, Box>
  readonly frames: readonly Frame[]
  /** Left, top, width and height, with a margin. */
  readonly view: readonly [number, number, number, number]
}

const NARROW = /[fijlrt.,:;'|!()[\] -]/
// Helvetica at 14 px, near enough to give nodes the width that the editor gives them.
const textWidth = (text: string): number =>
  Array.from(text).reduce(
    (sum, character) => sum + (NARROW.test(character) ? 4.2 : /[A-Zmw@]/.test(character) ? 9.8 : 7.6),
    0,
  )

const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)

/** Places the nodes of a canvas as the editor does. */
export function layoutOf(canvas: Canvas, topology: Topology, looks: ReadonlyMap<string, NodeLook>): Layout {
  const boxes = new Map<string, Box>()
  const frames: Frame[] = []
  for (const node of topology.stored.values()) {
    if (node.z !== canvas.id || !('x' in node)) continue
    if (node.type === 'group') frames.push(frameOf(node))
    else if (!isConfigNode(node)) boxes.set(node.id, boxOf(node, topology, looks))
  }
  if (canvas.kind === 'subflow')
    for (const box of endsOf(topology.stored.get(canvas.id))) boxes.set(box.id, box)
  const edges = [
    ...[...boxes.values()].map(({ x, y, width, height }) => [
      x - width / 2,
      y - height / 2,
      x + width / 2,
      y + height / 2,
    ]),
    ...frames.map(({ x, y, width, height }) => [x, y, x + width, y + height]),
  ]
  const edge = (at: number, pick: (...values: number[]) => number): number =>
    pick(...edges.map((each) => each[at] ?? 0), 0)
  const left = edges.length === 0 ? 0 : Math.min(...edges.map(([x = 0]) => x)) - 30
  const top = edges.length === 0 ? 0 : Math.min(...edges.map(([, y = 0]) => y)) - 25
  return { boxes, frames, view: [left, top, edge(2, Math.max) + 40 - left, edge(3, Math.max) + 35 - top] }
}

const frameOf = (node: StoredNode): Frame => ({
  label: typeof node.name === 'string' ? node.name : '',
  x: number(node['x']),
  y: number(node['y']),
  width: number(node['w']),
  height: number(node['h']),
})

function boxOf(node: StoredNode, topology: Topology, looks: ReadonlyMap<string, NodeLook>): Box {
  const { id, type } = node
  const at = { id, type, x: number(node['x']), y: number(node['y']) }
  const known = topology.nodes.get(id)
  const isOff = !known && type !== 'comment' && type !== 'junction'
  if (type === 'junction')
    return {
      ...at,
      label: '',
      color: '#aaa',
      width: 10,
      height: 10,
      hasInput: true,
      outputs: 1,
      isSmall: true,
      isOff: !topology.junctions.has(id),
      kind: 'junction',
    }
  const template = topology.stored.get(subflowOf(type) ?? '')
  const label = known?.name ?? (node.name || nameOf(template ?? node))
  const outputs = known?.outputs ?? 0
  const inputs = template
    ? templateEnds(template, 'in').length
    : type === 'comment'
      ? 0
      : (looks.get(type)?.inputs ?? 1)
  const isSmall = 'l' in node ? node['l'] === false : type === 'link in' || type === 'link out'
  const lines = isSmall ? 1 : label.split('\\n').length
  const width = isSmall
    ? 30
    : Math.max(100, 20 * Math.ceil((textWidth(label) + 50 + (inputs > 0 ? 7 : 0)) / 20))
  const height = Math.max(6 + 24 * lines, outputs * 15, 30)
  const color = template ? colorOf(template) : (looks.get(type)?.color ?? '#DDDDDD')
  const kind = type === 'comment' ? 'comment' : 'node'
  return { ...at, label, color, width, height, hasInput: inputs > 0, outputs, isSmall, isOff, kind }
}

const colorOf = ({ color }: StoredNode): string => (typeof color === 'string' ? color : '#DDAA99')

// The ends of a subflow are squares that belong to no node.
function endsOf(template: StoredNode | undefined): readonly Box[] {
  const side = (name: 'in' | 'out'): readonly Box[] => {
    const places = template?.[name]
    return (Array.isArray(places) ? (places as Record<string, unknown>[]) : []).map((place, at) => ({
      id: endId(name, at),
      type: '',
      x: number(place['x']),
      y: number(place['y']),
      label: name === 'in' ? 'input' : `output ${at + 1}`,
      color: '#eeeeee',
      width: 40,
      height: 40,
      hasInput: name === 'out',
      outputs: name === 'in' ? 1 : 0,
      isSmall: true,
      isOff: false,
      kind: name === 'in' ? 'subflow-in' : 'subflow-out',
    }))
  }
  return [...side('in'), ...side('out')]
}

/** The id under which the input or an output of a subflow is drawn. */
export const endId = (side: 'in' | 'out', at: number): string => `\u0000${side}${at}`

/** Where a wire leaves a box at an output (from 0). */
export const outputPoint = ({ x, y, width, outputs }: Box, port: number): Point => ({
  x: x + width / 2,
  y: y - ((outputs - 1) / 2) * 13 + 13 * port,
})

/** Where a wire enters a box. */
export const inputPoint = ({ x, y, width }: Box): Point => ({ x: x - width / 2, y })
