import type { SpanParent } from '../correlation/active-trace.ts'
import { messageCorrelationId } from '../correlation/correlation.ts'
import { changesBetween, type Change } from '../flowtest/changes.ts'
import { codeOf, textOf, type RuntimeMessage } from '../flowtest/runtime-message.ts'
import type { Arrival } from '../flowtest/trace.ts'
import type { Random } from '../ports.ts'
import { createRedactor, redactText } from '../redact/redact.ts'
import type { ActiveJourneys } from './active-journeys.ts'
import type { HopSpans } from './hop-spans.ts'
import type { Journey, OpenHop } from './journey.ts'
import type { LiveHop, NodePlace } from './live-trace.ts'
import type { TraceRing } from './ring.ts'
import type { HookNode, SendEvent } from './runtime-hooks.ts'

/** What a {@link HopWriter} needs. */
export interface HopWriterParts {
  readonly ring: TraceRing
  readonly active: ActiveJourneys
  readonly random: Pick<Random, 'bytes'>
  /** Makes a correlation id. */
  readonly newId: () => string
  readonly placeOf: (node: HookNode) => NodePlace
  readonly spans: HopSpans | undefined
}

/** How a message came to a node. */
export interface Arriving {
  readonly from: OpenHop | undefined
  readonly arrival: Arrival
  readonly output?: number | undefined
  /** The message as it left the node before, where that was kept. */
  readonly snapshot?: unknown
}

const HOP_BYTES = 300
const SENDING_BYTES = 60
/** Changes are kept of so many hops of a trace, and up to so much memory. */
const MAX_CHANGED_HOPS = 200
const MAX_CHANGES_BYTES = 512 * 1024
/** Messages kept of nodes that were done without having sent any. */
const MAX_WAITING = 10
const MAX_ERROR_LENGTH = 1000

/** What the runtime itself writes. */
const OF_THE_RUNTIME: ReadonlySet<string> = new Set(['msg._msgid', 'msg._event'])

/** Writes what happens in nodes into traces. */
export class HopWriter {
  readonly #parts: HopWriterParts
  readonly #redact = createRedactor()
  // A type of nodes that was done with a message once always tells when it is.
  readonly #telling = new Set<string>()

  constructor(parts: HopWriterParts) {
    this.#parts = parts
  }

  /** A message enters a node. @returns the hop before where the trace has all hops that it may have. */
  enter(
    journey: Journey,
    node: HookNode,
    message: RuntimeMessage,
    arriving: Arriving,
    nowMs: number,
  ): OpenHop {
    const enteredMs = journey.at(nowMs)
    journey.correlationId ??= messageCorrelationId(message)
    if (journey.isFull && arriving.from) {
      journey.dropped += 1
      return arriving.from
    }
    const place = this.#parts.placeOf(node)
    const open = journey.add((index) => ({
      journey,
      hop: hopOf(index, node, place, arriving, enteredMs),
      runningId: node.id,
      message,
      before: this.#wantsSnapshot(journey) ? (arriving.snapshot ?? this.#redact(message)) : undefined,
      isDone: false,
      span: undefined,
      ownSpanId: undefined,
    }))
    this.#grow(journey, HOP_BYTES)
    if (journey.isKept) this.#follow(open, arriving.from)
    return open
  }

  /** A node sends messages, each along its wires. @returns the messages as they leave, where changes are kept. */
  sent(
    { journey, hop, before }: OpenHop,
    events: readonly SendEvent[],
    nowMs: number,
  ): ReadonlyMap<object, unknown> | undefined {
    const atMs = journey.at(nowMs)
    const snapshots = this.#wantsSnapshot(journey) ? new Map<object, unknown>() : undefined
    let bytes = 0
    for (const { msg, source } of distinct(events)) {
      const after = snapshots?.get(msg) ?? (snapshots && this.#redact(msg))
      snapshots?.set(msg, after)
      const changes = after === undefined || before === undefined ? undefined : changesIn(before, after)
      hop.sends.push({ output: source.port, atMs, ...(changes ? { changes } : {}) })
      bytes += SENDING_BYTES + (changes ? JSON.stringify(changes).length * 2 : 0)
    }
    this.#grow(journey, bytes)
    return snapshots
  }

  /** A node's handler has returned. Of nodes that never tell when they are done, this is all that is known. */
  returned({ journey, hop }: OpenHop, { type }: HookNode, nowMs: number): void {
    if (hop.leftMs === undefined && !this.#telling.has(type)) hop.leftMs = journey.at(nowMs)
  }

  /** A node that was given no message has begun: that takes no time. */
  begun({ journey, hop, span }: OpenHop): void {
    hop.leftMs = hop.enteredMs
    span?.end(journey.startedAt + hop.leftMs)
  }

  /** A node is done with a message. */
  left(open: OpenHop, nowMs: number): void {
    const { journey, hop, span } = open
    hop.leftMs = journey.at(nowMs)
    this.#telling.add(hop.type)
    span?.end(journey.startedAt + hop.leftMs)
    open.isDone = true
    // What has sent nothing may do it later.
    if (hop.sends.length > 0 || (journey.waiting += 1) > MAX_WAITING) open.before = undefined
    this.#grow(journey, 0)
  }

  /** A node has failed; from then on the trace is kept. Only the first failure of a hop is. */
  failed(open: OpenHop, error: unknown): void {
    const { journey, hop } = open
    if (hop.error) return
    const code = codeOf(error)
    const message = redactText(textOf(error)).slice(0, MAX_ERROR_LENGTH)
    hop.error = code === undefined ? { message } : { code, message }
    open.span?.fail(hop.error)
    if (!journey.isKept) this.keep(journey)
    this.#grow(journey, message.length * 2)
  }

  /** Keeps a trace, from its beginning on. */
  keep(journey: Journey): void {
    journey.isKept = true
    this.#parts.ring.add(journey)
    for (const open of journey.opens) {
      const { parent } = open.hop
      this.#follow(open, parent === null ? undefined : journey.opens[parent])
      if (open.hop.error) open.span?.fail(open.hop.error)
    }
    journey.endSpans(Infinity)
  }

  /** A node's part of a sampled trace, as other systems are told of it. */
  parentFor(open: OpenHop): SpanParent {
    const { remote, correlationId } = open.journey
    const isSame = remote !== undefined && remote.traceId === correlationId?.replaceAll('-', '')
    const spanId =
      open.span?.spanId ?? (open.ownSpanId ??= Buffer.from(this.#parts.random.bytes(8)).toString('hex'))
    return {
      spanId,
      isSampled: open.span?.isSampled ?? true,
      tracestate: isSame ? remote.tracestate : undefined,
    }
  }

  // A trace whose sender does not record it is no business of a tracing system, though the panel shows it if it fails.
  #follow(open: OpenHop, from: OpenHop | undefined): void {
    const { spans, active, newId } = this.#parts
    const { journey, hop, message } = open
    if (message) active.add(journey, message)
    if (!spans || journey.remote?.isSampled === false || (from && !from.span)) return
    journey.correlationId ??= newId()
    const { correlationId, remote, startedAt } = journey
    open.span = spans.begin(hop, {
      correlationId,
      remote,
      parent: from?.span,
      enteredAt: startedAt + hop.enteredMs,
    })
  }

  #wantsSnapshot({ wantsChanges, size, bytes }: Journey): boolean {
    return wantsChanges && size <= MAX_CHANGED_HOPS && bytes < MAX_CHANGES_BYTES
  }

  #grow(journey: Journey, bytes: number): void {
    journey.bytes += bytes
    if (journey.isKept) this.#parts.ring.grow(journey, bytes)
  }
}

function hopOf(
  index: number,
  node: HookNode,
  place: NodePlace,
  arriving: Arriving,
  enteredMs: number,
): LiveHop {
  const { from, arrival, output } = arriving
  return {
    index,
    parent: from?.hop.index ?? null,
    ...place,
    type: node.type,
    name: node.name ?? '',
    arrival,
    ...(output === undefined ? {} : { fromOutput: output }),
    enteredMs,
    sends: [],
  }
}

const changesIn = (before: unknown, after: unknown): readonly Change[] =>
  changesBetween(before, after).filter(({ path }) => !OF_THE_RUNTIME.has(path))

// There is an event for each wire.
function distinct(events: readonly SendEvent[]): readonly SendEvent[] {
  if (events.length === 1) return events
  const seen = new Map<number, Set<object>>()
  return events.filter(({ msg, source: { port } }) => {
    const known = seen.get(port) ?? new Set()
    seen.set(port, known)
    if (known.has(msg)) return false
    known.add(msg)
    return true
  })
}
