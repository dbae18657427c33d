// A batch of UUIDs of version 4 beside the bare library, and the memory of a full registry.
import { v4 } from 'uuid'
import { systemClock, systemRandom } from '../dist/lib/system.js'
import { UuidRegistry } from '../dist/lib/uuid/registry.js'
import { createUuidStep } from '../dist/lib/uuid/step.js'
import { median, report } from './measure.ts'

const COUNT = 100_000
const ROUNDS = 15
const REGISTERED = 1_000_000
const MB = 1024 * 1024

const run = createUuidStep(
  {
    mode: 'generate',
    uuidVersion: '4',
    format: 'canonical',
    registry: 'none',
    registryCapacity: 1,
    maxDuplicates: 0,
  },
  { clock: systemClock, random: systemRandom, nodeId: 'bench' },
)
const unused = { value: undefined, place: '' }
const { signal } = new AbortController()
const request = {
  payload: undefined,
  correlationId: '',
  count: { value: COUNT, place: 'count' },
  namespace: unused,
  name: unused,
  signal,
}

const sides = {
  ours: async () => (await run(request)).value as readonly string[],
  bare: () => {
    const ids: string[] = []
    while (ids.length < COUNT) ids.push(v4())
    return Promise.resolve(ids)
  },
}

/** Millions of UUIDs a second. */
async function rate(make: () => Promise<readonly string[]>): Promise<number> {
  const started = performance.now()
  const { length } = await make()
  return length / ((performance.now() - started) * 1000)
}

const rates: Record<'ours' | 'bare' | 'ratio', number[]> = { ours: [], bare: [], ratio: [] }
for (let i = -3; i < ROUNDS; i += 1) {
  // The side that goes first alternates, and the first rounds warm up.
  const order = i % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)
  const got = { ours: 0, bare: 0 }
  for (const side of order) got[side] = await rate(sides[side])
  if (i < 0) continue
  rates.ours.push(got.ours)
  rates.bare.push(got.bare)
  rates.ratio.push(got.ours / got.bare)
}
report({
  name: `batch of ${COUNT.toLocaleString('en')} UUIDs of version 4, without registry`,
  unit: 'M/s',
  ours: median(rates.ours),
  bare: median(rates.bare),
  ratio: median(rates.ratio),
  target: 0.5,
})

const inUse = (): number => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / MB
}

const before = inUse()
const registry = new UuidRegistry(REGISTERED)
const words = new Uint32Array(4)
while (registry.size < REGISTERED) {
  crypto.getRandomValues(words)
  registry.add(words)
}
const full = inUse() - before
if (registry.size !== REGISTERED) throw new Error(`the registry holds ${registry.size}`)
report({
  name: `memory of a registry of ${REGISTERED.toLocaleString('en')} UUIDs`,
  unit: 'MB',
  ours: full,
  target: 100,
  lowerIsBetter: true,
})
