// The endpoint that CXone calls, beside a bare HTTP server over the same table and Node-RED's own HTTP nodes without any
// database: in turn, each server in a process of its own, load from another process.
import { endpointFlow, start, startFlows } from './endpoint-flows.ts'
import { bodies, serverWithTable, STATEMENT } from './endpoint-table.ts'
import { applyLoad, type LoadResult } from './load.ts'
import { median, report } from './measure.ts'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 4)
/** The service of the tutorial answers 41 requests a second where the bare server answers 11,000, whatever the load. */
const TUTORIAL_OF_BARE = 41 / 11_000
const DEADLINE_MS = 8000

const nodeRedHttp = [
  { id: 'in', type: 'http in', z: 'tab', url: '/bench', method: 'post', wires: [['work']] },
  {
    id: 'work',
    type: 'function',
    z: 'tab',
    func: "msg.payload = { status: 'success', result: [{ id: Number(msg.payload.variables.customer_id), customer_name: 'Customer', account_status: 'open' }], message: 'Data action executed successfully' }\nreturn msg",
    outputs: 1,
    libs: [],
    wires: [['out']],
  },
  { id: 'out', type: 'http response', z: 'tab', wires: [] },
]
const database = await serverWithTable()
const url = database.url('postgres')
const servers = {
  bare: await start(new URL('./endpoint-bare-server.ts', import.meta.url), url),
  'node-red': await startFlows(nodeRedHttp),
  ours: await startFlows(endpointFlow(STATEMENT), { db: { connectionString: url } }),
}
type Name = keyof typeof servers
const load = (name: Name, connections: number, seconds: number): Promise<LoadResult> =>
  applyLoad({ port: servers[name].port, path: '/bench', bodies, connections, seconds })

const names = Object.keys(servers) as Name[]
const rates: Record<Name, number[]> = { bare: [], 'node-red': [], ours: [] }
for (const name of names) await load(name, 16, 2)
for (let round = 0; round < ROUNDS; round++) {
  for (const name of names) {
    const result = await load(name, 16, SECONDS)
    rates[name].push(result.perSecond)
    if (Object.keys(result.failures).length > 0)
      throw new Error(`${name} failed: ${JSON.stringify(result.failures)}`)
  }
}
const ours = median(rates.ours)
const beside = (name: Name, title: string, target: number): void => {
  const bare = median(rates[name])
  report({ name: title, unit: '1/s', ours, bare, ratio: ours / bare, target })
}
beside('bare', 'endpoint with all guards, beside bare node:http + pg', 0.6)
beside('node-red', 'endpoint with all guards, beside http in -> function -> http response', 0.7)
const tutorial = median(rates.bare) * TUTORIAL_OF_BARE
report({
  name: 'endpoint, beside the tutorial (scaled by the bare server)',
  unit: '1/s',
  ours,
  bare: tutorial,
  ratio: ours / tutorial,
  target: 150,
})

const crowded = await load('ours', 64, SECONDS)
report({
  name: 'endpoint at 64 connections: p99 beside p50',
  unit: 'ms',
  ours: crowded.p99,
  bare: crowded.p50,
  ratio: crowded.p99 / crowded.p50,
  target: 10,
  lowerIsBetter: true,
})
report({
  name: 'endpoint at 64 connections: slowest answer',
  unit: 'ms',
  ours: crowded.max,
  target: DEADLINE_MS,
  lowerIsBetter: true,
})

for (const { child } of Object.values(servers)) child.kill()
await database.remove()
