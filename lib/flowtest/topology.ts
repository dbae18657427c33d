import { nameOf, type StoredNode } from './flow-file.ts'
import { expandInstances, subflowOf, type Running } from './subflows.ts'

/** A place on which nodes are drawn: a tab, or the template of a subflow. */
export interface Canvas {
  readonly id: string
  readonly label: string
  readonly kind: 'tab' | 'subflow'
}

/** A node that counts: on an enabled tab or in a subflow in use, not disabled, no comment, group or config node. */
export interface TopologyNode {
  readonly id: string
  readonly type: string
  readonly name: string
  readonly canvas: string
  /** How many outputs it has. */
  readonly outputs: number
  readonly stored: StoredNode
}

/** A connection over which messages pass. */
export interface Wire {
  readonly key: string
  readonly canvas: string
  /** Node, or subflow template where the wire begins at its input. */
  readonly from: string
  /** Output from 0 on; for links always 0. */
  readonly port: number
  /** Node, or subflow template where the wire ends at its output `toPort`. */
  readonly to: string
  readonly toPort?: number
  readonly kind: 'wire' | 'link'
}

/** What a flow file holds that tests can reach. */
export interface Topology {
  readonly canvases: ReadonlyMap<string, Canvas>
  readonly nodes: ReadonlyMap<string, TopologyNode>
  /** Joints of wires: they count neither as node nor as output, but their wires do. */
  readonly junctions: ReadonlyMap<string, StoredNode>
  readonly wires: readonly Wire[]
  /** The nodes as the runtime knows them: those inside a subflow once for each instance. */
  readonly running: ReadonlyMap<string, Running>
  readonly stored: ReadonlyMap<string, StoredNode>
}

const NO_NODES: ReadonlySet<string> = new Set(['tab', 'subflow', 'group', 'comment', 'junction'])

/** Config nodes have no place on a canvas: Node-RED itself tells them so. */
export const isConfigNode = (node: StoredNode): boolean =>
  !NO_NODES.has(node.type) && !('x' in node && 'y' in node)

/**
 * Works out what there is to reach in a flow file.
 *
 * @throws `CONFIG_INVALID` when a subflow is missing or holds itself.
 */
export function buildTopology(file: readonly StoredNode[]): Topology {
  const stored = new Map(file.map((node) => [node.id, node]))
  const canvases = canvasesOf(file)
  const { running, used } = expandInstances(file, stored, canvases)
  for (const [id, { kind }] of canvases) if (kind === 'subflow' && !used.has(id)) canvases.delete(id)
  const live = file.filter((node) => node['d'] !== true && canvases.has(node.z ?? '') && 'x' in node)
  const junctions = new Map(live.filter(({ type }) => type === 'junction').map((node) => [node.id, node]))
  const nodes = new Map(
    live
      .filter((node) => !NO_NODES.has(node.type) && !isConfigNode(node))
      .map((node) => [node.id, topologyNode(node, stored)]),
  )
  const ends = new Map<string, StoredNode>([
    ...junctions,
    ...[...nodes].map(([id, node]) => [id, node.stored] as const),
  ])
  return { canvases, nodes, junctions, wires: wiresOf(ends, canvases, stored), running, stored }
}

function canvasesOf(file: readonly StoredNode[]): Map<string, Canvas> {
  const canvases = new Map<string, Canvas>()
  for (const node of file) {
    if (node.type === 'subflow') canvases.set(node.id, { id: node.id, label: nameOf(node), kind: 'subflow' })
    if (node.type === 'tab' && node['disabled'] !== true)
      canvases.set(node.id, { id: node.id, label: nameOf(node), kind: 'tab' })
  }
  // A part of a flow that was exported alone has no tab of its own; Node-RED makes one.
  const known = new Set(file.filter(({ type }) => type === 'tab' || type === 'subflow').map(({ id }) => id))
  for (const { z } of file.filter((node) => 'x' in node && node.z !== undefined)) {
    if (z && !known.has(z) && !canvases.has(z)) canvases.set(z, { id: z, label: z, kind: 'tab' })
  }
  return canvases
}

function topologyNode(node: StoredNode, stored: ReadonlyMap<string, StoredNode>): TopologyNode {
  const template = subflowOf(node.type)
  const name = node.name || (template ? nameOf(stored.get(template) ?? node) : nameOf(node))
  const outputs = template ? listAt(stored.get(template), 'out').length : wiresAt(node).length
  return { id: node.id, type: node.type, name, canvas: node.z ?? '', outputs, stored: node }
}

const listAt = (node: StoredNode | undefined, property: string): readonly unknown[] => {
  const value = node?.[property]
  return Array.isArray(value) ? value : []
}

// One list an output.
const wiresAt = (node: StoredNode): readonly (readonly string[])[] =>
  listAt(node, 'wires').map((ends) => (Array.isArray(ends) ? (ends as string[]) : []))

function wiresOf(
  ends: ReadonlyMap<string, StoredNode>,
  canvases: ReadonlyMap<string, Canvas>,
  stored: ReadonlyMap<string, StoredNode>,
): readonly Wire[] {
  const wires = new Map<string, Wire>()
  const add = (wire: Omit<Wire, 'key'>): void => {
    const key = `${wire.from}:${wire.port}${wire.kind === 'link' ? '~' : '>'}${wire.to}${wire.toPort === undefined ? '' : `:${wire.toPort}`}`
    wires.set(key, { key, ...wire })
  }
  for (const [from, node] of ends) {
    const canvas = node.z ?? ''
    wiresAt(node).forEach((targets, port) => {
      for (const to of targets) if (ends.has(to)) add({ canvas, from, port, to, kind: 'wire' })
    })
    for (const to of linksOf(node)) {
      if (ends.get(to)?.type === 'link in') add({ canvas, from, port: 0, to, kind: 'link' })
    }
  }
  for (const { id, kind } of canvases.values()) {
    if (kind === 'subflow') subflowWires(stored.get(id), ends, add)
  }
  return [...wires.values()]
}

/** Link nodes reach others without a wire: those that a `link out` or a `link call` names. */
function linksOf(node: StoredNode): readonly string[] {
  const links = node['links']
  if (node.type === 'link out') return node['mode'] === 'return' ? [] : (listAt(node, 'links') as string[])
  if (node.type !== 'link call' || node['linkType'] === 'dynamic') return []
  return typeof links === 'string' ? [links] : (listAt(node, 'links') as string[]).slice(0, 1)
}

interface End {
  readonly id: string
  readonly port?: number
}

/** The ends of the wires at the inputs or outputs of a subflow template, one list an input or output. */
export const templateEnds = (template: StoredNode | undefined, side: 'in' | 'out'): readonly End[][] =>
  listAt(template, side).map((place) => (place as { wires?: End[] }).wires ?? [])

function subflowWires(
  template: StoredNode | undefined,
  ends: ReadonlyMap<string, StoredNode>,
  add: (wire: Omit<Wire, 'key'>) => void,
): void {
  if (!template) return
  const canvas = template.id
  templateEnds(template, 'in').forEach((targets, port) => {
    for (const { id } of targets) if (ends.has(id)) add({ canvas, from: canvas, port, to: id, kind: 'wire' })
  })
  templateEnds(template, 'out').forEach((sources, toPort) => {
    for (const { id, port = 0 } of sources) {
      if (ends.has(id) || id === canvas) add({ canvas, from: id, port, to: canvas, toPort, kind: 'wire' })
    }
  })
}
