// Memory over many messages through the nodes of example 01, against the sandbox, in one runtime.
import { readFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRuntime } from '../dist/cli/runtime.js'
import { report } from './measure.ts'

const MESSAGES = Number(process.env['MESSAGES'] ?? 200_000)
const IN_FLIGHT = 32
const MB = 1024 * 1024

interface StoredNode {
  id: string
  type: string
  name?: string
  wires?: string[][]
  props?: { p: string; v: string; vt: string }[]
}

const flows = JSON.parse(
  await readFile('examples/01-resolve-validate-execute-webhook.json', 'utf8'),
) as StoredNode[]
const inject = flows.find(({ type }) => type === 'inject')!
const ends = new Set(flows.filter(({ type }) => type === 'debug').map(({ id }) => id))
const first = inject.wires![0]![0]!
const template = Object.fromEntries(
  inject.props!.map(({ p, v, vt }) => [p, vt === 'json' ? (JSON.parse(v) as unknown) : v]),
)

const userDir = await mkdtemp(join(tmpdir(), 'cxone-bench-'))
// The debug nodes stay but do not print: what is measured is ours.
const quiet = flows.map((node) => (node.type === 'debug' ? { ...node, active: false } : node))
const runtime = await startRuntime({
  userDir,
  flows: quiet as never,
  port: 0,
  headless: true,
  logLevel: 'off',
})

let ended = 0
let failed = 0
let refill = (): void => undefined
const resultId = flows.find(({ type, name }) => type === 'debug' && name?.startsWith('Result'))!.id
runtime.red.hooks.add('onReceive.bench', (event: { destination: { node: { id: string } } }) => {
  const { id } = event.destination.node
  if (!ends.has(id)) return
  ended += 1
  if (id !== resultId) failed += 1
  refill()
})

async function send(count: number): Promise<void> {
  const goal = ended + count
  let sent = 0
  const done = Promise.withResolvers<undefined>()
  const next = (): void => {
    sent += 1
    runtime.red.nodes.getNode(first)!.receive(structuredClone(template))
  }
  refill = () => {
    if (ended >= goal) done.resolve(undefined)
    else if (sent < count) next()
  }
  for (let i = 0; i < Math.min(IN_FLIGHT, count); i++) next()
  await done.promise
}

const heap = (): number => {
  globalThis.gc!()
  return process.memoryUsage().heapUsed / MB
}

await send(MESSAGES / 10) // pools, caches and compiled code are there after this
const before = heap()
const started = performance.now()
for (let tenth = 1; tenth < 10; tenth++) {
  await send(MESSAGES / 10)
  console.error(`  ${(tenth + 1) * (MESSAGES / 10)} messages, heap ${heap().toFixed(1)} MB, failed ${failed}`)
}
const seconds = (performance.now() - started) / 1000
const after = heap()
await runtime.stop()
report({
  name: `heap growth over ${MESSAGES.toLocaleString('en')} messages through example 01`,
  unit: 'MB',
  ours: after - before,
  target: 10,
  lowerIsBetter: true,
})
report({ name: 'example 01, messages a second', unit: '/s', ours: (MESSAGES * 0.9) / seconds })
if (failed > 0) throw new Error(`${failed} messages failed`)
