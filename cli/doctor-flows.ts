import { readFile } from 'node:fs/promises'
import type { RouteOptions } from '../lib/doctor/network/route.ts'
import type { DoctorTenant } from '../lib/doctor/open-doctor.ts'
import { configError } from '../lib/errors.ts'
import { parseConfig } from '../nodes/cxone-auth/config.ts'

/** Where to look for tenants. */
interface FlowPlace {
  readonly file: string
  /** Id or name of one `cxone-auth` node. */
  readonly node: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A tenant with the way to it that its node has. */
export type FlowTenant = DoctorTenant & { readonly route: RouteOptions }

type StoredNode = Readonly<Record<string, unknown>>

/**
 * The `cxone-auth` nodes of a flow file, with their proxy and TLS nodes. Credentials are not in it.
 *
 * @throws `CONFIG_INVALID` for a file that is none, without such a node, or with a wrong one.
 */
export async function readTenants({ file, node, env }: FlowPlace): Promise<readonly FlowTenant[]> {
  const nodes = await readNodes(file)
  const all = nodes.filter(({ type }) => type === 'cxone-auth')
  const wanted = node === undefined ? all : all.filter(({ id, name }) => id === node || name === node)
  if (wanted.length === 0) {
    const which = node === undefined ? '' : ` \`${node}\``
    throw configError('flows', `${file} has no cxone-auth node${which}`)
  }
  return await Promise.all(
    wanted.map(async (stored) => {
      const settings = parseConfig(withEnvironment(stored, env))
      return { settings, route: await routeOf(nodes, settings) }
    }),
  )
}

async function readNodes(file: string): Promise<readonly StoredNode[]> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw configError('flows', `${file} cannot be read as a flow file: ${(error as Error).message}`, error)
  }
  const nodes = Array.isArray(value) ? value : (value as { flows?: unknown } | null)?.flows
  if (!Array.isArray(nodes)) throw configError('flows', `${file} is no flow file: expected a list of nodes`)
  return nodes.filter((each): each is StoredNode => typeof each === 'object' && each !== null)
}

/** As Node-RED does: a property that is `${NAME}` and nothing else. */
function withEnvironment(stored: StoredNode, env: FlowPlace['env']): StoredNode {
  const replaced = Object.entries(stored).map(([name, value]) => {
    const variable = typeof value === 'string' ? /^\$\{(\S+)\}$/.exec(value)?.[1] : undefined
    return [name, variable === undefined ? value : (env[variable] ?? '')] as const
  })
  return Object.fromEntries(replaced)
}

async function routeOf(
  nodes: readonly StoredNode[],
  { proxy, tls }: { readonly proxy: string; readonly tls: string },
): Promise<RouteOptions> {
  const find = (id: string): StoredNode | undefined =>
    id === '' ? undefined : nodes.find((node) => node['id'] === id)
  const url = find(proxy)?.['url']
  const ca = find(tls)?.['ca']
  return {
    ...(typeof url === 'string' && url !== ''
      ? { proxy: { url, noProxy: listOf(find(proxy)?.['noproxy']) } }
      : {}),
    ...(typeof ca === 'string' && ca !== '' ? { tls: { ca: await readFile(ca, 'utf8') } } : {}),
  }
}

const listOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
