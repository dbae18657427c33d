// action-execute's lib call at 16 in flight beside bare undici keep-alive POSTs of the same process to the same server,
// rounds in turn. Once to the sandbox, once to a server that only answers, which leaves less to hide behind. Both run in
// a process of their own.
import { bare, ours, startServer } from './execute-sides.ts'
import { median, report } from './measure.ts'

const IN_FLIGHT = 16
const CALLS = 2000
const ROUNDS = 15

/** Calls a second, with IN_FLIGHT calls at any time. */
async function round(call: () => Promise<unknown>): Promise<number> {
  let left = CALLS
  const started = performance.now()
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  return CALLS / ((performance.now() - started) / 1000)
}

async function compare(kind: string, name: string, target: number | undefined): Promise<void> {
  const server = await startServer(kind)
  const sides = { ours: ours(server.url), bare: await bare(server.url) }
  const rates: Record<'ours' | 'bare' | 'ratio', number[]> = { ours: [], bare: [], ratio: [] }
  for (let i = -2; i < ROUNDS; i += 1) {
    // The side that goes first alternates, and the first rounds warm up.
    const order = i % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)
    const got = { ours: 0, bare: 0 }
    for (const side of order) got[side] = await round(sides[side].call)
    if (i < 0) continue
    rates.ours.push(got.ours)
    rates.bare.push(got.bare)
    rates.ratio.push(got.ours / got.bare)
  }
  await Promise.all([sides.ours.close(), sides.bare.close()])
  await server.close()
  report({
    name,
    unit: 'calls/s',
    ours: median(rates.ours),
    bare: median(rates.bare),
    ratio: median(rates.ratio),
    ...(target === undefined ? {} : { target }),
  })
}

await compare('sandbox', 'action-execute over the sandbox, 16 in flight', 0.6)
await compare('bare', 'action-execute over a server that only answers, 16 in flight', undefined)
