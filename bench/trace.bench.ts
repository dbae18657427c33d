// What traces of live flows cost a message: off, on with 1 % and with 100 % sampling; same runtime, same run, rounds in turn.
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type * as LiveTracesModule from '../nodes/cxone-flows/live-traces.ts'
import type * as RuntimeModule from '../cli/runtime.ts'
import type { NodeAPI } from '../nodes/adapter/types.ts'
import { median, report } from './measure.ts'

const require = createRequire(resolve('package.json'))
const { startRuntime } = require('./dist/cli/runtime.js') as typeof RuntimeModule
const { LiveTraces } = require('./dist/nodes/cxone-flows/live-traces.js') as typeof LiveTracesModule

const ROUNDS = 15
const WARM_UP = 5
const IN_FLIGHT = 50
const place = { z: 'tab', x: 100, y: 100 }
const HOPS = 10
const schema = { type: 'object', required: ['recordId'], properties: { recordId: { type: 'string' } } }
const map =
  'const { interaction, contact } = msg.payload\nmsg.payload = { recordId: `rec-${interaction.id}`, tier: contact.tier }\nreturn msg'

const flows = [
  { id: 'tab', type: 'tab', label: 'Rate' },
  ...Array.from({ length: HOPS }, (_, i) => ({
    ...place,
    id: i === 0 ? 'change' : `change-${i}`,
    type: 'change',
    name: '',
    rules: [{ t: 'set', p: 'topic', pt: 'msg', to: 'x', tot: 'str' }],
    reg: false,
    wires: [[i === HOPS - 1 ? 'end' : `change-${i + 1}`]],
  })),
  { ...place, id: 'map', type: 'function', name: 'Map', outputs: 1, func: map, wires: [['id']] },
  {
    ...place,
    id: 'id',
    type: 'uuid-gen',
    name: '',
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
    name: '',
    version: 1,
    source: 'inline',
    schema: JSON.stringify(schema),
    wires: [['end'], []],
  },
  { ...place, id: 'end', type: 'debug', name: '', active: false, wires: [] },
]
const FLOWS = {
  change: { messages: 800, what: `${HOPS} change nodes` },
  map: { messages: 2000, what: 'function, uuid-gen and schema-validate' },
}
const MODES = {
  '1 %': { sample: 0.01, failed: false },
  '1 % and failed ones': { sample: 0.01, failed: true },
  '100 %': { sample: 1 },
  '100 % without changes': { sample: 1, changes: false },
}

const userDir = await mkdtemp(join(tmpdir(), 'cxone-bench-'))
const runtime = await startRuntime({ userDir, flows, port: 0, headless: true, logLevel: 'off' })
const { red } = runtime
const traces = new LiveTraces({ ...red, settings: {}, log: console } as unknown as NodeAPI)

/** Microseconds of the processor that one message takes. */
async function round(flow: keyof typeof FLOWS): Promise<number> {
  const { messages } = FLOWS[flow]
  const start = red.nodes.getNode(flow)!
  const end = Promise.withResolvers<undefined>()
  let [sent, done] = [0, 0]
  const send = (): void => {
    sent += 1
    start.receive({
      payload: { interaction: { id: 'i-774421' }, contact: { tier: 'premium', email: 'ann@example.com' } },
    })
  }
  red.hooks.add('onReceive.bench', ({ destination }: { destination: { node: { id: string } } }) => {
    if (destination.node.id !== 'end') return
    done += 1
    if (done === messages) end.resolve(undefined)
    else if (sent < messages) setImmediate(send)
  })
  ;(globalThis as any).gc?.()
  const before = process.cpuUsage()
  for (let i = 0; i < IN_FLIGHT; i += 1) send()
  await end.promise
  const { user, system } = process.cpuUsage(before)
  red.hooks.remove('*.bench')
  return (user + system) / messages
}

/** One mode beside off, in turn; what one leaves for the garbage collector does not weigh on the other. */
for (const [mode, settings] of Object.entries(MODES)) {
  const samples: Record<string, { on: number; off: number }[]> = { change: [], map: [] }
  for (let i = 0; i < ROUNDS; i += 1) {
    for (const flow of ['change', 'map'] as const) {
      const off = await round(flow)
      await traces.start(settings)
      const on = await round(flow)
      traces.stop()
      traces.clear()
      if (i >= WARM_UP) samples[flow]!.push({ on, off })
    }
  }
  for (const [flow, { what }] of Object.entries(FLOWS)) {
    report({
      name: `traces: a message through ${what}, ${mode}, beside off`,
      unit: 'µs of the processor',
      ours: median(samples[flow]!.map(({ on }) => on)),
      bare: median(samples[flow]!.map(({ off }) => off)),
      ratio: median(samples[flow]!.map(({ on, off }) => on / off)),
      ...(mode === '1 %' && flow === 'map' ? { target: 1.25, lowerIsBetter: true } : {}),
    })
  }
}
await runtime.stop()
await rm(userDir, { recursive: true, force: true })
