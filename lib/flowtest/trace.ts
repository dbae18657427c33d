import type { Change } from './changes.ts'

/** How a message came to a node; `http` is a request, to the node that makes a message of it. */
export type Arrival = 'wire' | 'link' | 'error' | 'status' | 'complete' | 'trigger' | 'source' | 'http'

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
  fromOutput?: number
  readonly enteredMs: number
  leftMs?: number
  sends: Sending[]
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

/** An error that a node reported for a message, thrown or sent. */
export interface Fault {
  readonly node: string
  readonly code: string | undefined
  readonly message: string
  readonly details: unknown
  readonly atMs: number
  /** A Catch node took it, or it left at an output of the node. */
  handled: boolean
}

/** A failure as a trace shows it. */
export const errorOf = ({ code, message }: Fault): HopError =>
  code === undefined ? { message } : { code, message }

/** How a message came to a node of this type without a wire. @param hasSource whether another node's work led to it. */
export function arrivalOf(type: string, hasSource: boolean): Arrival {
  if (type === 'catch') return 'error'
  if (type === 'status') return 'status'
  if (type === 'complete') return 'complete'
  return hasSource ? 'link' : 'trigger'
}

/** Of a hop that sends nothing. Most send one message or none: a list for each would be the largest part of a trace. */
export const NOTHING_SENT: Sending[] = []

/** Adds a message that left to those of a hop. */
export function keepSending(hop: Hop, sending: Sending): void {
  if (hop.sends === NOTHING_SENT) hop.sends = [sending]
  else hop.sends.push(sending)
}
