import { inputError } from '../errors.ts'
import type { StoredNode } from './flow-file.ts'
import { isConfigNode } from './topology.ts'

/** Property values that replace those of a config node while tests run, by the node's name or id. */
export type Profiles = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What each config node becomes in tests, unless a profile of the suite says otherwise. */
const DEFAULTS: Readonly<Record<string, (auditFile: string) => Readonly<Record<string, unknown>>>> = {
  'cxone-auth': () => ({ profile: 'sandbox' }),
  'pg-database': () => ({ mode: 'embedded', dataDir: 'memory://' }),
  'shared-state': () => ({ mode: 'memory' }),
  'audit-trail': (path) => ({ sink: 'file', path }),
}

/** The folder of the user directory that the palette writes to. */
export const DATA_FOLDER = 'cxone'

/** Inject nodes fire only when a case says so. */
const SILENT = { once: false, repeat: '', crontab: '' }

/** What {@link withProfiles} takes. */
export interface ProfileOptions {
  readonly profiles: Profiles
  /** Credentials for tests, by the name or id of the node. */
  readonly credentials: Profiles
  /** A folder that the tests may write to. */
  readonly folder: string
}

/**
 * The nodes to run: those of the flow file with other values in config nodes, with test credentials, and with inject nodes that
 * do not fire by themselves. The stored nodes are not changed.
 *
 * @throws `INPUT_INVALID` naming a profile or a credential that fits no node or several.
 */
export function withProfiles(file: readonly StoredNode[], options: ProfileOptions): readonly StoredNode[] {
  const { profiles, credentials, folder } = options
  const isAny = (): boolean => true
  const changed = new Map<string, object>()
  const merge = (id: string, values: object): void => void changed.set(id, { ...changed.get(id), ...values })
  for (const node of file) {
    const defaults = isConfigNode(node) ? DEFAULTS[node.type] : undefined
    if (defaults) merge(node.id, defaults(`${folder}/${DATA_FOLDER}/audit-${node.id}.jsonl`))
    if (node.type === 'inject') merge(node.id, SILENT)
  }
  for (const [name, values] of Object.entries(profiles)) {
    merge(nodeNamed(file, name, `profiles.${name}`, isConfigNode).id, values)
  }
  for (const [name, values] of Object.entries(credentials)) {
    merge(nodeNamed(file, name, `credentials.${name}`, isAny).id, { credentials: values })
  }
  return file.map((node) => (changed.has(node.id) ? { ...node, ...changed.get(node.id) } : node))
}

function nodeNamed(
  file: readonly StoredNode[],
  name: string,
  path: string,
  fits: (node: StoredNode) => boolean,
): StoredNode {
  const nodes = file.filter(fits)
  const found = nodes.filter(({ id }) => id === name)
  const [node, second] = found.length > 0 ? found : nodes.filter((each) => each.name === name)
  if (node && !second) return node
  const known = nodes
    .filter((each) => each.name)
    .map((each) => `\`${each.name ?? ''}\` (${each.type}, id ${each.id})`)
  const problem = node ? 'is ambiguous' : 'fits no node'
  throw inputError(path, `\`${name}\` ${problem}; there are ${known.slice(0, 12).join(', ') || 'none'}`)
}
