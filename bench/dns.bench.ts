// Questions over UDP beside node's own resolver (c-ares), to a DNS server in a process of its own; and answers from the
// cache. Rounds in turn.
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
const NAME = 'api.sandbox.test'

/** Calls a second with IN_FLIGHT of them at a time. */
async function rate(ask: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  const runners = Array.from({ length: IN_FLIGHT }, async () => {
    for (let n = 0; n < QUESTIONS / IN_FLIGHT; n += 1) await ask()
  })
  await Promise.all(runners)
  return (QUESTIONS * 1000) / (performance.now() - started)
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

const rates = { ours: [] as number[], bare: [] as number[], ratio: [] as number[] }
for (let round = 0; round < ROUNDS; round += 1) {
  const [mine, theirs] = [await rate(ours), await rate(bare)]
  if (round < 2) continue // warm-up
  rates.ours.push(mine)
  rates.bare.push(theirs)
  rates.ratio.push(mine / theirs)
}
report({
  name: `DNS questions over UDP, ${IN_FLIGHT} in flight, beside c-ares`,
  unit: '/s',
  ours: median(rates.ours),
  bare: median(rates.bare),
  ratio: median(rates.ratio),
  target: 0.7,
})

const cached = createDnsResolver(ports, {
  ...options,
  servers: [address],
  dnssec: 'ad',
  lifetimeMs: 4000,
  maxCnameHops: 10,
  onLimit: 'fail',
})
const request = {
  domain: 'www.sandbox.test',
  recordTypes: ['A', 'AAAA'],
  ttlOverrideS: undefined,
  maxQueriesPerMinute: 60,
  dnssecRequired: true,
} as const
await cached.resolve(request)
const started = performance.now()
for (let n = 0; n < CACHED; n += 1) await cached.resolve(request)
const perSecond = (CACHED * 1000) / (performance.now() - started)
report({ name: 'look-ups of A and AAAA along a chain, from the cache', unit: '/s', ours: perSecond })
cached.close()
child.disconnect()
