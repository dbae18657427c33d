import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { functionTimes, type CpuProfile } from '../../lib/flowtest/cpu-profile.ts'
import { nodeTimes } from '../../lib/flowtest/node-times.ts'
import { toHtml } from '../../lib/flowtest/report/html.ts'
import { toJson } from '../../lib/flowtest/report/json.ts'
import { toJunit } from '../../lib/flowtest/report/junit.ts'
import { sourcesOf, toLcov } from '../../lib/flowtest/report/lcov.ts'
import { describeProfile } from '../../lib/flowtest/report/profile.ts'
import { tracesToJson } from '../../lib/flowtest/report/trace.ts'
import type { ReporterChoice } from './reporter-choice.ts'
import type { LoadedSuite } from './read-suites.ts'
import type { Run } from './run-suites.ts'

/** Where reports go. */
export interface Outlet {
  readonly cwd: string
  /** Writes to standard output, as it is. */
  readonly write: (text: string) => void
  /** A remark for the person who looks on. */
  readonly print: (line: string) => void
}

/** Writes a report of a run. `spec` is written while it runs, not here. */
export async function writeReport(run: Run, { name, file }: ReporterChoice, outlet: Outlet): Promise<void> {
  if (name === 'spec') return
  const text = { json: toJson, junit: toJunit, html: toHtml, lcov: ({ coverage }: Run) => toLcov(coverage) }[
    name
  ](run)
  if (file === undefined) {
    outlet.write(text)
    return
  }
  const path = resolve(outlet.cwd, file)
  await put(path, text)
  if (name === 'lcov') {
    for (const [source, code] of sourcesOf(run.coverage)) await put(join(dirname(path), source), `${code}\n`)
  }
  outlet.print(`  ${name}: ${file}`)
}

/** Writes the traces of all cases as JSON. */
export async function writeTraces(run: Run, file: string, outlet: Outlet): Promise<void> {
  await put(resolve(outlet.cwd, file), tracesToJson(run.cases))
  outlet.print(`  traces: ${file}`)
}

/** Writes the CPU profile, and prints where the time went. */
export async function writeProfile(
  run: Run,
  suites: readonly LoadedSuite[],
  file: string,
  outlet: Outlet,
): Promise<void> {
  const [text] = run.profiles
  if (text === undefined) return
  await put(resolve(outlet.cwd, file), text)
  const functions = functionTimes(JSON.parse(text) as CpuProfile)
  const topologies = new Map(suites.map(({ flowFile, topology }) => [flowFile, topology]))
  const nodes = [...topologies].flatMap(([flow, topology]) => {
    const traces = run.cases.filter(({ flows }) => flows === flow).map(({ trace }) => trace)
    return nodeTimes(topology, traces, functions)
  })
  outlet.print(`\n${describeProfile(functions, nodes)}\n\n  profile: ${file}`)
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
