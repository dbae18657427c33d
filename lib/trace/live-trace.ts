import type { Hop, HopError } from '../flowtest/trace.ts'

/** A node of a live flow, as the editor knows it. */
export interface NodePlace {
  /** Id in the flow file. */
  readonly node: string
  /** The subflow instances around it, outermost first: ids in the flow file. */
  readonly path: readonly string[]
  /** Id of the tab. */
  readonly flow: string
}

/** One stay of a message in a node of a live flow. Times are milliseconds from the start of the trace. */
export interface LiveHop extends Hop, NodePlace {
  readonly type: string
  readonly name: string
}

/** A trace as lists show it. */
export interface TraceSummary {
  readonly id: string
  /** Unix time in milliseconds. */
  readonly startedAt: number
  /** Milliseconds from the first event to the last. */
  readonly durationMs: number
  readonly hops: number
  readonly first: Pick<LiveHop, 'node' | 'type' | 'name' | 'flow'> | undefined
  /** The first failure, and where it was. */
  readonly error: (HopError & Pick<LiveHop, 'node' | 'type' | 'name'>) | undefined
}

/** A trace with all that was recorded. */
export interface LiveTrace extends TraceSummary {
  /** UUID; its digits are the trace id. Undefined where nobody asked for it. */
  readonly correlationId: string | undefined
  readonly path: readonly LiveHop[]
  /** Hops that were not kept, because there were too many. */
  readonly dropped: number
}
