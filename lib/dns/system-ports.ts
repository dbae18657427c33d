import { systemClock, systemRandom, systemSoon } from '../system.ts'
import { sharedDnsCache } from './cache.ts'
import { sharedMemo } from './memo.ts'
import type { DnsPorts } from './resolver.ts'
import type { TransportName } from './servers.ts'
import { createTcpTransport, createTlsTransport } from './transport/stream.ts'
import type { DnsTransports } from './transport/transport.ts'
import { createUdpTransport } from './transport/udp.ts'

/** The real clock, sockets and codec, and the cache of this process if wanted. */
export async function systemDnsPorts(options: {
  readonly cache: boolean
  readonly transport?: TransportName
}): Promise<DnsPorts> {
  const { default: codec } = await import('dns-packet')
  return {
    clock: systemClock,
    codec,
    transports: await systemTransports(options.transport),
    memo: await sharedMemo(),
    cache: options.cache ? await sharedDnsCache() : undefined,
  }
}

/** HTTP/2 is loaded only where it is asked for. */
async function systemTransports(wanted: TransportName = 'udp'): Promise<DnsTransports> {
  const world = { clock: systemClock, random: systemRandom, soon: systemSoon }
  const plain = { udp: createUdpTransport(world), tcp: createTcpTransport(world) }
  if (wanted === 'tls') return { ...plain, tls: createTlsTransport(world) }
  if (wanted !== 'https') return plain
  const { createHttpsTransport } = await import('./transport/https.ts')
  return { ...plain, https: createHttpsTransport(world) }
}
