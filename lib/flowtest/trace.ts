import type { Change } from './changes.ts'

/** How a message came to a node. */
export type Arrival = 'wire' | 'link' | 'error' | 'status' | 'complete' | 'trigger' | 'source'

/** One stay of a message in a node. Times are milliseconds from the start of the case. */
export interface Hop {
  readonly index: number
  /** The hop that the message came from; null at the beginning. */
  readonly parent: number | null
  /** Id in the flow file. */
  readonly node: string
  /** The subflow instances around it, outermost first. */
  readonly path: readonly string[]
  readonly arrival: Arrival
  /** The output of the hop before, from 0. */
  readonly fromOutput?: number
  readonly enteredMs: number
  leftMs?: number
  readonly sends: Sending[]
  error?: HopError
  stubbed?: true
}

/** A message that left a node. */
export interface Sending {
  /** From 0. */
  readonly output: number
  readonly atMs: number
  /** What the node changed in the message; secrets are masked. */
  readonly changes?: readonly Change[]
}

/** An error that a node reported for a message. */
export interface HopError {
  readonly code?: string
  readonly message: string
}

/** The path of a case's messages. */
export interface Trace {
  readonly hops: readonly Hop[]
  /** Hops that were not kept, because there were too many. */
  readonly dropped: number
}
