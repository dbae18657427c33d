import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type * as ReadSuites from '../cli/flowtest/read-suites.ts'
import type * as RunSuites from '../cli/flowtest/run-suites.ts'
import { median, report } from './measure.ts'

const require = createRequire(resolve('package.json'))
const { readSuites } = require('./dist/cli/flowtest/read-suites.js') as typeof ReadSuites
const { runSuites } = require('./dist/cli/flowtest/run-suites.js') as typeof RunSuites

const NODES = 30
const CASES = 200
const WARM_UP = 5
const TURNS = 21

const folder = await mkdtemp(join(tmpdir(), 'cxone-bench-'))
try {
  await writeFile(join(folder, 'flow.json'), JSON.stringify(chain()))
  await writeFile(join(folder, 'flow.test.json'), JSON.stringify({ cases: cases() }))
  const options = { flows: undefined, cwd: folder, packageRoot: resolve('.') }
  const suites = await readSuites([join(folder, 'flow.test.json')], options)
  for (const coverage of [true, false]) {
    const run = await runSuites(suites, {
      packageRoot: resolve('.'),
      coverage,
      profile: false,
      workers: 2,
      signal: new AbortController().signal,
      onResult: ({ status, problems }) => {
        if (status !== 'passed') throw new Error(problems.join('\n'))
      },
    })
    const name = `flowtest: ${CASES} cases on ${NODES} nodes, 2 processes, coverage ${coverage ? 'on' : 'off'}`
    report({ name, unit: 's', ours: run.durationMs / 1000, target: 20, lowerIsBetter: true })
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

for (const [flow, what] of [
  ['calls', 'a transformation, uuid-gen, schema-validate and action-execute'],
  ['memory', 'a transformation, uuid-gen and schema-validate'],
] as const) {
  const times = await inTurn(flow)
  report({
    name: `flowtest: messages through ${what}, coverage and traces on, beside off`,
    unit: 'messages/s of one core',
    ours: 1000 / (median(times.map(({ ours }) => ours)) / 1_000_000),
    bare: 1000 / (median(times.map(({ bare }) => bare)) / 1_000_000),
    ratio: median(times.map(({ ours, bare }) => bare / ours)),
    target: 0.8,
  })
}

/**
 * Processor times of cases with and without recording, microseconds. Two processes, so that what one compiled helps no other;
 * they take turns, so that what else the machine does weighs on both.
 */
async function inTurn(flow: string): Promise<readonly { readonly ours: number; readonly bare: number }[]> {
  const home = await mkdtemp(join(tmpdir(), 'cxone-bench-'))
  const start = async (mode: string): Promise<() => Promise<number>> => {
    await mkdir(join(home, mode))
    const child = fork('bench/flowtest-rate.ts', [mode, flow, join(home, mode)], {
      execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'],
    })
    children.push(child)
    await once(child, 'message')
    return async () => {
      const answer = once(child, 'message')
      child.send('run')
      return ((await answer) as [number])[0]
    }
  }
  const children: ChildProcess[] = []
  const [ours, bare] = [await start('recording'), await start('plain')]
  const times: { ours: number; bare: number }[] = []
  for (let turn = 0; turn < WARM_UP + TURNS; turn += 1) times.push({ ours: await ours(), bare: await bare() })
  for (const child of children) {
    child.disconnect()
    await once(child, 'exit')
  }
  await rm(home, { recursive: true, force: true })
  return times.slice(WARM_UP)
}

/** An inject node, Function nodes in a row, and a debug node. */
function chain(): readonly object[] {
  const tab = { id: 'tab', type: 'tab', label: 'Chain', disabled: false, info: '' }
  const place = { z: 'tab', x: 100, y: 100 }
  const functions = Array.from({ length: NODES - 2 }, (_, at) => ({
    ...place,
    id: `f${at}`,
    type: 'function',
    name: `Step ${at + 1}`,
    func: `if (msg.payload > ${at}) {\n  msg.seen = ${at}\n} else {\n  msg.low = ${at}\n}\nreturn msg`,
    outputs: 1,
    wires: [[at === NODES - 3 ? 'end' : `f${at + 1}`]],
  }))
  const inject = {
    ...place,
    id: 'start',
    type: 'inject',
    name: 'Start',
    props: [{ p: 'payload' }],
    wires: [['f0']],
  }
  return [
    tab,
    inject,
    ...functions,
    { ...place, id: 'end', type: 'debug', name: 'End', active: false, wires: [] },
  ]
}

function cases(): readonly object[] {
  return Array.from({ length: CASES }, (_, at) => ({
    name: `case ${at + 1}`,
    trigger: { node: 'Start', message: { payload: at % NODES } },
    expect: [{ node: 'End', receives: { payload: at % NODES } }],
  }))
}
