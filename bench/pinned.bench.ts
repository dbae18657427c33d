// action-execute's lib call to addresses of a look-up (read anew for each call, in a new order) beside the same call by name, rounds
// in turn, at 16 in flight, to a server in a process of its own. Measured in processor time: the machine is shared.
import { newCorrelationId } from '../lib/correlation/correlation.ts'
import { readPin } from '../lib/dns/read-pin.ts'
import { systemClock } from '../lib/system.ts'
import { ACTION, INPUTS, ours, startServer } from './execute-sides.ts'
import { median, report } from './measure.ts'

const IN_FLIGHT = 16
const CALLS = 1000
const ROUNDS = 15

const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
let calls = 0

function dnsFacts(count: number): unknown {
  const turn = calls++ % count
  const found = addresses.slice(0, count)
  const rotated = [...found.slice(turn), ...found.slice(0, turn)]
  return { domain: 'api.sandbox.test', addresses: { public: [], private: rotated }, expiresAt }
}

/** Calls for each second of processor time. */
async function round(call: () => Promise<unknown>): Promise<number> {
  let left = CALLS
  const before = process.cpuUsage()
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  const { user, system } = process.cpuUsage(before)
  return CALLS / ((user + system) / 1e6)
}

async function compare(count: number, name: string): Promise<void> {
  const server = await startServer('sandbox')
  const side = ours(server.url)
  const call = (isPinned: boolean) => (): Promise<unknown> => {
    const connectTo = isPinned ? readPin(dnsFacts(count), 'msg.cxone.dns', systemClock.now()) : undefined
    return side.execute(ACTION, INPUTS, { correlationId: newCorrelationId(), timeoutMs: 10_000, connectTo })
  }
  const rates: Record<'ours' | 'bare' | 'ratio', number[]> = { ours: [], bare: [], ratio: [] }
  for (let i = -2; i < ROUNDS; i += 1) {
    // The side that goes first alternates, and the first rounds warm up.
    const got = { ours: 0, bare: 0 }
    for (const kind of i % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const))
      got[kind] = await round(call(kind === 'ours'))
    if (i < 0) continue
    rates.ours.push(got.ours)
    rates.bare.push(got.bare)
    rates.ratio.push(got.ours / got.bare)
  }
  await side.close()
  await server.close()
  const [ourRate, bareRate, ratio] = [median(rates.ours), median(rates.bare), median(rates.ratio)]
  report({ name, unit: 'calls/s of processor', ours: ourRate, bare: bareRate, ratio, target: 0.85 })
}

await compare(1, 'action-execute pinned to one address, beside unpinned')
await compare(3, 'action-execute pinned to three addresses, beside unpinned')
