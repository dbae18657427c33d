import type { Clock } from '../ports.ts'
import { createRedactor } from '../redact/redact.ts'
import { changesBetween } from './changes.ts'
import { ReachCounter, type Counts } from './counts.ts'
import { Deliveries } from './deliveries.ts'
import { faultOf, tellsOfFailure } from './faults.ts'
import { runIn, stayHere, WayBack } from './places.ts'
import { eachSent, type RuntimeMessage } from './runtime-message.ts'
import {
  likelyStay,
  Stations,
  takeStay,
  type RuntimeNode,
  type Station,
  type Stay,
  type Observer,
} from './stations.ts'
import type { Topology } from './topology.ts'
import {
  arrivalOf,
  errorOf,
  keepSending,
  NOTHING_SENT,
  type Arrival,
  type Fault,
  type Hop,
  type Trace,
} from './trace.ts'

/** What a {@link Recorder} is made of. */
export interface RecorderParts {
  readonly topology: Topology
  readonly clock: Pick<Clock, 'monotonic'>
  /** The codes that each node type can fail with. */
  readonly failureModes: ReadonlyMap<string, readonly string[]>
  readonly observer: Observer
  /** Called first of all when a message enters a node, so that the node is known even if it never lets go. */
  readonly mark: (runningId: string) => void
}

/** A message between two nodes. */
interface Delivery {
  readonly from: Stay
  readonly output: number
}

interface Origin {
  readonly arrival: Arrival
  readonly from?: Stay | undefined
  readonly output?: number | undefined
}

/** Hops kept at most, and those of them with the changes of the message. */
const MAX_HOPS = 5000
const MAX_CHANGED_HOPS = 200

/**
 * Records the messages of one case. Which message caused which is taken from the asynchronous context, not from `_msgid`, so
 * that it survives nodes that make new messages, links, subflows and Catch nodes.
 *
 * It runs between each two nodes of a flow, so it looks up once a node what does not change.
 */
export class Recorder {
  readonly faults: Fault[] = []
  readonly #parts: RecorderParts
  readonly #reach: ReachCounter
  #started: number
  readonly #hops: Hop[] = []
  readonly #stations: Stations
  readonly #deliveries = new Deliveries<Delivery>()
  readonly #wayBack = new WayBack()
  readonly #raising: Fault[] = []
  readonly #redact = createRedactor()
  #sending: Stay | undefined
  #sentMs = 0
  #onIdle: (() => void) | undefined
  #dropped = 0
  #working = 0
  #lastEvent: number

  constructor(parts: RecorderParts) {
    this.#parts = parts
    const { topology, failureModes, observer } = parts
    this.#reach = new ReachCounter(topology)
    this.#stations = new Stations(topology, failureModes, observer)
    this.#started = parts.clock.monotonic()
    this.#lastEvent = this.#started
  }

  /** Times count from now on: what was seen before is only the start of the flow. */
  begin(): void {
    this.#started = this.#parts.clock.monotonic()
  }

  get counts(): Counts {
    return this.#reach.counts
  }

  get trace(): Trace {
    return { hops: this.#hops, dropped: this.#dropped }
  }

  /** Whether no message is under way or in work. */
  get isIdle(): boolean {
    return this.#deliveries.count === 0 && this.#working === 0
  }

  /** Calls back once, as soon as no message is under way or in work. */
  whenIdle(callback: () => void): void {
    this.#onIdle = callback
  }

  /** Milliseconds since anything happened. */
  get quietMs(): number {
    return this.#parts.clock.monotonic() - this.#lastEvent
  }

  /** Ids in the flow file of the nodes that have not let go of a message. */
  get working(): readonly string[] {
    return this.#stations.working
  }

  /** A message is about to enter a node. */
  received(node: RuntimeNode, message: RuntimeMessage): void {
    const delivery = this.#deliveries.take(message)
    const here = delivery ? undefined : stayHere()
    // What comes over a wire comes in a turn of its own.
    this.#wayBack.push(delivery !== undefined)
    const station = this.#stations.of(node.id)
    if (!station) return
    this.#parts.mark(node.id)
    const from = delivery?.from ?? (here && this.#stations.has(here.station) ? here : undefined)
    // The runtime itself delivers from `link out` to `link in` as over a wire.
    const arrival = delivery && node.type !== 'link in' ? 'wire' : arrivalOf(node.type, from !== undefined)
    this.#reach.node(station.id)
    if (arrival === 'link' && from) this.#reach.link(from.hop.node, station.id)
    if (arrival === 'error') for (const fault of this.#raising) fault.handled = true
    const stay = this.#enter(station, node, message, { from, arrival, output: delivery?.output })
    this.#wayBack.enter(stay)
    if (station.isWatched) this.#parts.observer.received(station.id, message, stay.hop.enteredMs)
  }

  /** The node's handler has returned. */
  handled(node: RuntimeNode, message: RuntimeMessage): void {
    this.#wayBack.pop()
    if ((node._expectedDoneCount ?? 0) === 0) this.#leave(node, message)
    this.#tellIdle()
  }

  /** An HTTP request comes to a node; `serve` hands it over. All that follows from it belongs to it. */
  requested(runningId: string, serve: () => void): void {
    const station = this.#stations.of(runningId)
    if (!station) {
      serve()
      return
    }
    this.#parts.mark(runningId)
    this.#reach.node(station.id)
    runIn(this.#enter(station, {}, {}, { arrival: 'http' }), serve)
  }

  /** An endpoint has refused a request by itself, and told so in its answer. @param id in the flow file. */
  refused(id: string, error: unknown): void {
    const type = this.#parts.topology.nodes.get(id)?.type ?? ''
    this.#fault(id, this.#stations.modesOf(type), error).handled = true
  }

  /** Records what a node sends while `send` runs. */
  sending(node: RuntimeNode, out: unknown, send: () => void): void {
    const outer = this.#sending
    const stay = this.#workOf(node, out)
    this.#sending = stay
    try {
      if (stay) {
        this.#sentMs = this.#now()
        eachSent(out, this.#onSent)
      }
      send()
    } finally {
      this.#sending = outer
    }
  }

  /** A message was handed to the wire. */
  delivered(message: object, output: number): void {
    if (!this.#sending) return
    this.#deliveries.add(message, { from: this.#sending, output })
  }

  /** A node is done with a message. */
  completed(node: RuntimeNode, message: RuntimeMessage): void {
    this.#leave(node, message)
    this.#tellIdle()
  }

  /** Records an error that a node reports, while `report` tells the runtime and so the Catch nodes. */
  failing(node: RuntimeNode, error: unknown, message: unknown, report: () => void): void {
    const station = this.#stations.of(node.id)
    if (!station || typeof message !== 'object' || message === null) {
      report()
      return
    }
    const fault = this.#fault(station.id, station.modes, error)
    const stay = this.#workOf(node, message)
    if (stay) stay.hop.error = errorOf(fault)
    this.#raising.push(fault)
    try {
      report()
    } finally {
      this.#raising.pop()
    }
  }

  /** The hop that a node is in with a message was answered by a stub. */
  stubbed(node: RuntimeNode): void {
    const stay = this.#stations.of(node.id)?.last
    if (stay) stay.hop.stubbed = true
  }

  #tellIdle(): void {
    if (!this.#onIdle || !this.isIdle) return
    const tell = this.#onIdle
    this.#onIdle = undefined
    tell()
  }

  #now(): number {
    this.#lastEvent = this.#parts.clock.monotonic()
    return this.#lastEvent - this.#started
  }

  #enter(
    station: Station,
    node: Pick<RuntimeNode, '_expectedDoneCount'>,
    message: RuntimeMessage,
    { from, arrival, output }: Origin,
  ): Stay {
    const { id, path } = station
    const index = this.#hops.length + this.#dropped
    const parent = from ? from.hop.index : null
    const enteredMs = this.#now()
    const hop: Hop = { index, parent, node: id, path, arrival, enteredMs, sends: NOTHING_SENT }
    if (output !== undefined) hop.fromOutput = output
    if (index < MAX_HOPS) this.#hops.push(hop)
    else this.#dropped += 1
    const before = index < MAX_CHANGED_HOPS ? this.#redact(message) : undefined
    const begins = arrival === 'source' || arrival === 'http'
    const waits = !begins && (node._expectedDoneCount ?? 0) > 0
    const stay: Stay = { station, hop, message, before, error: message.error, waits }
    station.last = stay
    if (begins) return stay
    station.stays.push(stay)
    if (waits) this.#working += 1
    return stay
  }

  #leave(node: RuntimeNode, message: RuntimeMessage): void {
    const station = this.#stations.of(node.id)
    const stay = station && takeStay(station, message)
    if (!stay) return
    stay.hop.leftMs = this.#now()
    if (stay.waits) this.#working -= 1
  }

  // What a node does belongs to the message that it was given: by the context, else by the id, else the last one.
  #workOf(node: RuntimeNode, out: unknown): Stay | undefined {
    const station = this.#stations.of(node.id)
    if (!station) return undefined
    const place = stayHere()
    const here = place?.station === station ? place : undefined
    return likelyStay(station, out, here) ?? this.#begin(station)
  }

  // A node without input begins.
  #begin(station: Station): Stay {
    this.#reach.node(station.id)
    return this.#enter(station, {}, {}, { arrival: 'source' })
  }

  // Made once: it is called for each message.
  readonly #onSent = (message: RuntimeMessage, output: number): void => {
    const stay = this.#sending
    if (!stay) return
    const { hop, station, before } = stay
    const atMs = this.#sentMs
    this.#reach.sent(station.runningId, output)
    if (before !== undefined)
      keepSending(hop, { output, atMs, changes: changesBetween(before, this.#redact(message)) })
    else if (hop.index < MAX_HOPS) keepSending(hop, { output, atMs })
    if (tellsOfFailure(stay, message)) this.#fault(station.id, station.modes, message.error).handled = true
    if (station.isWatched) this.#parts.observer.sent(station.id, output, message, atMs)
  }

  #fault(id: string, modes: readonly string[], error: unknown): Fault {
    const fault = faultOf(id, error, this.#now())
    if (fault.code !== undefined && modes.includes(fault.code)) this.#reach.failure(id, fault.code)
    this.faults.push(fault)
    return fault
  }
}
