import { parseIp } from './addresses.ts'

/** Where a DNS server listens. */
export interface ServerAddress {
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
}

const DNS_PORT = 53

/**
 * Reads `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:53`.
 *
 * @returns undefined when it is none of these; names are refused, because looking them up would need a server.
 */
export function parseServer(text: string): ServerAddress | undefined {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:]+))(?::(?<port>\d{1,5}))?$/.exec(text)
  const host = match?.groups?.['six'] ?? match?.groups?.['four'] ?? text
  const ip = parseIp(host)
  const port = Number(match?.groups?.['port'] ?? DNS_PORT)
  if (!ip || port < 1 || port > 65_535) return undefined
  if (match?.groups?.['six'] !== undefined && ip.family === 4) return undefined
  return { address: host, port, family: ip.family }
}

/** A server as results and errors show it: `192.0.2.1:53`, `[2001:db8::1]:53`. */
export const serverText = ({ address, port, family }: ServerAddress): string =>
  family === 6 ? `[${address}]:${port}` : `${address}:${port}`
