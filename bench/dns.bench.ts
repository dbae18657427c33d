// Questions over UDP beside node's own resolver (c-ares), to a DNS server in a process of its own, by the clock and by
// processor time; equal questions; and answers from the cache. Rounds in turn.
import { fork } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { Lifetime } from '../dist/lib/dns/lifetime.js'
import { createDnsResolver } from '../dist/lib/dns/resolver.js'
import { parseServer } from '../dist/lib/dns/servers.js'
import { systemDnsPorts } from '../dist/lib/dns/system-ports.js'
import { createStubSource } from '../dist/lib/dns/stub.js'
import { Upstream } from '../dist/lib/dns/upstream.js'
import { systemClock } from '../dist/lib/system.js'
import { median, report } from './measure.ts'

const QUESTIONS = 8000
const IN_FLIGHT = 64
const ROUNDS = 9
const CACHED = 200_000
const EQUAL = 1000
const NAME = 'api.sandbox.test'

interface Rate {
  readonly wall: number
  readonly cpu: number
}

/** Calls a second, and calls a second of processor time, with IN_FLIGHT of them at a time. */
async function rate(ask: () => Promise<unknown>): Promise<Rate> {
  const [started, before] = [performance.now(), process.cpuUsage()]
  const runners = Array.from({ length: IN_FLIGHT }, async () => {
    for (let n = 0; n < QUESTIONS / IN_FLIGHT; n += 1) await ask()
  })
  await Promise.all(runners)
  const { user, system } = process.cpuUsage(before)
  return {
    wall: (QUESTIONS * 1000) / (performance.now() - started),
    cpu: (QUESTIONS * 1e6) / (user + system),
  }
}

const child = fork(new URL('dns-server.ts', import.meta.url), { execArgv: process.execArgv })
const [address] = (await once(child, 'message')) as [string]
const server = parseServer(address)
if (!server) throw new Error(`no address: ${address}`)
const options = { transport: 'udp', timeoutMs: 2000 } as const

const ports = await systemDnsPorts({ cache: true })
const upstream = new Upstream(ports, { ...options, servers: [server], trustAd: false })
const { signal } = new AbortController()
const source = createStubSource(ports.codec, upstream, false)
const beforeQuery = () => undefined
const budget = { signal, beforeQuery, beforeChainQuery: beforeQuery }
const ours = () => source({ name: NAME, type: 'A' }, { lifetime: new Lifetime(systemClock, 4000), ...budget })
const resolver = new Resolver()
resolver.setServers([address])
const bare = () => resolver.resolve4(NAME)

const pairs: { ours: Rate; bare: Rate }[] = []
for (let round = 0; round < ROUNDS; round += 1) {
  const pair = { ours: await rate(ours), bare: await rate(bare) }
  if (round >= 2) pairs.push(pair) // the others were warm-up
}
for (const [by, name] of [
  ['wall', 'a second'],
  ['cpu', 'a second of processor time'],
] as const) {
  report({
    name: `DNS questions over UDP ${name}, ${IN_FLIGHT} in flight, beside c-ares`,
    unit: '/s',
    ours: median(pairs.map((pair) => pair.ours[by])),
    bare: median(pairs.map((pair) => pair.bare[by])),
    ratio: median(pairs.map((pair) => pair.ours[by] / pair.bare[by])),
    target: 0.7,
  })
}

const lookups = { ...options, servers: [address], dnssec: 'ad', lifetimeMs: 4000, maxCnameHops: 10 } as const
const request = {
  domain: 'www.sandbox.test',
  recordTypes: ['A', 'AAAA'],
  ttlOverrideS: undefined,
  maxQueriesPerMinute: 60,
  dnssecRequired: true,
} as const

const cached = createDnsResolver(ports, { ...lookups, onLimit: 'fail' })
const equal = await Promise.all(
  Array.from({ length: EQUAL }, () => cached.resolve({ ...request, domain: NAME, recordTypes: ['A'] })),
)
report({
  name: `messages to the server for ${EQUAL} equal questions at the same time`,
  unit: '',
  ours: equal.reduce((sum, { queries }) => sum + queries, 0),
  target: 1,
  lowerIsBetter: true,
})

await cached.resolve(request)
const started = performance.now()
for (let n = 0; n < CACHED; n += 1) await cached.resolve(request)
const perSecond = (CACHED * 1000) / (performance.now() - started)
report({
  name: 'look-ups of A and AAAA along a chain, from the cache',
  unit: '/s',
  ours: perSecond,
  target: 500_000,
})
cached.close()
child.disconnect()
