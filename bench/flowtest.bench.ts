import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
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

// Processes of their own, in turn, so that what one run compiled helps no other; rates are by processor time.
const rate = (mode: string, flow: string): number => {
  const options = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', 'bench/flowtest-rate.ts', mode, flow]
  const { stdout } = spawnSync(process.execPath, options, { encoding: 'utf8' })
  return (JSON.parse(stdout) as { rate: number }).rate
}
for (const [flow, what] of [
  ['calls', 'a transformation, uuid-gen, schema-validate and action-execute'],
  ['memory', 'a transformation, uuid-gen and schema-validate'],
] as const) {
  const rates = Array.from({ length: 5 }, () => ({
    ours: rate('recording', flow),
    bare: rate('plain', flow),
  }))
  report({
    name: `flowtest: messages through ${what}, coverage and traces on, beside off`,
    unit: 'messages/s of one core',
    ours: median(rates.map(({ ours }) => ours)),
    bare: median(rates.map(({ bare }) => bare)),
    ratio: median(rates.map(({ ours, bare }) => ours / bare)),
    target: 0.8,
  })
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
