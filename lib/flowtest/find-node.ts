import { editDistance } from '../text/edit-distance.ts'
import { inputError } from '../errors.ts'
import type { Trigger } from './suite.ts'
import type { Topology, TopologyNode } from './topology.ts'

const MAX_CANDIDATES = 8
const MAX_NEAREST = 4

/**
 * Finds the node that a test case means: by id, by name, by `Tab/Name` (or `Subflow/Name`), by either with the type behind it
 * (`Name (type)`), or by type where no node has that name and only one is of the type.
 *
 * @param path place in the case file that errors name.
 * @throws `INPUT_INVALID` with `details.path` when there is none or more than one; the message lists candidates.
 */
export function findNode(topology: Topology, reference: string, path: string): TopologyNode {
  const nodes = [...topology.nodes.values()]
  const byId = topology.nodes.get(reference)
  if (byId) return byId
  const full = (node: TopologyNode): string =>
    `${topology.canvases.get(node.canvas)?.label ?? ''}/${node.name}`
  for (const same of [
    (node: TopologyNode) => node.name === reference,
    (node: TopologyNode) => full(node) === reference,
    (node: TopologyNode) => [node.name, full(node)].some((name) => `${name} (${node.type})` === reference),
    (node: TopologyNode) => node.type === reference,
  ]) {
    const found = nodes.filter(same)
    if (found.length === 1) return found[0] as TopologyNode
    if (found.length > 1) throw ambiguous(reference, path, found, full)
  }
  throw unknown(topology, reference, path, nodes, full)
}

/**
 * Finds the node that a trigger starts.
 *
 * @throws `INPUT_INVALID` as {@link findNode}, or when a node without a button is to be pressed.
 */
export function findTriggered(
  topology: Topology,
  { node: reference = '', inject }: Pick<Trigger, 'node' | 'inject'>,
  path: string,
): TopologyNode {
  if (inject !== true) return findNode(topology, reference, path)
  const buttons = new Map([...topology.nodes].filter(([, { type }]) => type === 'inject'))
  try {
    return findNode({ ...topology, nodes: buttons }, reference, path)
  } catch (error) {
    const other = [...topology.nodes.values()].find(({ id, name }) => id === reference || name === reference)
    if (!other || other.type === 'inject') throw error
    throw inputError(
      path,
      `Node \`${reference}\` (${other.type}) has no button to press: give it a \`message\` instead of \`inject\``,
    )
  }
}

function ambiguous(
  reference: string,
  path: string,
  found: readonly TopologyNode[],
  full: (node: TopologyNode) => string,
): Error {
  const list = found
    .slice(0, MAX_CANDIDATES)
    .map((node) => `\`${full(node)} (${node.type})\` with the id ${node.id}`)
  const more = found.length > MAX_CANDIDATES ? ` and ${found.length - MAX_CANDIDATES} more` : ''
  return inputError(
    path,
    `Node \`${reference}\` is ambiguous: ${list.join(', ')}${more}. Say which one: \`Name (type)\`, \`Tab/Name\` or the id`,
  )
}

function unknown(
  { stored }: Topology,
  reference: string,
  path: string,
  nodes: readonly TopologyNode[],
  full: (node: TopologyNode) => string,
): Error {
  const off = [...stored.values()].find(({ id, name }) => id === reference || name === reference)
  if (off) {
    return inputError(
      path,
      `Node \`${reference}\` does not run: it is disabled, lies on a disabled tab or in an unused subflow, or is a ${off.type} node`,
    )
  }
  const wanted = reference.toLowerCase()
  const near = nodes
    .map((node) => ({ node, distance: Math.min(...namesOf(node).map((name) => editDistance(wanted, name))) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_NEAREST)
  const list = near.map(({ node }) => `\`${full(node)}\``).join(', ')
  return inputError(
    path,
    `There is no node \`${reference}\`; the nearest are ${list || 'none: the flow file is empty'}`,
  )
}

const namesOf = ({ name, id, type }: TopologyNode): readonly string[] =>
  [name, id, type].map((text) => text.toLowerCase())
