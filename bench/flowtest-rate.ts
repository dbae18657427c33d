// Runs a case of many messages on a flow each time that it is asked to; `flowtest.bench.ts` starts it, with and without recording.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import type * as CountersModule from '../cli/flowtest/code-counters.ts'
import type * as EmbeddedModule from '../cli/flowtest/embedded.ts'
import type * as LastNodeModule from '../cli/flowtest/last-node.ts'
import type * as PrepareModule from '../cli/flowtest/prepare-case.ts'
import type * as RunModule from '../cli/flowtest/run-case.ts'
import type * as CoverageModule from '../lib/flowtest/code-coverage.ts'
import type * as TopologyModule from '../lib/flowtest/topology.ts'
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
/** One case; its messages pass five nodes, and a trace keeps 5000 hops. */
const MESSAGES = 1000
const IN_FLIGHT = 50
const isRecording = process.argv[2] === 'recording'
const folder = process.argv[4] ?? ''

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

const embedded = await Embedded.start({
  nodeRed: undefined,
  folder,
  packageRoot: resolve('.'),
  userDir: undefined,
  log: () => undefined,
})
const { red } = embedded
const topology = buildTopology(flows)
const counters = isRecording ? CodeCounters.start() : undefined
counters?.expect(await codeUnits(topology), topology)
const lastNode = new LastNode(join(folder, 'last-node'))
lastNode.expect(topology.running.keys())
const suite = {
  cases: [{ name: 'rate', trigger: { node: 'Map', message: {} }, expect: [{ node: 'End', reached: true }] }],
}
const prepare = () =>
  prepareCase({ id: 0, suite, base: '.', flows }, 0, {
    topology,
    looks: new Map(),
    mark: (id) => lastNode.note(id),
  })
const payload = {
  interaction: { id: 'i-774421' },
  contact: { attributes: { tier: 'premium' } },
  data: { customFields: { issueCategory: 'billing' } },
}
let ended = (): void => undefined
red.hooks.add('onReceive.rate', ({ destination }: { destination: { node: { id: string } } }) => {
  if (destination.node.id === 'end') ended()
})

/** Runs one case. @returns its processor time, microseconds: what else the machine does is not to count. */
async function run(): Promise<number> {
  const tap = isRecording ? new CaseTap(await prepare(), (message) => message) : undefined
  await embedded.deploy(flows, tap)
  const start = red.nodes.getNode('map')
  let [done, sent] = [0, 0]
  const send = (): void => {
    if (sent === MESSAGES) return
    sent += 1
    start?.receive({ payload: structuredClone(payload) })
  }
  const end = Promise.withResolvers<undefined>()
  ended = () => {
    done += 1
    if (done === MESSAGES) end.resolve(undefined)
    else setImmediate(send)
  }
  const before = process.cpuUsage()
  for (let count = 0; count < IN_FLIGHT; count += 1) send()
  await end.promise
  const { user, system } = process.cpuUsage(before)
  await new Promise(setImmediate)
  check(tap)
  return user + system
}

// What was recorded must be all of it: each hop, and each branch.
function check(tap: InstanceType<typeof CaseTap> | undefined): void {
  const code = counters?.take()['map/body']?.branches
  if (!tap) return
  const { hops, dropped } = tap.recorder.trace
  assert.equal(hops.length + dropped, withCalls ? 5 * MESSAGES : 4 * MESSAGES)
  assert.ok(hops.slice(0, 200).every(({ node, sends }) => node === 'end' || sends[0]?.changes?.length))
  assert.deepEqual(code, [MESSAGES, MESSAGES, 0, 0])
}

process.on('message', () => void run().then((time) => process.send?.(time)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
