import { configError } from '../errors.ts'

/** A node of a flow file, as it is stored. */
export interface StoredNode {
  readonly id: string
  readonly type: string
  readonly z?: string
  readonly name?: string
  readonly [property: string]: unknown
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Reads a flow file: the list that the editor exports, or `{flows: [...]}` as the admin API gives it.
 *
 * @param file name that errors show.
 * @throws `CONFIG_INVALID` when it is no JSON, no list of nodes, or an id stands for two nodes.
 */
export function parseFlowFile(text: string, file: string): readonly StoredNode[] {
  const nodes = listOf(parseJson(text, file))
  if (!nodes) {
    throw configError('flows', `${file}: expected a list of nodes, as the editor's Export gives it`)
  }
  const seen = new Map<string, number>()
  nodes.forEach((node, at) => {
    const { id, type } = isObject(node) ? node : {}
    if (typeof id !== 'string' || id === '' || typeof type !== 'string' || type === '') {
      throw configError('flows', `${file}: entry ${at + 1} is no node: it needs an \`id\` and a \`type\``)
    }
    const first = seen.get(id)
    if (first !== undefined) {
      throw configError('flows', `${file}: entries ${first + 1} and ${at + 1} have the same id \`${id}\``)
    }
    seen.set(id, at)
  })
  return nodes as readonly StoredNode[]
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw configError('flows', `${file}: no JSON: ${(cause as Error).message}`, cause)
  }
}

function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as readonly unknown[]
  return isObject(value) && Array.isArray(value['flows']) ? (value['flows'] as readonly unknown[]) : undefined
}

/** The name of a node as people know it: its name or label, else its type. */
export function nameOf(node: StoredNode): string {
  for (const text of [node.name, node['label']]) if (typeof text === 'string' && text !== '') return text
  return node.type
}
