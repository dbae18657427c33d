// Memory of the endpoint: a result of 1,000,000 rows, streamed; and a long run at half of the peak rate. The long run takes
// BENCH_SOAK_MINUTES (1): ten for the figures of docs/performance.md.
import { setTimeout as delay } from 'node:timers/promises'
import { runOn } from '../test/support/postgres.ts'
import { endpointFlow, memoryOf, startFlows, type Started } from './endpoint-flows.ts'
import { bodies, serverWithTable, STATEMENT } from './endpoint-table.ts'
import { applyLoad } from './load.ts'
import { report } from './measure.ts'

const ROWS = 1_000_000
const MINUTES = Number(process.env['BENCH_SOAK_MINUTES'] ?? 1)
const database = await serverWithTable()
const url = database.url('postgres')
const credentials = { db: { connectionString: url } }

async function measureStream(): Promise<void> {
  const [db, entry, work, exit] = endpointFlow('') as Record<string, unknown>[]
  const stream = {
    ...work,
    sql: `select n as id, 'Customer ' || n as customer_name, n % 900 as seconds from generate_series(1, ${ROWS}) n`,
    params: [],
    result: 'stream',
    batchSize: 1000,
    maxCost: 0,
    statementTimeoutMs: 120_000,
    wires: [['count']],
  }
  const count = {
    id: 'count',
    type: 'function',
    z: 'tab',
    func: "const n = (context.get('n') ?? 0) + msg.payload.length\ncontext.set('n', n)\nif (!msg.complete) return null\nmsg.payload = { n }\nreturn msg",
    outputs: 1,
    libs: [],
    wires: [['out']],
  }
  const flow = await startFlows([db!, { ...entry, deadlineMs: 120_000 }, stream, count, exit!], credentials)
  const before = await memoryOf(flow)
  const answer = fetch(`http://127.0.0.1:${flow.port}/bench`, { method: 'POST', body: '{"variables":{}}' })
  const isAnswered = answer.then(() => true)
  let peak = before
  while (!(await Promise.race([isAnswered, delay(100, false)]))) peak = Math.max(peak, await memoryOf(flow))
  const { result } = (await (await answer).json()) as { result?: { n: number } }
  if (result?.n !== ROWS) throw new Error(`${result?.n} rows instead of ${ROWS}`)
  const title = `resident memory added by a stream of ${ROWS.toLocaleString('en')} rows`
  report({ name: title, unit: 'MB', ours: peak - before, target: 80, lowerIsBetter: true })
  flow.child.kill()
}

const connections = async (): Promise<number> => {
  const [row] = await runOn(
    url,
    `select count(*)::int as n from pg_stat_activity where application_name = 'cxone-flows'`,
  )
  return row!['n'] as number
}

async function soak(flow: Started): Promise<void> {
  const ask = { port: flow.port, path: '/bench', bodies, connections: 16 }
  const { perSecond } = await applyLoad({ ...ask, seconds: 5 })
  const rate = perSecond / 2
  await applyLoad({ ...ask, seconds: 45 }) // V8's heap takes about 100,000 requests to reach its size
  const before = { memory: await memoryOf(flow), connections: await connections() }
  const { requests, failures } = await applyLoad({ ...ask, seconds: MINUTES * 60, rate })
  if (Object.keys(failures).length > 0) throw new Error(`failures: ${JSON.stringify(failures)}`)
  const after = { memory: await memoryOf(flow), connections: await connections() }
  const title = `${MINUTES} minutes at ${Math.round(rate)} requests/s (${requests} requests)`
  report({
    name: `${title}: resident memory added`,
    unit: 'MB',
    ours: after.memory - before.memory,
    target: 20,
    lowerIsBetter: true,
  })
  report({
    name: `${title}: connections, after beside before`,
    unit: '',
    ours: after.connections,
    bare: before.connections,
    ratio: after.connections / before.connections,
    target: 1,
    lowerIsBetter: true,
  })
}

await measureStream()
const flow = await startFlows(endpointFlow(STATEMENT), credentials)
await soak(flow)
flow.child.kill()
await database.remove()
