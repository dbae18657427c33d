import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { mergeExamples, readExamples, type Example } from './examples.ts'
import { startRuntime, type FlowNode, type NodeRed, type StoredNode } from './runtime.ts'

/** An example ends in debug nodes: those of a good end begin with this word, all others tell of a failure. */
const GOOD_END = /^Result/
/** Buttons that stop what another one has begun are for people. */
const STOP = /^Cancel/
const TIMEOUT_MS = 30_000
const READY_MS = 60_000

interface Step {
  readonly node: string
  readonly type: string
  count: number
  totalMs: number
}

interface Run {
  readonly steps: Map<string, Step>
  readonly failures: string[]
  open: number
  finish: () => void
}

/**
 * `cxone-flows demo`: runs every example once in a headless Node-RED and shows each step with its latency.
 *
 * @returns the exit code: 0 only if every example ran to its end.
 */
export async function demo(print: (line: string) => void = console.log): Promise<number> {
  const userDir = await mkdtemp(join(tmpdir(), 'cxone-demo-'))
  const examples = await readExamples()
  const runtime = await startRuntime({
    userDir,
    flows: mergeExamples(examples),
    port: 0,
    headless: true,
    logLevel: 'off',
  })
  try {
    await ready(runtime.url)
    let failed = 0
    for (const [index, example] of examples.entries()) {
      print(`[${index + 1}/${examples.length}] ${example.name}`)
      const run = await runExample(runtime.red, example)
      table(run).forEach(print)
      run.failures.forEach((failure) => print(`    FAILED  ${failure}`))
      if (run.failures.length > 0) failed += 1
    }
    print(
      failed === 0
        ? `All ${examples.length} examples ran to their end.`
        : `${failed} of ${examples.length} examples failed.`,
    )
    return failed === 0 ? 0 : 1
  } finally {
    await runtime.stop()
    await rm(userDir, { recursive: true, force: true })
  }
}

/** The embedded database takes seconds to start; the examples tell their own latency. */
async function ready(url: string): Promise<void> {
  const end = performance.now() + READY_MS
  while ((await fetch(`${url}cxone/health`)).status !== 200 && performance.now() < end) await delay(200)
}

async function runExample(red: NodeRed, { nodes }: Example): Promise<Run> {
  const injects = nodes.filter(({ type, name }) => type === 'inject' && !STOP.test(name ?? ''))
  const done = Promise.withResolvers<undefined>()
  const run: Run = {
    steps: new Map(),
    failures: [],
    open: injects.length,
    finish: () => done.resolve(undefined),
  }
  observe(red, nodes, run)
  const timer = setTimeout(() => {
    run.failures.push(`no end after ${TIMEOUT_MS / 1000} s`)
    run.finish()
  }, TIMEOUT_MS)
  injects.forEach(({ id }) => red.nodes.getNode(id)?.receive({}))
  await done.promise
  clearTimeout(timer)
  red.hooks.remove('*.cxone-demo')
  return run
}

interface Received {
  readonly msg: { readonly _msgid: string; readonly error?: { readonly message?: string } }
  readonly destination: { readonly node: FlowNode }
}

interface Completed {
  readonly msg: { readonly _msgid: string; readonly cxone?: { readonly endpoint?: object } }
  readonly node: { readonly id: string; readonly node: FlowNode }
  readonly error?: Error & { readonly code?: string }
}

function observe(red: NodeRed, nodes: readonly StoredNode[], run: Run): void {
  const ids = new Set(nodes.map(({ id }) => id))
  // A Catch node of its own: the example shows this failure.
  const shown = new Set(
    nodes.flatMap(({ type, scope }) => (type === 'catch' && scope ? (scope as string[]) : [])),
  )
  const entered = new Map<string, number>()
  red.hooks.add('onReceive.cxone-demo', ({ msg, destination: { node } }: Received) => {
    if (!ids.has(node.id)) return
    entered.set(`${msg._msgid} ${node.id}`, performance.now())
    if (node.type === 'debug') arrive(node, msg, run)
  })
  red.hooks.add('onComplete.cxone-demo', ({ msg, node: { node }, error }: Completed) => {
    const since = entered.get(`${msg._msgid} ${node.id}`)
    if (since === undefined) return
    entered.delete(`${msg._msgid} ${node.id}`)
    const step = run.steps.get(node.id) ?? { node: node.name ?? '', type: node.type, count: 0, totalMs: 0 }
    step.count += 1
    step.totalMs += performance.now() - since
    run.steps.set(node.id, step)
    // A failure behind an endpoint is answered to the caller, which shows it.
    if (error && !shown.has(node.id) && !msg.cxone?.endpoint)
      run.failures.push(`${node.name ?? node.type}: ${error.code ?? ''} ${error.message}`)
  })
}

function arrive(node: FlowNode, msg: Received['msg'], run: Run): void {
  const name = node.name ?? ''
  if (name.startsWith('Progress')) return
  if (!GOOD_END.test(name))
    run.failures.push(`${name}: ${msg.error?.message ?? 'a message went the wrong way'}`)
  run.open -= 1
  if (run.open === 0) setImmediate(run.finish)
}

function table({ steps }: Run): string[] {
  const rows = [...steps.values()].filter(({ type }) => type !== 'debug' && type !== 'inject')
  const width = Math.max(0, ...rows.map(({ node, type }) => (node || type).length))
  return rows.map(({ node, type, count, totalMs }) =>
    [
      '   ',
      (node || type).padEnd(width),
      type.padEnd(16),
      `${count} x`.padStart(6),
      `${(totalMs / count).toFixed(2)} ms`.padStart(12),
    ].join(' '),
  )
}
