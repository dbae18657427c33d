import { systemClock } from '../../lib/system.ts'
import type { Message, NodeAPI } from './types.ts'

/** What the runtime's hooks tell; only what is used. */
interface DeliverEvent {
  readonly msg: Message
  readonly destination: { readonly node?: object }
}
interface CompleteEvent {
  readonly msg: Message
  readonly node: { readonly node: object }
}
interface Hooks {
  add(name: string, callback: (event: never) => void): void
  remove(name: string): void
}

/** One message on its way through the flow. */
interface Trace {
  /** Nodes that have it, or will have it in a moment, and how often. */
  readonly at: Map<object, number>
  /** Deliveries that were announced and have not arrived yet. */
  readonly due: Map<object, number>
  readonly finish: () => void
  cancelIdle: () => void
}

/** Waits longer than this for a node that has never told its end: it is one that does not tell. */
const SILENT_MS = 2_000
/** Waits longer than this for any node: one that forgot a message must not stop the rest for ever. */
const LOST_MS = 300_000
/** Nodes of the core that are done with a message only once they have the whole sequence: waiting for them never ends. */
const GATHERING: ReadonlySet<unknown> = new Set(['join', 'batch', 'sort'])
const LABEL = 'cxone-downstream'

/**
 * Tells when the nodes behind have worked a message: all that got it, or a copy of it, called `done`. Messages are told apart by
 * `_msgid`, which nodes keep. Nodes of the old form, without `done`, are not waited for once that is known. The runtime's hooks
 * are in use only while a message is followed.
 */
export class Downstream {
  readonly #hooks: Hooks
  readonly #clock: Pick<typeof systemClock, 'after'>
  readonly #traces = new Map<string, Trace>()
  /** Whether a node is known to call `done`. */
  readonly #tells = new WeakMap<object, boolean>()

  constructor(hooks: Hooks, clock: Pick<typeof systemClock, 'after'> = systemClock) {
    this.#hooks = hooks
    this.#clock = clock
  }

  /**
   * Sends a message.
   *
   * @param id `_msgid` of the message, its own.
   * @param send hands it to the runtime.
   * @returns a promise that resolves once it has been worked, or the signal is aborted. @throws what `send` throws.
   */
  follow(id: string, send: () => void, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const trace: Trace = {
      at: new Map(),
      due: new Map(),
      finish: () => {
        signal.removeEventListener('abort', trace.finish)
        trace.cancelIdle()
        if (this.#traces.delete(id) && this.#traces.size === 0) this.#hooks.remove(`*.${LABEL}`)
        resolve(undefined)
      },
      cancelIdle: () => undefined,
    }
    if (this.#traces.size === 0) this.#listen()
    this.#traces.set(id, trace)
    signal.addEventListener('abort', trace.finish)
    try {
      send()
      if (this.#traces.has(id)) this.#settle(trace)
    } catch (error) {
      trace.finish()
      throw error
    }
    return promise
  }

  #listen(): void {
    this.#hooks.add(`preDeliver.${LABEL}`, ({ msg, destination }: DeliverEvent) => {
      this.#note(msg, destination.node, (trace, node) => {
        change(trace.at, node, 1)
        change(trace.due, node, 1)
      })
    })
    // Catch, Complete and Link nodes get messages past the wires: those were not announced.
    this.#hooks.add(`onReceive.${LABEL}`, ({ msg, destination }: DeliverEvent) => {
      this.#note(msg, destination.node, (trace, node) => {
        if (!change(trace.due, node, -1)) change(trace.at, node, 1)
      })
    })
    this.#hooks.add(`onComplete.${LABEL}`, ({ msg, node: { node } }: CompleteEvent) => {
      this.#note(msg, node, (trace) => {
        this.#tells.set(node, true)
        change(trace.at, node, -1)
      })
    })
  }

  #note(msg: Message, node: object | undefined, note: (trace: Trace, node: object) => void): void {
    const trace = typeof msg._msgid === 'string' ? this.#traces.get(msg._msgid) : undefined
    if (!trace || !node) return
    note(trace, node)
    this.#settle(trace)
  }

  // A node that is done may have handed the message on in a way that shows a moment later.
  #settle(trace: Trace): void {
    trace.cancelIdle()
    const waitMs = this.#waitOf(trace)
    trace.cancelIdle = this.#clock.after(waitMs, () => {
      if (waitMs > 0)
        for (const node of trace.at.keys()) if (!this.#tells.has(node)) this.#tells.set(node, false)
      if (waitMs === LOST_MS || this.#waitOf(trace) === 0) trace.finish()
      else this.#settle(trace)
    })
  }

  /** How long the message may stay where it is. */
  #waitOf({ at }: Trace): number {
    const nodes = [...at.keys()].filter((node) => this.#tells.get(node) !== false && !isGathering(node))
    if (nodes.length === 0) return 0
    return nodes.some((node) => this.#tells.get(node)) ? LOST_MS : SILENT_MS
  }
}

const isGathering = (node: object): boolean => GATHERING.has((node as { type?: unknown }).type)

/** Adds to a count; false where it would fall below zero. */
function change(counts: Map<object, number>, node: object, by: 1 | -1): boolean {
  const count = (counts.get(node) ?? 0) + by
  if (count < 0) return false
  if (count === 0) counts.delete(node)
  else counts.set(node, count)
  return true
}

let shared: Downstream | undefined

/** The one that follows messages in this runtime. */
export const downstreamOf = (RED: NodeAPI): Downstream =>
  (shared ??= new Downstream((RED as unknown as { readonly hooks: Hooks }).hooks))
