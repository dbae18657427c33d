import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { shortfalls, totalOf, type CoverageKind } from '../lib/flowtest/coverage.ts'
import {
  coverageTable,
  describeCase,
  describeMissed,
  describeTotals,
  painter,
  type Paint,
} from '../lib/flowtest/report/spec.ts'
import { describeTrace } from '../lib/flowtest/report/trace.ts'
import { tally, type CaseResult } from '../lib/flowtest/results.ts'
import type { Progress } from './flowtest/progress.ts'
import { findCaseFiles, readSuites, type LoadedSuite } from './flowtest/read-suites.ts'
import type { ReporterChoice } from './flowtest/reporter-choice.ts'
import { writeProfile, writeReport, writeTraces, type Outlet } from './flowtest/reporters.ts'
import { runSuites, type Run } from './flowtest/run-suites.ts'
import { changeOf } from './flowtest/watch.ts'
import { packageRoot } from './runtime.ts'

/** What `cxone-flows test` takes. */
export interface TestCommand {
  readonly files: readonly string[]
  readonly flows?: string
  readonly coverage: boolean
  readonly minimums: Readonly<Partial<Record<CoverageKind, number>>>
  readonly reporters: readonly ReporterChoice[]
  /** File for the traces of all cases. */
  readonly trace?: string
  /** File for the CPU profile. */
  readonly profile?: string
  readonly watch: boolean
  readonly workers?: number
  readonly nodeRed?: string
  readonly userDir?: string
}

/** What the command needs of its process. */
export interface TestPorts {
  readonly cwd: string
  readonly print: (line: string) => void
  readonly printError: (text: string) => void
  /** Writes a report to standard output, as it is. */
  readonly write: (text: string) => void
  readonly signal: AbortSignal
  readonly colours: boolean
  readonly progress: Progress
}

/** How a run of tests ended: 0 all passed, 1 a case failed, 2 wrong usage, 3 coverage is too low. */
export type TestExitCode = 0 | 1 | 2 | 3

/** `cxone-flows test`: runs case files against their flows, again after each change with `--watch`. */
export async function runTests(command: TestCommand, ports: TestPorts): Promise<TestExitCode> {
  for (;;) {
    const since = Date.now()
    const { code, files } = await runOnce(command, ports)
    if (!command.watch || files.length === 0) return code
    ports.print('\n  waiting for changes, Ctrl+C ends')
    if (!(await changeOf(files, since, ports.signal))) return code
  }
}

async function runOnce(
  command: TestCommand,
  ports: TestPorts,
): Promise<{ code: TestExitCode; files: readonly string[] }> {
  const { cwd, printError, signal } = ports
  let files: readonly string[] = []
  try {
    files = await findCaseFiles(command.files, cwd)
    const suites = await readSuites(files, { flows: command.flows, cwd, packageRoot })
    const run = await runSuites(suites, {
      ...runOptions(command, signal),
      onResult: onResultOf(command, ports, suites),
    })
    ports.progress.clear()
    await tell(run, suites, command, ports)
    return {
      code: codeOf(run, command, printError),
      files: [...files, ...suites.map(({ flowFile }) => resolve(cwd, flowFile))],
    }
  } catch (error) {
    ports.progress.clear()
    printError(`${(error as Error).message}\n`)
    return { code: 2, files }
  }
}

function runOptions(
  command: TestCommand,
  signal: AbortSignal,
): Omit<Parameters<typeof runSuites>[1], 'onResult'> {
  const { nodeRed, userDir, profile, minimums, reporters } = command
  const needsCoverage =
    Object.keys(minimums).length > 0 || reporters.some(({ name }) => name === 'html' || name === 'lcov')
  return {
    packageRoot,
    signal,
    coverage: command.coverage || needsCoverage,
    profile: profile !== undefined,
    // One profile shows all only when all ran in one process.
    workers: profile === undefined ? (command.workers ?? availableParallelism()) : 1,
    ...(nodeRed === undefined ? {} : { nodeRed: resolve(nodeRed) }),
    ...(userDir === undefined ? {} : { userDir: resolve(userDir) }),
  }
}

const isSpec = ({ reporters }: TestCommand): boolean => reporters.some(({ name }) => name === 'spec')

function onResultOf(
  command: TestCommand,
  { print, progress, colours }: TestPorts,
  suites: readonly LoadedSuite[],
): (result: CaseResult) => void {
  const paint = painter(colours)
  const total = suites.reduce((sum, { suite }) => sum + suite.cases.length, 0)
  const topologies = new Map(suites.map(({ flowFile, topology }) => [flowFile, topology]))
  let shown = ''
  const show = (result: CaseResult): void => {
    if (result.file !== shown) print(`\n${paint('bold', result.file)}`)
    shown = result.file
    print(describeCase(result, paint))
    const topology = topologies.get(result.flows)
    if (result.status === 'failed' && topology && result.trace.hops.length > 0)
      print(pathOf(describeTrace(result.trace, topology), paint))
  }
  const order = suites.flatMap(({ file, suite }) => suite.cases.map(({ name }) => keyOf({ file, name })))
  const showInOrder = inOrder(order, show)
  let done = 0
  progress.show(done, total)
  return (result) => {
    done += 1
    progress.clear()
    if (isSpec(command)) showInOrder(keyOf(result), result)
    progress.show(done, total)
  }
}

const keyOf = ({ file, name }: Pick<CaseResult, 'file' | 'name'>): string => `${file}\n${name}`

// Cases run side by side, and are shown as they are written.
function inOrder<T>(keys: readonly string[], show: (value: T) => void): (key: string, value: T) => void {
  const waiting = new Map<string, T>()
  let next = 0
  return (key, value) => {
    waiting.set(key, value)
    for (let at = keys[next]; at !== undefined && waiting.has(at); at = keys[(next += 1)]) {
      show(waiting.get(at) as T)
      waiting.delete(at)
    }
  }
}

const MAX_PATH_LINES = 25

function pathOf(text: string, paint: Paint): string {
  const lines = text.split('\n')
  const kept = lines.length > MAX_PATH_LINES ? [...lines.slice(0, MAX_PATH_LINES), '... see --trace'] : lines
  return ['      path:', ...kept.map((line) => `        ${paint('dim', line)}`)].join('\n')
}

async function tell(
  run: Run,
  suites: readonly LoadedSuite[],
  command: TestCommand,
  ports: TestPorts,
): Promise<void> {
  const paint = painter(ports.colours)
  const { reporters, trace, profile } = command
  // A report on standard output is to be alone there.
  const print = isSpec(command) ? ports.print : (line: string) => ports.printError(`${line}\n`)
  const outlet: Outlet = { cwd: ports.cwd, write: ports.write, print }
  if (isSpec(command)) {
    print(`\n${describeTotals(run, paint)}`)
    if (run.coverage.length > 0) print(`\n${coverageTable(run.coverage, paint)}`)
    for (const flow of run.coverage) {
      const missed = describeMissed(flow)
      if (missed.length > 0) print(paint('dim', `  not reached in ${flow.file}: ${missed.join(', ')}`))
    }
  }
  for (const reporter of reporters) await writeReport(run, reporter, outlet)
  if (trace !== undefined) await writeTraces(run, trace, outlet)
  if (profile !== undefined) await writeProfile(run, suites, profile, outlet)
}

function codeOf(run: Run, { minimums }: TestCommand, printError: (text: string) => void): TestExitCode {
  if (tally(run.cases).failed > 0) return 1
  if (run.coverage.length === 0) return 0
  const low = shortfalls(totalOf(run.coverage.map(({ summary }) => summary)), minimums)
  for (const text of low) printError(`${text}\n`)
  return low.length > 0 ? 3 : 0
}
