// Sends messages through a flow and prints how many a second; `flowtest.bench.ts` starts it, with and without recording.
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type * as CountersModule from '../cli/flowtest/code-counters.ts'
import type * as EmbeddedModule from '../cli/flowtest/embedded.ts'
import type * as LastNodeModule from '../cli/flowtest/last-node.ts'
import type * as PrepareModule from '../cli/flowtest/prepare-case.ts'
import type * as RunModule from '../cli/flowtest/run-case.ts'
import type * as CoverageModule from '../lib/flowtest/code-coverage.ts'
import type * as TopologyModule from '../lib/flowtest/topology.ts'
import type { Tap } from '../cli/flowtest/embedded.ts'
import type { StoredNode } from '../lib/flowtest/flow-file.ts'

const require = createRequire(resolve('package.json'))
const { Embedded } = require('./dist/cli/flowtest/embedded.js') as typeof EmbeddedModule
const { CodeCounters } = require('./dist/cli/flowtest/code-counters.js') as typeof CountersModule
const { LastNode } = require('./dist/cli/flowtest/last-node.js') as typeof LastNodeModule
const { prepareCase } = require('./dist/cli/flowtest/prepare-case.js') as typeof PrepareModule
const { CaseTap } = require('./dist/cli/flowtest/run-case.js') as typeof RunModule
const { codeUnits } = require('./dist/lib/flowtest/code-coverage.js') as typeof CoverageModule
const { buildTopology } = require('./dist/lib/flowtest/topology.js') as typeof TopologyModule

const withCalls = process.argv[3] === 'calls'
const MESSAGES = withCalls ? 4000 : 20_000
const IN_FLIGHT = 50
const isRecording = process.argv[2] === 'recording'

const place = { z: 'tab', x: 100, y: 100 }
const schema =
  '{"type":"object","required":["recordId","priority"],"properties":{"recordId":{"type":"string"},"priority":{"enum":["high","standard"]}}}'
const flows: StoredNode[] = [
  { id: 'tab', type: 'tab', label: 'Rate' },
  {
    ...place,
    id: 'map',
    type: 'function',
    name: 'Map',
    outputs: 1,
    func: "const { interaction, contact, data } = msg.payload\nmsg.payload = {\n  recordId: `rec-${interaction.id}`,\n  priority: contact?.attributes?.tier === 'premium' ? 'high' : 'standard',\n  issueCategory: data?.customFields?.issueCategory ?? 'general',\n}\nreturn msg",
    wires: [['id']],
  },
  {
    ...place,
    id: 'id',
    type: 'uuid-gen',
    name: 'Id',
    version: 1,
    output: 'id',
    outputType: 'msg',
    registry: 'none',
    wires: [['check']],
  },
  {
    ...place,
    id: 'check',
    type: 'schema-validate',
    name: 'Check',
    version: 1,
    source: 'inline',
    schema,
    wires: [[withCalls ? 'execute' : 'end'], []],
  },
  { id: 'auth', type: 'cxone-auth', version: 1, profile: 'sandbox' },
  {
    ...place,
    id: 'execute',
    type: 'action-execute',
    name: 'Execute',
    version: 1,
    auth: 'auth',
    actionId: 'crm-customer-lookup',
    actionIdType: 'str',
    inputs: '{"customerId":"CUST-4412"}',
    inputsType: 'json',
    wires: [['end']],
  },
  { ...place, id: 'end', type: 'debug', name: 'End', active: false, wires: [] },
]

const folder = await mkdtemp(join(tmpdir(), 'cxone-rate-'))
const embedded = await Embedded.start({
  nodeRed: undefined,
  folder,
  packageRoot: resolve('.'),
  userDir: undefined,
  log: () => undefined,
})
const { red } = embedded
const topology = buildTopology(flows)
if (isRecording) CodeCounters.start().expect(await codeUnits(topology), topology)
const lastNode = new LastNode(join(folder, 'last-node'))
lastNode.expect(topology.running.keys())
const suite = {
  cases: [{ name: 'rate', trigger: { node: 'Map', message: {} }, expect: [{ node: 'End', reached: true }] }],
}
const prepared = await prepareCase({ id: 0, suite, base: '.', flows }, 0, {
  topology,
  looks: new Map(),
  mark: (id) => lastNode.note(id),
})
// Without recording, nothing looks on.
const blind: Tap = {
  requested: (_method, _url, serve) => serve(),
  received: () => true,
  handled: () => undefined,
  sending: (_node, _out, send) => send(),
  delivered: () => undefined,
  completed: () => undefined,
  failing: (_node, _error, _message, report) => report(),
}
await embedded.deploy(flows, isRecording ? new CaseTap(prepared, (message) => message) : blind)
if (!isRecording) (red.hooks as unknown as { remove(name: string): void }).remove('*.flowtest')

let done = 0
let sent = 0
const end = Promise.withResolvers<undefined>()
const payload = {
  interaction: { id: 'i-774421' },
  contact: { attributes: { tier: 'premium' } },
  data: { customFields: { issueCategory: 'billing' } },
}
const start = red.nodes.getNode('map')
const send = (): void => {
  sent += 1
  start?.receive({ payload: structuredClone(payload) })
}
red.hooks.add('onReceive.rate', ({ destination }: { destination: { node: { id: string } } }) => {
  if (destination.node.id !== 'end') return
  done += 1
  if (done === MESSAGES) end.resolve(undefined)
  else if (sent < MESSAGES) setImmediate(send)
})
// Processor time: what else the machine does is not to count.
const before = process.cpuUsage()
for (let count = 0; count < IN_FLIGHT; count += 1) send()
await end.promise
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ rate: MESSAGES / ((user + system) / 1_000_000) }))
await rm(folder, { recursive: true, force: true })
process.exit()
