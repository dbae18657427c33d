import packet from 'dns-packet'
import type { Answer, Packet } from 'dns-packet'
import { createDnsCache } from '../../../lib/dns/cache.ts'
import { createMemo } from '../../../lib/dns/memo.ts'
import { dnsFault } from '../../../lib/dns/faults.ts'
import type { DnsRequest } from '../../../lib/dns/request.ts'
import {
  createDnsResolver,
  type DnsOptions,
  type DnsPorts,
  type DnsResolver,
} from '../../../lib/dns/resolver.ts'
import { serverText } from '../../../lib/dns/servers.ts'
import type { DnsTransport } from '../../../lib/dns/transport/transport.ts'
import type { Clock } from '../../../lib/ports.ts'

/** A clock that moves only when told to, or when somebody sleeps. */
export class ManualClock implements Clock {
  time = 1_800_000_000_000
  readonly slept: number[] = []

  now(): number {
    return this.time
  }

  monotonic(): number {
    return this.time
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.slept.push(ms)
    this.time += ms
    await Promise.resolve()
  }

  readonly after = (): (() => void) => () => undefined
}

/** What a server says: a message, silence, or a message made from the question. */
export type Script = (asked: {
  readonly name: string
  readonly type: string
  readonly server: string
  readonly query: Packet
}) => Buffer | Partial<Packet> | undefined

/** A transport without sockets. A message that is not the answer counts as silence, which takes all the time there is. */
export class ScriptedTransport implements DnsTransport {
  readonly asked: string[] = []
  readonly queries: Packet[] = []
  closed = false
  readonly #script: Script
  readonly #clock: ManualClock

  constructor(clock: ManualClock, script: Script) {
    this.#clock = clock
    this.#script = script
  }

  readonly exchange: DnsTransport['exchange'] = async (exchange) => {
    await Promise.resolve()
    exchange.signal?.throwIfAborted()
    const query = packet.decode(exchange.query)
    const { name = '', type = 'A' } = query.questions?.[0] ?? {}
    const server = serverText(exchange.server)
    this.queries.push(query)
    this.asked.push(`${name} ${type}`)
    const said = this.#script({ name, type, server, query })
    const message = said === undefined || Buffer.isBuffer(said) ? said : reply(query, said)
    const value = message && exchange.read(message, 'none')
    if (value !== undefined) return value
    this.#clock.time += exchange.timeoutMs
    throw dnsFault('DNS_TIMEOUT', `No answer from ${server} within ${exchange.timeoutMs} ms`)
  }

  close(): void {
    this.closed = true
  }
}

/** An answer to a query: NOERROR with the AD bit and what `more` says. */
export const reply = (query: Packet, more: Partial<Packet> = {}): Buffer =>
  packet.encode({
    type: 'response',
    id: query.id,
    flags: packet.RECURSION_DESIRED | packet.AUTHENTIC_DATA,
    questions: query.questions,
    ...more,
  })

export const a = (name: string, data: string, ttl = 300): Answer => ({ type: 'A', name, ttl, data })
export const cname = (name: string, data: string, ttl = 300): Answer => ({ type: 'CNAME', name, ttl, data })
export const soa = (name: string, minimum = 60, ttl = 300): Answer => ({
  type: 'SOA',
  name,
  ttl,
  data: { mname: `ns.${name}`, rname: `admin.${name}`, serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
})

export const request: DnsRequest = {
  domain: 'www.example.test',
  recordTypes: ['A'],
  ttlOverrideS: undefined,
  maxQueriesPerMinute: 60,
  dnssecRequired: false,
}

/** A resolver over a script, with its own cache. */
export async function scripted(
  script: Script,
  options: Partial<DnsOptions> = {},
  cached = true,
): Promise<{ resolver: DnsResolver; clock: ManualClock; udp: ScriptedTransport; tcp: ScriptedTransport }> {
  const clock = new ManualClock()
  const udp = new ScriptedTransport(clock, script)
  const tcp = new ScriptedTransport(clock, script)
  const ports: DnsPorts = {
    clock,
    codec: packet,
    transports: { udp, tcp },
    memo: await createMemo(100),
    cache: cached ? await createDnsCache() : undefined,
  }
  const resolver = createDnsResolver(ports, {
    servers: ['192.0.2.1', '192.0.2.2:5353'],
    transport: 'udp',
    dnssec: 'ad',
    timeoutMs: 1000,
    lifetimeMs: 5000,
    maxCnameHops: 10,
    onLimit: 'fail',
    ...options,
  })
  return { resolver, clock, udp, tcp }
}

/** The error that a promise ends with. */
export async function failure(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; details: any }> {
  try {
    await promise
  } catch (error) {
    return error as never
  }
  throw new Error('expected a failure')
}
