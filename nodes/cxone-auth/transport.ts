import { configError } from '../../lib/errors.ts'
import type { ConnectionOptions } from '../../lib/http/connections.ts'
import type { NodeAPI } from '../adapter/types.ts'

interface TlsConfigNode {
  readonly valid?: boolean
  addTLSOptions(options: Record<string, unknown>): void
}

interface ProxyNode {
  readonly url?: string
  readonly noproxy?: readonly string[]
  readonly credentials?: { readonly username?: string; readonly password?: string }
}

/**
 * TLS and proxy of Node-RED's own `tls-config` and `http proxy` nodes.
 *
 * @throws `CONFIG_INVALID` (`tls`, `proxy`) when the node is missing or of no use.
 */
export function transportOf(
  RED: NodeAPI,
  { tls, proxy }: { readonly tls: string; readonly proxy: string },
): Pick<ConnectionOptions, 'tls' | 'proxy'> {
  return {
    ...(tls === '' ? {} : { tls: tlsOf(RED, tls) }),
    ...(proxy === '' ? {} : { proxy: proxyOf(RED, proxy) }),
  }
}

function tlsOf(RED: NodeAPI, id: string): Record<string, unknown> {
  const node = RED.nodes.getNode(id) as unknown as TlsConfigNode | null
  if (typeof node?.addTLSOptions !== 'function' || node.valid === false)
    throw configError('tls', `Property \`tls\`: the tls-config node \`${id}\` is missing, disabled or wrong`)
  const options: Record<string, unknown> = {}
  node.addTLSOptions(options)
  // What is undefined there would override a default here, that of checking certificates for one.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function proxyOf(RED: NodeAPI, id: string): NonNullable<ConnectionOptions['proxy']> {
  const node = RED.nodes.getNode(id) as unknown as ProxyNode | null
  const url = URL.parse(node?.url ?? '')
  if (!node || (url?.protocol !== 'http:' && url?.protocol !== 'https:'))
    throw configError(
      'proxy',
      `Property \`proxy\`: the http proxy node \`${id}\` is missing, or its URL is wrong`,
    )
  const { username, password } = node.credentials ?? {}
  return {
    url: url.href,
    noProxy: node.noproxy ?? [],
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  }
}
