import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../ports.ts'
import { createRedactor, redactText } from '../redact/redact.ts'
import { changesBetween } from './changes.ts'
import { ReachCounter, type Counts } from './counts.ts'
import { codeOf, outputsOf, textOf, type RuntimeMessage } from './runtime-message.ts'
import type { Topology } from './topology.ts'
import { arrivalOf, errorOf, type Arrival, type Fault, type Hop, type Trace } from './trace.ts'

/** A node of the runtime, as far as it is looked at. */
export interface RuntimeNode {
  readonly id: string
  readonly type: string
  /** How many of its input handlers tell when they are done. */
  readonly _expectedDoneCount?: number
}

/** Sees each message as it enters and leaves nodes. */
export interface Observer {
  received(node: string, message: object, atMs: number): void
  sent(node: string, output: number, message: object, atMs: number): void
}

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

interface Open {
  readonly hop: Hop
  readonly runningId: string
  readonly message: RuntimeMessage
  readonly before: unknown
  /** `msg.error` when it came. */
  readonly error: unknown
  readonly waits: boolean
}

interface Place {
  readonly owner: Recorder
  readonly open: Open
}

/** Hops kept at most, and those of them with the changes of the message. */
const MAX_HOPS = 5000
const MAX_CHANGED_HOPS = 200

// One for the process: the work that a node started in an earlier case is told apart by the owner.
const places = new AsyncLocalStorage<Place | undefined>()

/** The running node whose work this is, as the runtime knows it; undefined outside of nodes. */
export const nodeHere = (): string | undefined => places.getStore()?.open.runningId

/**
 * Records the messages of one case. Which message caused which is taken from the asynchronous context, not from `_msgid`, so
 * that it survives nodes that make new messages, links, subflows and Catch nodes.
 */
export class Recorder {
  readonly faults: Fault[] = []
  readonly #parts: RecorderParts
  readonly #reach: ReachCounter
  #started: number
  readonly #hops: Hop[] = []
  readonly #open = new Map<string, Open[]>()
  readonly #last = new Map<string, Open>()
  readonly #deliveries = new WeakMap<object, { readonly open: Open; readonly output: number }>()
  readonly #outer: (Place | undefined)[] = []
  readonly #raising: Fault[] = []
  readonly #redact = createRedactor()
  #sending: Open | undefined
  #dropped = 0
  #pending = 0
  #working = 0
  #lastEvent: number

  constructor(parts: RecorderParts) {
    this.#parts = parts
    this.#reach = new ReachCounter(parts.topology)
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
    return this.#pending <= 0 && this.#working <= 0
  }

  /** Milliseconds since anything happened. */
  get quietMs(): number {
    return this.#parts.clock.monotonic() - this.#lastEvent
  }

  /** Ids in the flow file of the nodes that have not let go of a message. */
  get working(): readonly string[] {
    const open = [...this.#open.values()].flat().filter(({ waits }) => waits)
    return [...new Set(open.map(({ hop }) => hop.node))]
  }

  /** A message is about to enter a node. */
  received(node: RuntimeNode, message: RuntimeMessage): void {
    const running = this.#parts.topology.running.get(node.id)
    const delivery = this.#deliveries.get(message)
    if (delivery) {
      this.#deliveries.delete(message)
      this.#pending -= 1
    }
    const here = places.getStore()
    this.#outer.push(here)
    if (!running) return
    this.#parts.mark(node.id)
    const from = delivery?.open ?? (here?.owner === this ? here.open : undefined)
    // The runtime itself delivers from `link out` to `link in` as over a wire.
    const arrival = delivery && node.type !== 'link in' ? 'wire' : arrivalOf(node.type, from !== undefined)
    this.#reach.node(running.id)
    if (arrival === 'link' && from) this.#reach.link(from.hop.node, running.id)
    if (arrival === 'error') for (const fault of this.#raising) fault.handled = true
    const open = this.#enter(node, message, { from, arrival, output: delivery?.output })
    places.enterWith({ owner: this, open })
    this.#parts.observer.received(running.id, message, open.hop.enteredMs)
  }

  /** The node's handler has returned. */
  handled(node: RuntimeNode, message: RuntimeMessage): void {
    places.enterWith(this.#outer.pop())
    if ((node._expectedDoneCount ?? 0) === 0) this.#leave(node.id, message)
  }

  /** An HTTP request comes to a node; `serve` hands it over. All that follows from it belongs to it. */
  requested(runningId: string, serve: () => void): void {
    this.#parts.mark(runningId)
    const origin = { from: undefined, arrival: 'http', output: undefined } as const
    const open = this.#enter({ id: runningId, type: '' }, {}, origin)
    this.#reach.node(open.hop.node)
    places.run({ owner: this, open }, serve)
  }

  /** An endpoint has refused a request by itself, and told so in its answer. @param id in the flow file. */
  refused(id: string, error: unknown): void {
    const type = this.#parts.topology.nodes.get(id)?.type ?? ''
    this.#fault({ id, type }, id, error).handled = true
  }

  /** Records what a node sends while `send` runs. */
  sending(node: RuntimeNode, out: unknown, send: () => void): void {
    const outer = this.#sending
    const open = this.#workOf(node, out)
    this.#sending = open
    try {
      if (open) this.#sent(node, open, out)
      send()
    } finally {
      this.#sending = outer
    }
  }

  /** A message was handed to the wire. */
  delivered(message: object, output: number): void {
    if (!this.#sending) return
    this.#deliveries.set(message, { open: this.#sending, output })
    this.#pending += 1
  }

  /** A node is done with a message. */
  completed(node: RuntimeNode, message: RuntimeMessage): void {
    this.#leave(node.id, message)
  }

  /** Records an error that a node reports, while `report` tells the runtime and so the Catch nodes. */
  failing(node: RuntimeNode, error: unknown, message: unknown, report: () => void): void {
    const running = this.#parts.topology.running.get(node.id)
    if (!running || typeof message !== 'object' || message === null) {
      report()
      return
    }
    const fault = this.#fault(node, running.id, error)
    const open = this.#workOf(node, message)
    if (open) open.hop.error = errorOf(fault)
    this.#raising.push(fault)
    try {
      report()
    } finally {
      this.#raising.pop()
    }
  }

  /** The hop that a node is in with a message was answered by a stub. */
  stubbed(node: RuntimeNode): void {
    const open = this.#last.get(node.id)
    if (open) open.hop.stubbed = true
  }

  #now(): number {
    this.#lastEvent = this.#parts.clock.monotonic()
    return this.#lastEvent - this.#started
  }

  #enter(
    node: RuntimeNode,
    message: RuntimeMessage,
    origin: { from: Open | undefined; arrival: Arrival; output: number | undefined },
  ): Open {
    const running = this.#parts.topology.running.get(node.id) ?? { id: node.id, path: [] }
    const index = this.#hops.length + this.#dropped
    const hop: Hop = {
      index,
      parent: origin.from?.hop.index ?? null,
      node: running.id,
      path: running.path,
      arrival: origin.arrival,
      ...(origin.output === undefined ? {} : { fromOutput: origin.output }),
      enteredMs: this.#now(),
      sends: [],
    }
    if (index < MAX_HOPS) this.#hops.push(hop)
    else this.#dropped += 1
    const before = index < MAX_CHANGED_HOPS ? this.#redact(message) : undefined
    const begins = origin.arrival === 'source' || origin.arrival === 'http'
    const waits = (node._expectedDoneCount ?? 0) > 0 && !begins
    const open: Open = { hop, runningId: node.id, message, before, error: message.error, waits }
    this.#last.set(node.id, open)
    if (begins) return open
    const list = this.#open.get(node.id)
    if (list) list.push(open)
    else this.#open.set(node.id, [open])
    if (waits) this.#working += 1
    return open
  }

  #leave(runningId: string, message: RuntimeMessage): void {
    const list = this.#open.get(runningId)
    const at = list?.findIndex((open) => open.message === message) ?? -1
    if (!list || at < 0) return
    const [open] = list.splice(at, 1)
    if (!open) return
    open.hop.leftMs = this.#now()
    if (open.waits) this.#working -= 1
  }

  // What a node does belongs to the message that it was given: by the context, else by the id, else the last one.
  #workOf(node: RuntimeNode, out: unknown): Open | undefined {
    if (!this.#parts.topology.running.has(node.id)) return undefined
    const here = places.getStore()
    if (here?.owner === this && here.open.runningId === node.id) return here.open
    const list = this.#open.get(node.id) ?? []
    const id = (out as RuntimeMessage | undefined)?._msgid
    const same = list.find(({ message }) => message === out || (id !== undefined && message._msgid === id))
    return same ?? list.at(-1) ?? this.#last.get(node.id) ?? this.#begin(node)
  }

  // A node without input begins.
  #begin(node: RuntimeNode): Open {
    this.#reach.node(this.#parts.topology.running.get(node.id)?.id ?? node.id)
    return this.#enter(node, {}, { from: undefined, arrival: 'source', output: undefined })
  }

  #sent(node: RuntimeNode, open: Open, out: unknown): void {
    const atMs = this.#now()
    for (const { output, messages } of outputsOf(out)) {
      this.#reach.sent(node.id, output, messages.length)
      for (const message of messages) {
        const changes =
          open.before === undefined ? undefined : changesBetween(open.before, this.#redact(message))
        if (open.hop.index < MAX_HOPS) open.hop.sends.push({ output, atMs, ...(changes ? { changes } : {}) })
        this.#sentError(node, open, message)
        this.#parts.observer.sent(open.hop.node, output, message, atMs)
      }
    }
  }

  // Some nodes tell of a failure at an output, as webhook-send does.
  #sentError(node: RuntimeNode, open: Open, message: RuntimeMessage): void {
    const { error } = message
    const code = codeOf(error)
    if (code === undefined || !this.#parts.failureModes.get(node.type)?.includes(code)) return
    // One that came with the message is none of this node's.
    if (error === open.error || (open.message !== message && codeOf(open.error) === code)) return
    this.#fault(node, open.hop.node, error).handled = true
  }

  #fault(node: RuntimeNode, id: string, error: unknown): Fault {
    const code = codeOf(error)
    const known = this.#parts.failureModes.get(node.type)
    if (code !== undefined && known?.includes(code)) this.#reach.failure(id, code)
    const fault: Fault = {
      node: id,
      code,
      message: redactText(textOf(error)),
      details: this.#redact((error as { details?: unknown } | null)?.details),
      atMs: this.#now(),
      handled: false,
    }
    this.faults.push(fault)
    return fault
  }
}
