// Signed deliveries beside bare undici POSTs of the same body, to a receiver in a process of its own. Rounds in turn.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Pool } from 'undici'
import { newCorrelationId } from '../dist/lib/correlation/correlation.js'
import { createHttpClient } from '../dist/lib/http/client.js'
import { systemClock, systemRandom } from '../dist/lib/system.js'
import { createWebhookSender } from '../dist/lib/webhook/sender.js'
import { median, report } from './measure.ts'

const DELIVERIES = 4000
const IN_FLIGHT = 8
const ROUNDS = 9

async function rate(send: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  const runners = Array.from({ length: IN_FLIGHT }, async () => {
    for (let n = 0; n < DELIVERIES / IN_FLIGHT; n += 1) await send()
  })
  await Promise.all(runners)
  return (DELIVERIES * 1000) / (performance.now() - started)
}

const child = fork(new URL('webhook-receiver.ts', import.meta.url), { execArgv: process.execArgv })
const [port] = (await once(child, 'message')) as [number]
const origin = `http://127.0.0.1:${port}`
const payload = { customer: 7, name: 'Ada Lovelace', orders: [{ id: 1, total: 12.5 }], note: 'x'.repeat(400) }
const body = JSON.stringify(payload)

const client = createHttpClient({ clock: systemClock })
const deliver = createWebhookSender(
  {
    send: client.send,
    lookup: () => Promise.resolve(['127.0.0.1']),
    clock: systemClock,
    random: systemRandom,
    newId: newCorrelationId,
  },
  {
    signature: 'standard-webhooks',
    secret: 'whsec_c2FuZGJveA==',
    previousSecret: '',
    envelope: 'cloudevents',
    source: '/bench',
    schedule: [0],
    timeoutMs: 10_000,
    concurrency: IN_FLIGHT,
    allowPrivate: true,
    allowHosts: [],
  },
)
const places = { url: 'url', eventType: 'eventType', payload: 'msg.payload' }
const correlationId = newCorrelationId()
const ours = async (): Promise<void> => {
  const { outcome } = await deliver({
    url: `${origin}/hook`,
    eventType: 'bench',
    payload,
    correlationId,
    places,
  })
  if (outcome !== 'delivered') throw new Error(outcome)
}
const pool = new Pool(origin, { connections: IN_FLIGHT })
const headers = { 'content-type': 'application/json' }
const bare = async (): Promise<void> => {
  const response = await pool.request({ method: 'POST', path: '/hook', headers, body })
  await response.body.dump()
}

const rates = { ours: [] as number[], bare: [] as number[], ratio: [] as number[] }
for (let round = 0; round < ROUNDS; round += 1) {
  const [mine, theirs] = [await rate(ours), await rate(bare)]
  if (round < 2) continue // warm-up
  rates.ours.push(mine)
  rates.bare.push(theirs)
  rates.ratio.push(mine / theirs)
}
report({
  name: `signed webhooks, ${IN_FLIGHT} in flight, beside undici's POSTs`,
  unit: '/s',
  ours: median(rates.ours),
  bare: median(rates.bare),
  ratio: median(rates.ratio),
})
await Promise.all([client.close(), pool.close()])
child.disconnect()
