import { availableParallelism } from 'node:os'
import { shortfalls, totalOf, type CoverageKind } from '../lib/flowtest/coverage.ts'
import {
  coverageTable,
  describeCase,
  describeMissed,
  describeTotals,
  painter,
} from '../lib/flowtest/report/spec.ts'
import { tally } from '../lib/flowtest/results.ts'
import { findCaseFiles, readSuites } from './flowtest/read-suites.ts'
import { runSuites, type Run } from './flowtest/run-suites.ts'
import { packageRoot } from './runtime.ts'

/** What `cxone-flows test` takes. */
export interface TestCommand {
  readonly files: readonly string[]
  readonly flows?: string
  readonly coverage: boolean
  readonly minimums: Readonly<Partial<Record<CoverageKind, number>>>
  readonly workers?: number
  readonly nodeRed?: string
  readonly userDir?: string
}

/** What the command needs of its process. */
export interface TestPorts {
  readonly cwd: string
  readonly print: (line: string) => void
  readonly printError: (text: string) => void
  readonly signal: AbortSignal
  readonly colours: boolean
}

/** How a run of tests ended: 0 all passed, 1 a case failed, 2 wrong usage, 3 coverage is too low. */
export type TestExitCode = 0 | 1 | 2 | 3

/** `cxone-flows test`: runs case files against their flows. */
export async function runTests(command: TestCommand, ports: TestPorts): Promise<TestExitCode> {
  const { cwd, print, printError } = ports
  let suites
  try {
    const files = await findCaseFiles(command.files, cwd)
    suites = await readSuites(files, { flows: command.flows, cwd, packageRoot })
  } catch (error) {
    printError(`${(error as Error).message}\n`)
    return 2
  }
  const paint = painter(ports.colours)
  let shown = ''
  const run = await runSuites(suites, {
    packageRoot,
    coverage: command.coverage || Object.keys(command.minimums).length > 0,
    profile: false,
    ...(command.nodeRed === undefined ? {} : { nodeRed: command.nodeRed }),
    ...(command.userDir === undefined ? {} : { userDir: command.userDir }),
    workers: command.workers ?? availableParallelism(),
    signal: ports.signal,
    onResult: (result) => {
      if (result.file !== shown) print(`\n${paint('bold', result.file)}`)
      shown = result.file
      print(describeCase(result, paint))
    },
  })
  print(`\n${describeTotals(run, paint)}`)
  if (run.coverage.length > 0) {
    print(`\n${coverageTable(run.coverage, paint)}`)
    for (const flow of run.coverage) {
      const missed = describeMissed(flow)
      if (missed.length > 0) print(paint('dim', `  not reached in ${flow.file}: ${missed.join(', ')}`))
    }
  }
  return codeOf(run, command, printError)
}

function codeOf(run: Run, { minimums }: TestCommand, printError: (text: string) => void): TestExitCode {
  if (tally(run.cases).failed > 0) return 1
  const low =
    run.coverage.length === 0 ? [] : shortfalls(totalOf(run.coverage.map(({ summary }) => summary)), minimums)
  for (const text of low) printError(`${text}\n`)
  return low.length > 0 ? 3 : 0
}
