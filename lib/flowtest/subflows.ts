import { configError } from '../errors.ts'
import { nameOf, type StoredNode } from './flow-file.ts'
import type { Canvas } from './topology.ts'

/** The template of a subflow instance, by the type of the instance; undefined for every other node. */
export const subflowOf = (type: string): string | undefined =>
  type.startsWith('subflow:') ? type.slice('subflow:'.length) : undefined

/** A node as the runtime knows it. */
export interface Running {
  /** Its id in the flow file. */
  readonly id: string
  /** The subflow instances that it lies in, outermost first, as the runtime knows them; empty on a tab. */
  readonly path: readonly string[]
}

/**
 * The nodes of all enabled tabs as the runtime will make them: it copies the nodes of a subflow for each instance and calls
 * them `<instance>-<id>`.
 *
 * @throws `CONFIG_INVALID` when a subflow is missing or holds itself.
 */
export function expandInstances(
  file: readonly StoredNode[],
  stored: ReadonlyMap<string, StoredNode>,
  canvases: ReadonlyMap<string, Canvas>,
): { readonly running: ReadonlyMap<string, Running>; readonly used: ReadonlySet<string> } {
  const running = new Map<string, Running>()
  const used = new Set<string>()
  const byCanvas = Map.groupBy(file, ({ z }) => z ?? '')
  const enter = (canvas: string, path: readonly string[], above: readonly string[]): void => {
    for (const node of byCanvas.get(canvas) ?? []) {
      if (node['d'] === true || !('x' in node)) continue
      const id = path.length === 0 ? node.id : `${path.at(-1)}-${node.id}`
      running.set(id, { id: node.id, path })
      const template = subflowOf(node.type)
      if (template === undefined) continue
      if (!stored.has(template)) throw missingSubflow(node, template)
      if (above.includes(template)) throw cycle(above.slice(above.indexOf(template)), stored)
      used.add(template)
      enter(template, [...path, id], [...above, template])
    }
  }
  for (const { id, kind } of canvases.values()) if (kind === 'tab') enter(id, [], [])
  return { running, used }
}

function cycle(ids: readonly string[], stored: ReadonlyMap<string, StoredNode>): Error {
  const names = [...ids, ids[0] ?? ''].map((id) => {
    const node = stored.get(id)
    return node ? nameOf(node) : id
  })
  return configError('flows', `A subflow holds itself: ${names.join(' -> ')}; take one of the instances out`)
}

function missingSubflow(node: StoredNode, id: string): Error {
  return configError(
    'flows',
    `Node \`${nameOf(node)}\` (${node.id}) is an instance of subflow \`${id}\`, which the flow file does not hold: export it with its subflow`,
  )
}
