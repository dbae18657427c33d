import type { Counts } from '../../lib/flowtest/counts.ts'
import type { StoredNode } from '../../lib/flowtest/flow-file.ts'
import type { NodeLook } from '../../lib/flowtest/node-looks.ts'
import type { CodeCounts } from '../../lib/flowtest/code-coverage.ts'
import type { Suite } from '../../lib/flowtest/suite.ts'
import type { Trace } from '../../lib/flowtest/trace.ts'

/** What a process that runs cases is told at its start. */
export interface WorkerOptions {
  readonly packageRoot: string
  /** A folder of its own. */
  readonly folder: string
  readonly nodeRed?: string
  readonly userDir?: string
  readonly coverage: boolean
  readonly profile: boolean
}

/** A case file with the flow that it tests. */
export interface Job {
  readonly id: number
  readonly suite: Suite
  /** Where relative paths of the suite begin. */
  readonly base: string
  readonly flows: readonly StoredNode[]
}

/** From the parent to the process. */
export type Order =
  | { readonly kind: 'load'; readonly job: Job }
  | { readonly kind: 'run'; readonly job: number; readonly at: number }
  | { readonly kind: 'finish' }
  | { readonly kind: 'ping' }

/** What came of one case. */
export interface CaseOutcome {
  readonly problems: readonly string[]
  readonly durationMs: number
  readonly timedOut: boolean
  /** What was done to leave this machine. */
  readonly blocked: readonly string[]
  readonly log: readonly string[]
  readonly trace: Trace
  readonly counts: Counts
  readonly code: CodeCounts
}

/** From the process to the parent. */
export type Report =
  | {
      readonly kind: 'ready'
      readonly nodeRed: string
      readonly looks: readonly (readonly [string, NodeLook])[]
    }
  | { readonly kind: 'loaded'; readonly problem?: string }
  /** To a ping: it is not stuck in a loop. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'done'; readonly outcome: CaseOutcome }
  | { readonly kind: 'crashed'; readonly node?: string; readonly message: string }
  | { readonly kind: 'finished'; readonly profile?: string }
