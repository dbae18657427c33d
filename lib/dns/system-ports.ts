import { systemClock, systemRandom } from '../system.ts'
import { sharedDnsCache } from './cache.ts'
import { sharedMemo } from './memo.ts'
import type { DnsPorts } from './resolver.ts'
import { createTcpTransport } from './transport/tcp.ts'
import { createUdpTransport } from './transport/udp.ts'

/** The real clock, sockets and codec, and the cache of this process if wanted. */
export async function systemDnsPorts(options: { readonly cache: boolean }): Promise<DnsPorts> {
  const { default: codec } = await import('dns-packet')
  const world = { clock: systemClock, random: systemRandom }
  return {
    clock: systemClock,
    codec,
    transports: { udp: createUdpTransport(world), tcp: createTcpTransport(world) },
    memo: await sharedMemo(),
    cache: options.cache ? await sharedDnsCache() : undefined,
  }
}
