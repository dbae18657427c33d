// What one of our nodes costs a message, beside Node-RED's own change node: same runtime, same run, rounds in turn.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { median, report } from './measure.ts'

const require = createRequire(resolve('package.json'))
const HOPS = 20
const MESSAGES = 2000
const ROUNDS = 15

/** A chain of HOPS nodes of one type behind `<name>-0`, ending in a counter. */
function chain(name: string, node: object): object[] {
  return Array.from({ length: HOPS }, (_, i) => ({
    ...node,
    id: `${name}-${i}`,
    z: 'tab',
    name: '',
    wires: [[i === HOPS - 1 ? `${name}-end` : `${name}-${i + 1}`]],
  })).concat([{ id: `${name}-end`, z: 'tab', type: 'bench-end', name: '', wires: [] } as never])
}

const flows = [
  { id: 'tab', type: 'tab', label: 'bench' },
  ...chain('change', {
    type: 'change',
    rules: [{ t: 'set', p: 'topic', pt: 'msg', to: 'x', tot: 'str' }],
    reg: false,
  }),
  ...chain('ours', { type: 'bench-noop' }),
]

const NODES = `
const { onInput } = require(${JSON.stringify(resolve('dist/nodes/adapter/on-input.js'))})
module.exports = function (RED) {
  RED.nodes.registerType('bench-noop', function (def) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, async () => (msg) => { msg.topic = 'x'; return msg })
  })
  RED.nodes.registerType('bench-end', function (def) {
    RED.nodes.createNode(this, def)
    this.on('input', (msg, send, done) => { globalThis.benchEnd(); done() })
  })
}`

async function prepare(): Promise<string> {
  const userDir = await mkdtemp(join(tmpdir(), 'cxone-bench-'))
  const folder = join(userDir, 'node_modules/bench-nodes')
  await mkdir(folder, { recursive: true })
  const manifest = { name: 'bench-nodes', version: '1.0.0', 'node-red': { nodes: { bench: 'bench.js' } } }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await writeFile(join(folder, 'bench.js'), NODES)
  await writeFile(join(userDir, 'flows.json'), JSON.stringify(flows))
  return userDir
}

async function round(red: any, name: string): Promise<number> {
  const first = red.nodes.getNode(`${name}-0`)
  let left = MESSAGES
  const end = Promise.withResolvers<undefined>()
  ;(globalThis as any).benchEnd = () => --left === 0 && end.resolve(undefined)
  const started = performance.now()
  for (let i = 0; i < MESSAGES; i++) first.receive({ payload: i })
  await end.promise
  return ((performance.now() - started) * 1000) / (MESSAGES * HOPS)
}

const userDir = await prepare()
const red = require('node-red')
red.init({ userDir, flowFile: 'flows.json', httpAdminRoot: false, logging: { console: { level: 'off' } } })
const started = new Promise<void>((done) => red.events.once('flows:started', done))
await red.start()
await started

const samples: Record<string, number[]> = { change: [], ours: [] }
for (let i = 0; i < ROUNDS; i++) {
  for (const name of ['change', 'ours']) samples[name]!.push(await round(red, name))
}
const ours = median(samples['ours']!.slice(3))
const bare = median(samples['change']!.slice(3))
report({
  name: 'one hop through a no-op node',
  unit: 'µs',
  ours,
  bare,
  ratio: ours / bare,
  target: 4,
  lowerIsBetter: true,
})
await red.stop()
await rm(userDir, { recursive: true, force: true })
