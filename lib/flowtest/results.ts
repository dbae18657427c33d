import type { FlowCoverage } from './coverage.ts'
import type { Trace } from './trace.ts'

/** What came of one case. */
export interface CaseResult {
  /** The case file, as the user named it. */
  readonly file: string
  readonly name: string
  readonly line: number | undefined
  readonly status: 'passed' | 'failed' | 'skipped'
  /** Why it failed, or was skipped. */
  readonly problems: readonly string[]
  readonly durationMs: number
  /** What was done to leave this machine, and was blocked. */
  readonly blocked: readonly string[]
  /** Warnings and errors that the runtime logged. */
  readonly log: readonly string[]
  /** The flow file. */
  readonly flows: string
  readonly trace: Trace
}

/** What came of a run of several case files. */
export interface RunResult {
  /** Version of Node-RED; empty where no case was run. */
  readonly nodeRed: string
  readonly cases: readonly CaseResult[]
  readonly durationMs: number
  /** One entry a flow file; empty without coverage. */
  readonly coverage: readonly FlowCoverage[]
}

/** How many cases ended in which way. */
export function tally(cases: readonly CaseResult[]): Readonly<Record<CaseResult['status'], number>> {
  const count = { passed: 0, failed: 0, skipped: 0 }
  for (const { status } of cases) count[status] += 1
  return count
}
