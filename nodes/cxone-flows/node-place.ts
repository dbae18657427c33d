import type { NodePlace } from '../../lib/trace/live-trace.ts'
import type { HookNode } from '../../lib/trace/runtime-hooks.ts'
import type { NodeAPI } from '../adapter/types.ts'

/**
 * Finds where nodes lie. The runtime copies the nodes of a subflow for each instance and calls them `<instance>-<id>`; `z` is
 * the instance then.
 */
export function nodePlaces(RED: NodeAPI): (node: HookNode) => NodePlace {
  const known = new WeakMap<HookNode, NodePlace>()
  const placeOf = (node: HookNode): NodePlace => {
    const place = known.get(node) ?? find(node)
    known.set(node, place)
    return place
  }
  const find = ({ id, z = '' }: HookNode): NodePlace => {
    const instance = RED.nodes.getNode(z) as HookNode | null // null for a tab
    if (!instance) return { node: id, path: [], flow: z }
    const { node, path, flow } = placeOf(instance)
    return { node: id.startsWith(`${z}-`) ? id.slice(z.length + 1) : id, path: [...path, node], flow }
  }
  return placeOf
}
