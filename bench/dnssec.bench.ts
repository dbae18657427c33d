// Validation with nothing kept, with the zone's keys kept, and from the cache; the delay of the event loop meanwhile. The
// DNS server runs in a process of its own. Beside them the bare signature check of the same run, on which the rates of
// validation depend most: one for an answer whose keys are kept, six from the root down.
import { fork } from 'node:child_process'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createMemo } from '../dist/lib/dns/memo.js'
import type { DnsRequest } from '../dist/lib/dns/request.js'
import { createDnsResolver, type DnsResolver } from '../dist/lib/dns/resolver.js'
import { systemDnsPorts } from '../dist/lib/dns/system-ports.js'
import { median, report } from './measure.ts'

const ROUNDS = 5
const CHECKS = 4000
const NAMES = ['crm', 'orders', 'calendar', 'api', 'sink', 'mx1', 'mx2', 'ns1']
const LOOP_DELAY_MS = 20

const child = fork(new URL('dns-server.ts', import.meta.url), ['anchor'], { execArgv: process.execArgv })
const [told] = (await once(child, 'message')) as [string]
const [address = '', ...anchor] = told.split(' ')
const ports = await systemDnsPorts({ cache: true })

const options = {
  servers: [address],
  trustAnchors: anchor.join(' '),
  transport: 'udp',
  dnssec: 'validate',
  timeoutMs: 2000,
  lifetimeMs: 8000,
  maxCnameHops: 10,
  onLimit: 'wait',
} as const
const request = (label: string): DnsRequest => ({
  domain: `${label}.sandbox.test`,
  recordTypes: ['A'],
  ttlOverrideS: undefined,
  maxQueriesPerMinute: 1000,
  dnssecRequired: true,
})

/** Signature checks a second as validation makes them (P-256, on the thread pool), eight at a time. */
async function checks(): Promise<number> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const data = Buffer.alloc(150, 7)
  const signature = sign('sha256', data, privateKey)
  const check = () => new Promise((done) => verify('sha256', data, publicKey, signature, (_, ok) => done(ok)))
  const started = performance.now()
  let left = CHECKS
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await check()
    }
  }
  await Promise.all(Array.from({ length: 8 }, one))
  return (CHECKS * 1000) / (performance.now() - started)
}

/** The limit on questions is for flows: a resolver of its own for each thousand keeps it out of the measure. */
async function validations(count: number, make: () => Promise<DnsResolver>): Promise<number> {
  const started = performance.now()
  let left = count
  let resolver = await make()
  let uses = 0
  // Equal questions at the same time are one: each runner has a name of its own.
  const one = async (label: string): Promise<void> => {
    while (left > 0) {
      left -= 1
      if (uses++ >= 900) {
        uses = 0
        resolver = await make()
      }
      await resolver.resolve(request(label))
    }
  }
  await Promise.all(NAMES.map(one))
  return (count * 1000) / (performance.now() - started)
}

/** The rate, and that of bare checks, each round beside the other. */
async function rounds(
  measure: () => Promise<number>,
): Promise<{ rate: number; bare: number; ratio: number }> {
  const pairs: { rate: number; bare: number }[] = []
  for (let round = 0; round < ROUNDS; round += 1) pairs.push({ rate: await measure(), bare: await checks() })
  const counted = pairs.slice(1)
  return {
    rate: median(counted.map(({ rate }) => rate)),
    bare: median(counted.map(({ bare }) => bare)),
    ratio: median(counted.map(({ rate, bare }) => rate / bare)),
  }
}

const beside = ({ bare, ratio }: { bare: number; ratio: number }) => ({ bare, ratio })

const memo = await createMemo()
const kept = { ...ports, cache: undefined, memo }
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const warm = await rounds(() => validations(4000, () => Promise.resolve(createDnsResolver(kept, options))))
delay.disable()
report({
  name: 'validations with the zone keys kept (P-256), over UDP',
  unit: '/s',
  ours: warm.rate,
  target: 5000,
})
report({ name: 'the same, beside bare signature checks', unit: '/s', ours: warm.rate, ...beside(warm) })
report({
  name: 'delay of the event loop while validating, p99',
  unit: 'ms',
  ours: delay.percentile(99) / 1e6,
  target: LOOP_DELAY_MS,
  lowerIsBetter: true,
})

// Nothing kept: each look-up has a memory of its own.
async function cold(count: number): Promise<number> {
  const started = performance.now()
  let left = count
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const links = new Map<string, never>()
      const none = () => ({
        get: (name: string) => links.get(name),
        set: (name: string, link: unknown) => void links.set(name, link as never),
      })
      await createDnsResolver({ ...ports, cache: undefined, memo: none }, options).resolve(request('api'))
    }
  }
  await Promise.all(Array.from({ length: 16 }, one))
  return (count * 1000) / (performance.now() - started)
}
const colds = await rounds(() => cold(400))
report({
  name: 'validations with nothing kept, root to leaf',
  unit: '/s',
  ours: colds.rate,
  target: 800,
})
report({ name: 'the same, beside bare signature checks', unit: '/s', ours: colds.rate, ...beside(colds) })

const cached = createDnsResolver(ports, options)
await cached.resolve(request('api'))
const rates: number[] = []
for (let round = 0; round < ROUNDS; round += 1) {
  const started = performance.now()
  for (let n = 0; n < 200_000; n += 1) await cached.resolve(request('api'))
  rates.push((200_000 * 1000) / (performance.now() - started))
}
report({
  name: 'validated answers from the cache',
  unit: '/s',
  ours: median(rates.slice(1)),
  target: 500_000,
})
cached.close()
child.disconnect()
