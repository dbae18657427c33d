import { isLoopbackHost } from './safe-url.ts'

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/**
 * Whether a URL is reached directly although a proxy is set. Entries as Node-RED's `http proxy` node takes them:
 * `host`, `host:port`, `.suffix`, `*.suffix`, or `*` for all. Loopback hosts are never reached through a proxy.
 */
export function bypassesProxy(url: URL, noProxy: readonly string[]): boolean {
  const { hostname } = url
  if (isLoopbackHost(hostname)) return true
  const port = url.port || DEFAULT_PORTS[url.protocol]
  return noProxy.some((entry) => {
    const [, host = '', onlyPort] = /^(.*?)(?::(\d+))?$/.exec(entry.trim().toLowerCase()) ?? []
    if (host === '' || (onlyPort !== undefined && onlyPort !== port)) return false
    if (host.startsWith('*')) return hostname.endsWith(host.slice(1))
    return host.startsWith('.') ? hostname.endsWith(host) : hostname === host
  })
}
