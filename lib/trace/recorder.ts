import { AsyncLocalStorage } from 'node:async_hooks'
import { provideActiveTrace, type ActiveTrace } from '../correlation/active-trace.ts'
import type { RuntimeMessage } from '../flowtest/runtime-message.ts'
import { arrivalOf, type Arrival } from '../flowtest/trace.ts'
import type { Clock } from '../ports.ts'
import { LINGER_MS, MAX_AGE_MS } from './active-journeys.ts'
import { HopWriter, type HopWriterParts } from './hop-writer.ts'
import type { Journey, OpenHop } from './journey.ts'
import type { CompleteEvent, HookNode, ReceiveEvent, SendEvent } from './runtime-hooks.ts'
import type { Sampler } from './sampler.ts'

/** What a {@link LiveRecorder} is made of. */
export interface RecorderParts extends HopWriterParts {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>
  readonly sampler: Sampler
}

/** What a stretch of asynchronous context belongs to. */
interface Place {
  /** Undefined: a message that is not recorded. */
  readonly open: OpenHop | undefined
  /** The period in which it was decided that it is not. */
  readonly period: number
  /** The delivery that began it. */
  readonly event: object
  readonly outer: Place | undefined
}

/** Where a message on the wire comes from. */
interface Origin {
  /** Undefined: it is not recorded. */
  readonly open: OpenHop | undefined
  readonly output: number
  /** The message as it left, where changes are kept. */
  readonly snapshot: unknown
}

/**
 * Records the messages of live flows by the runtime's hooks alone. Which message caused which is told by the message (the same
 * object, else the same id) and by the asynchronous context, so that it survives nodes that make new messages. What is not
 * recorded costs a look into the context, no more.
 */
export class LiveRecorder {
  readonly #parts: RecorderParts
  readonly #hops: HopWriter
  readonly #places = new AsyncLocalStorage<Place | undefined>()
  readonly #held = new WeakMap<object, OpenHop>()
  readonly #leaving = new WeakMap<object, Origin>()
  readonly #onTheWire = new WeakMap<object, Origin>()
  readonly #forget: () => void
  // Counts that let the hooks return at once while nothing that is recorded goes on.
  #leavingCount = 0
  #onTheWireCount = 0
  #entered = 0
  #period = 0
  #cancelPeriod: () => void

  constructor(parts: RecorderParts) {
    this.#parts = parts
    this.#hops = new HopWriter(parts)
    this.#forget = provideActiveTrace(() => this.#activeTrace())
    this.#cancelPeriod = parts.clock.after(MAX_AGE_MS, this.#nextPeriod)
  }

  /** `onSend`: a node sends. */
  sending(events: readonly SendEvent[]): void {
    const [first] = events
    if (!first) return
    const here = this.#here()
    const { msg, source } = first
    if (this.#isOfNoInterest(msg, here)) return
    const now = this.#parts.clock.monotonic()
    const known = this.#workOf(source.node, msg, here, now)
    if (!known && here) return
    const open = known ?? this.#begin(source.node, msg, 'source', now)
    const snapshots = open && this.#hops.sent(open, events, now)
    for (const event of events) {
      this.#leaving.set(event, { open, output: event.source.port, snapshot: snapshots?.get(event.msg) })
    }
    this.#leavingCount += events.length
  }

  /** `preDeliver`: a message, copied where need be, is handed to the wire. */
  delivering(event: SendEvent): void {
    if (this.#leavingCount === 0) return
    const origin = this.#leaving.get(event)
    if (!origin) return
    this.#leavingCount -= 1
    this.#onTheWireCount += 1
    this.#onTheWire.set(event.msg, origin)
  }

  /** `onReceive`: a message is about to enter a node. */
  received(event: ReceiveEvent): void {
    const here = this.#here()
    const { msg, destination } = event
    const origin = this.#onTheWireCount === 0 ? undefined : this.#onTheWire.get(msg)
    if (!origin && this.#isOfNoInterest(msg, here)) return
    const now = this.#parts.clock.monotonic()
    if (origin) {
      this.#onTheWire.delete(msg)
      this.#onTheWireCount -= 1
    }
    const from = origin ? youngOne(origin.open, now) : this.#causeOf(msg, here)
    if (!from && !origin && here) return
    const open = this.#arrive(destination.node, msg, { from, origin, now })
    this.#places.enterWith({ open, period: this.#period, event, outer: this.#places.getStore() })
    this.#entered += 1
  }

  /** `postReceive`: the node's handler has returned. */
  handled(event: ReceiveEvent): void {
    if (this.#entered === 0) return
    const place = this.#places.getStore()
    if (place?.event !== event) return
    this.#entered -= 1
    if (place.open) this.#hops.returned(place.open, event.destination.node, this.#parts.clock.monotonic())
    this.#places.enterWith(place.outer)
  }

  /** `onComplete`: a node is done with a message, or has failed. */
  completed({ msg, node: { node }, error }: CompleteEvent): void {
    const here = this.#here()
    if (this.#isOfNoInterest(msg, here)) return
    const held = this.#held.get(msg)
    // The message that a node was given may be in other nodes by now.
    const open = held?.runningId === node.id ? held : (held ?? here?.open)?.journey.stayWith(node.id, msg)
    if (!open) return
    if (error) this.#hops.failed(open, error)
    this.#hops.left(open, this.#parts.clock.monotonic())
  }

  /** Stops recording. */
  close(): void {
    this.#forget()
    this.#cancelPeriod()
    this.#places.disable()
    this.#parts.active.close()
  }

  readonly #nextPeriod = (): void => {
    this.#period += 1
    this.#cancelPeriod = this.#parts.clock.after(MAX_AGE_MS, this.#nextPeriod)
  }

  #here(): Place | undefined {
    const place = this.#places.getStore()
    if (!place) return undefined
    const { open, period } = place
    if (!open) return this.#period - period < 2 ? place : undefined
    return isOpenTo(open, this.#parts.clock.monotonic()) ? place : undefined
  }

  // The context tells that the message is not recorded. It is wrong where a node works for it on a socket that another
  // message had opened: the id tells.
  #isOfNoInterest(msg: RuntimeMessage, here: Place | undefined): boolean {
    return here !== undefined && here.open === undefined && this.#parts.active.of(msg) === undefined
  }

  #arrive(
    node: HookNode,
    msg: RuntimeMessage,
    { from, origin, now }: { from: OpenHop | undefined; origin: Origin | undefined; now: number },
  ): OpenHop | undefined {
    if (origin && !origin.open) return undefined
    // The runtime itself delivers from `link out` to `link in` as over a wire.
    const arrival =
      from && origin && node.type !== 'link in' ? 'wire' : arrivalOf(node.type, from !== undefined)
    const open = from
      ? this.#hops.enter(
          from.journey,
          node,
          msg,
          { from, arrival, output: origin?.output, snapshot: origin?.snapshot },
          now,
        )
      : this.#begin(node, msg, arrival, now)
    if (open) this.#held.set(msg, open)
    if (arrival === 'error' && from) this.#caught(msg, from)
    return open
  }

  #begin(node: HookNode, msg: RuntimeMessage, arrival: Arrival, now: number): OpenHop | undefined {
    const journey = this.#parts.sampler.begin(msg, now)
    if (!journey) return undefined
    const open = this.#hops.enter(journey, node, msg, { from: undefined, arrival }, now)
    if (journey.isSampled) this.#hops.keep(journey)
    if (arrival === 'source') this.#hops.begun(open)
    return open
  }

  // Errors that a node reports without being done with the message have no hook, but those that are caught arrive.
  #caught({ error }: RuntimeMessage, from: OpenHop): void {
    const { source } = (error ?? {}) as { readonly source?: { readonly id?: unknown } }
    const failed = from.runningId === source?.id ? from : from.journey.last(source?.id)
    if (failed) this.#hops.failed(failed, error)
  }

  #causeOf(msg: RuntimeMessage, here: Place | undefined): OpenHop | undefined {
    const owner = this.#parts.active.of(msg)
    if (here?.open && (!owner || owner === here.open.journey)) return here.open
    return owner?.opens.at(-1)
  }

  /** The stay in the node that a message which it sends belongs to. */
  #workOf(node: HookNode, msg: RuntimeMessage, here: Place | undefined, now: number): OpenHop | undefined {
    const known = this.#stayOf(node, msg, here)
    if (known) return youngOne(known, now)
    const cause = this.#causeOf(msg, here)
    if (!cause) return undefined
    // It begins to work because of what another node does.
    const open = this.#hops.enter(cause.journey, node, msg, { from: cause, arrival: 'link' }, now)
    this.#hops.begun(open)
    return open
  }

  #stayOf(node: HookNode, msg: RuntimeMessage, here: Place | undefined): OpenHop | undefined {
    const held = this.#held.get(msg)
    if (held?.runningId === node.id) return held
    const cause = this.#causeOf(msg, here)
    return cause?.runningId === node.id ? cause : cause?.journey.stayFor(node.id, msg)
  }

  #activeTrace(): ActiveTrace | undefined {
    const open = this.#here()?.open
    if (!open) return undefined
    const { journey } = open
    journey.correlationId ??= this.#parts.newId()
    return {
      correlationId: journey.correlationId,
      span: journey.isSampled ? this.#hops.parentFor(open) : undefined,
    }
  }
}

const isYoung = ({ startedMs }: Journey, now: number): boolean => now - startedMs < MAX_AGE_MS

const youngOne = (open: OpenHop | undefined, now: number): OpenHop | undefined =>
  open && isYoung(open.journey, now) ? open : undefined

// The context of a node that is still at work is right; later it may be that of a socket which the message had opened.
const isOpenTo = ({ journey, hop }: OpenHop, now: number): boolean =>
  isYoung(journey, now) &&
  (hop.leftMs === undefined || now - journey.startedMs - journey.durationMs < LINGER_MS)
