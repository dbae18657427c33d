import { parseIp } from './addresses.ts'
import { parseName } from './names.ts'

/** How a question reaches its server. */
export type TransportName = 'udp' | 'tcp' | 'tls' | 'https'

/** Where a DNS server listens. */
export interface ServerAddress {
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
  /** What its certificate says, for TLS and HTTPS; left out: the address. */
  readonly name?: string
}

/** Where servers listen by default (RFC 7858, RFC 8484). */
const PORTS: Readonly<Record<TransportName, number>> = { udp: 53, tcp: 53, tls: 853, https: 443 }

/**
 * Reads `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:53`, each with or without the name of its
 * certificate: `192.0.2.1#dns.example`.
 *
 * @returns undefined when it is none of these; names are refused, because looking them up would need a server.
 */
export function parseServer(text: string, transport: TransportName = 'udp'): ServerAddress | undefined {
  const [place = '', name, ...more] = text.split('#')
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:]+))(?::(?<port>\d{1,5}))?$/.exec(place)
  const host = match?.groups?.['six'] ?? match?.groups?.['four'] ?? place
  const ip = parseIp(host)
  const port = Number(match?.groups?.['port'] ?? PORTS[transport])
  if (!ip || port < 1 || port > 65_535) return undefined
  if (match?.groups?.['six'] !== undefined && ip.family === 4) return undefined
  const server = { address: host, port, family: ip.family }
  if (name === undefined) return server
  const parsed = parseName(name)
  return more.length === 0 && 'name' in parsed && parsed.name !== ''
    ? { ...server, name: parsed.name }
    : undefined
}

/** A server as results and errors show it: `192.0.2.1:53`, `[2001:db8::1]:53`. */
export const serverText = ({ address, port, family }: ServerAddress): string =>
  family === 6 ? `[${address}]:${port}` : `${address}:${port}`

// One a question: it is made once a server.
const keys = new WeakMap<ServerAddress, string>()

/** Tells servers apart, by the name of their certificate too. */
export function serverKey(server: ServerAddress): string {
  const known = keys.get(server)
  if (known !== undefined) return known
  const made = `${serverText(server)}#${server.name ?? ''}`
  keys.set(server, made)
  return made
}
