import type { RemoteParent } from '../correlation/traceparent.ts'
import type { RuntimeMessage } from '../flowtest/runtime-message.ts'
import type { HopSpan } from './hop-spans.ts'
import type { LiveHop, LiveTrace, TraceSummary } from './live-trace.ts'

/** Hops kept of a trace. */
const MAX_HOPS = 500

/** A hop, with what is only known while the message is in the node. */
export interface OpenHop {
  readonly journey: Journey
  readonly hop: LiveHop
  /** As the runtime knows the node. */
  readonly runningId: string
  /** Undefined once the trace is closed. */
  message: RuntimeMessage | undefined
  /** The message as it came, where changes are kept. */
  before: unknown
  /** Whether the node has told that it is done. */
  isDone: boolean
  span: HopSpan | undefined
  /** Where no span was made: the id that other systems are told, once one was told. */
  ownSpanId: string | undefined
}

/** How a journey begins. */
export interface Departure {
  readonly id: string
  /** Unix time in milliseconds. */
  readonly startedAt: number
  /** Monotonic time in milliseconds. */
  readonly startedMs: number
  readonly isSampled: boolean
  readonly wantsChanges: boolean
  readonly remote: RemoteParent | undefined
}

/** One message and all that it causes, while it is recorded. */
export class Journey {
  readonly id: string
  readonly startedAt: number
  readonly startedMs: number
  /** False: it is only kept if a node fails. */
  readonly isSampled: boolean
  wantsChanges: boolean
  readonly remote: RemoteParent | undefined
  readonly opens: OpenHop[] = []
  readonly messageIds = new Set<string>()
  correlationId: string | undefined
  dropped = 0
  /** About what it takes of the memory. */
  bytes = 0
  isKept = false
  /** Nodes that were done without having sent a message. */
  waiting = 0
  /** Milliseconds from the start to the last event. */
  durationMs = 0
  readonly #hops: LiveHop[] = []

  constructor(departure: Departure) {
    this.id = departure.id
    this.startedAt = departure.startedAt
    this.startedMs = departure.startedMs
    this.isSampled = departure.isSampled
    this.wantsChanges = departure.wantsChanges
    this.remote = departure.remote
  }

  /** Hops that are recorded. */
  get size(): number {
    return this.#hops.length
  }

  get isFull(): boolean {
    return this.size >= MAX_HOPS
  }

  /** Notes that something happens. @returns milliseconds from the start. */
  at(nowMs: number): number {
    const passed = Math.round((nowMs - this.startedMs) * 1000) / 1000
    this.durationMs = Math.max(this.durationMs, passed)
    return passed
  }

  /** Adds a hop. @param make gets its index. */
  add(make: (index: number) => OpenHop): OpenHop {
    const open = make(this.#hops.length)
    this.#hops.push(open.hop)
    this.opens.push(open)
    return open
  }

  /** The stay in a node that has begun with this very message and goes on. */
  stayWith(runningId: string, message: RuntimeMessage): OpenHop | undefined {
    return this.opens.find((open) => open.message === message && open.runningId === runningId && !open.isDone)
  }

  /** The stay in a node that sends a message: one that goes on with a message of the same id, else the last. */
  stayFor(runningId: string, { _msgid }: RuntimeMessage): OpenHop | undefined {
    return (
      this.opens.findLast(
        ({ runningId: id, isDone, message }) => id === runningId && !isDone && message?._msgid === _msgid,
      ) ?? this.last(runningId)
    )
  }

  /** The last stay in a node. */
  last(runningId: unknown): OpenHop | undefined {
    return this.opens.findLast((open) => open.runningId === runningId)
  }

  /** Whether a node has not let go of a message. */
  get isWorking(): boolean {
    return this.opens.some(({ hop }) => hop.leftMs === undefined)
  }

  /** Ends the spans of the nodes that were left before that time: those of nodes that do not tell when they are done. */
  endSpans(beforeMs: number): void {
    for (const { hop, span } of this.opens) {
      if (hop.leftMs !== undefined && hop.leftMs < beforeMs) span?.end(this.startedAt + hop.leftMs)
    }
  }

  /** Lets go of all that is only needed while messages are under way. */
  close(): void {
    for (const open of this.opens) {
      open.span?.end(this.startedAt + (open.hop.leftMs ?? this.durationMs))
      open.message = undefined
      open.before = undefined
    }
    this.opens.length = 0
  }

  get summary(): TraceSummary {
    const [first] = this.#hops
    const failed = this.#hops.find(({ error }) => error)
    return {
      id: this.id,
      startedAt: this.startedAt,
      durationMs: this.durationMs,
      hops: this.#hops.length + this.dropped,
      first: first && { node: first.node, type: first.type, name: first.name, flow: first.flow },
      error: failed?.error && { ...failed.error, node: failed.node, type: failed.type, name: failed.name },
    }
  }

  get trace(): LiveTrace {
    return { ...this.summary, correlationId: this.correlationId, path: this.#hops, dropped: this.dropped }
  }
}
