import { downstreamOf } from './downstream.ts'
import type { Context } from './message-context.ts'
import type { Message, NodeAPI } from './types.ts'

/** How a message becomes several. */
interface SequenceOptions {
  /** Messages that may be in work behind the node at a time. */
  readonly window: number
  /** Items that each message stands for, as the core's Split node has it. */
  readonly len: number
  /** How many messages there will be; undefined where that shows at the end. */
  readonly count?: number
}

/**
 * Sends a message as a sequence: copies, each a message of its own, and at last the message itself. `msg.parts` is as the core's
 * Split and Join nodes have it. A copy is sent once the nodes behind have worked those before it, but for a few.
 */
export class Sequence {
  readonly #RED: NodeAPI
  readonly #msg: Message
  readonly #context: Context
  readonly #window: number
  readonly #parts: object
  readonly #inWork = new Set<Promise<void>>()
  #index = 0

  constructor(RED: NodeAPI, msg: Message, context: Context, { window, len, count }: SequenceOptions) {
    this.#RED = RED
    this.#msg = msg
    this.#context = context
    this.#window = window
    const outer = msg['parts'] === undefined ? {} : { parts: msg['parts'] }
    this.#parts = {
      id: RED.util.generateId(),
      type: 'array',
      len,
      ...(count !== undefined && { count }),
      ...outer,
    }
  }

  /**
   * Sends a copy of the message without its payload. Resolves when the next one may be sent.
   *
   * @param fill gives it its own payload.
   * @throws `ABORTED`: nothing is sent from a node that is closed.
   */
  async send(fill: (copy: Message) => void): Promise<void> {
    const { signal } = this.#context
    signal.throwIfAborted()
    const copy: Message = this.#RED.util.cloneMessage({ ...this.#msg, payload: undefined })
    copy._msgid = this.#RED.util.generateId()
    copy['parts'] = { ...this.#parts, index: this.#index++ }
    fill(copy)
    const worked = downstreamOf(this.#RED).follow(copy._msgid, () => this.#context.send(copy), signal)
    this.#inWork.add(worked)
    void worked.then(() => this.#inWork.delete(worked))
    if (this.#inWork.size >= this.#window) await Promise.race(this.#inWork)
  }

  /** Makes the message itself the last of the sequence. It is sent as any other. */
  end(): void {
    this.#msg['parts'] = { ...this.#parts, index: this.#index, count: this.#index + 1 }
  }
}

/** Copies that may be in work at a time where each stands for one thing. */
const WINDOW = 32
/** Copies between two writes of the progress. */
const STEP = 100

/**
 * Sends `count` messages: copies, and at last the message itself, which the handler returns. One alone stays as it is.
 *
 * @param fill gives the message of a number, from 0, what is its own.
 */
export async function sendEach(
  RED: NodeAPI,
  msg: Message,
  context: Context,
  count: number,
  fill: (each: Message, at: number) => void,
): Promise<void> {
  if (count > 1) {
    const sequence = new Sequence(RED, msg, context, { window: WINDOW, len: 1, count })
    for (let at = 0; at < count - 1; at += 1) {
      if (at % STEP === 0) context.progress(at, count)
      await sequence.send((copy) => fill(copy, at))
    }
    sequence.end()
  }
  fill(msg, count - 1)
}
