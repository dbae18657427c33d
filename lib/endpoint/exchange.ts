import { abortedError, type PaletteError } from '../errors.ts'
import { failureAnswer, type Answer } from './answer.ts'

/** What an exchange is known by. */
interface ExchangeFacts {
  /** UUID; also the `_msgid` of its message. */
  readonly id: string
  readonly correlationId: string
  /** Unix time in milliseconds. */
  readonly deadline: number
  readonly isSimulated: boolean
}

/** One message that a request sent into the flow, until it is answered: exactly once, by whoever comes first. */
export class Exchange {
  readonly id: string
  readonly correlationId: string
  readonly deadline: number
  readonly isSimulated: boolean
  readonly #settle: (exchange: Exchange, answer: Answer | undefined) => void
  #isOpen = true
  #stopReason: PaletteError | undefined
  #stops: Set<(reason: PaletteError) => void> | undefined

  /** @param settle gets the answer; undefined where somebody else has written to the response. */
  constructor(facts: ExchangeFacts, settle: (exchange: Exchange, answer: Answer | undefined) => void) {
    this.id = facts.id
    this.correlationId = facts.correlationId
    this.deadline = facts.deadline
    this.isSimulated = facts.isSimulated
    this.#settle = settle
  }

  /** Answers the request. @returns false where it was answered before. */
  answer(answer: Answer): boolean {
    return this.#close(answer)
  }

  /** Answers with a failure, told without anything of the inside. @returns false where it was answered before. */
  fail(error: unknown): boolean {
    return this.#isOpen && this.#close(failureAnswer(error, this))
  }

  /** Somebody else answers the request, or nobody waits for it any more. */
  release(): void {
    this.#close(undefined)
  }

  /** Answers with a failure, and stops what is still in work: the deadline has passed, or the endpoint is closed. */
  abort(reason: PaletteError): void {
    this.#stopReason ??= reason
    this.fail(reason)
    this.#stop(reason)
  }

  /** The caller has gone and nobody can get the answer: stops what is in work. */
  abandon(): void {
    this.#stopReason ??= abortedError('The request')
    this.release()
    this.#stop(this.#stopReason)
  }

  /** Why nothing more should be done for the request; undefined where it was answered by the flow, or is open. */
  get stopReason(): PaletteError | undefined {
    return this.#stopReason
  }

  /** Calls back when what is done for the request should stop. @returns takes the wish back. */
  onStop(callback: (reason: PaletteError) => void): () => void {
    const stops = (this.#stops ??= new Set())
    stops.add(callback)
    return () => void stops.delete(callback)
  }

  #close(answer: Answer | undefined): boolean {
    if (!this.#isOpen) return false
    this.#isOpen = false
    this.#settle(this, answer)
    return true
  }

  #stop(reason: PaletteError): void {
    const stops = this.#stops
    this.#stops = undefined
    if (stops) for (const stop of stops) stop(reason)
  }
}

/** Stopped exchanges that are remembered, for their messages that are still on the way. */
const MAX_STOPPED = 10_000

/** The exchanges that are not answered yet, by their ids, and the last that were stopped. */
export class Exchanges {
  readonly #open = new Map<string, Exchange>()
  readonly #stopped = new Map<string, PaletteError>()

  add(exchange: Exchange): void {
    this.#open.set(exchange.id, exchange)
  }

  delete({ id, stopReason }: Exchange): void {
    this.#open.delete(id)
    if (!stopReason) return
    this.#stopped.set(id, stopReason)
    const [oldest] = this.#stopped.keys()
    if (this.#stopped.size > MAX_STOPPED && oldest !== undefined) this.#stopped.delete(oldest)
  }

  /** Why a message that comes late should not be worked any more: its caller was told so. */
  stopReasonOf(msg: MaybeAnswer): PaletteError | undefined {
    const id = exchangeIdOf(msg)
    return id === undefined ? undefined : this.#stopped.get(id)
  }

  /** The exchange that a message belongs to: it, a copy, or a new one that a Function node made in its place. */
  of(msg: MaybeAnswer): Exchange | undefined {
    if (this.#open.size === 0) return undefined
    const id = exchangeIdOf(msg)
    const found = id === undefined ? undefined : this.#open.get(id)
    return found ?? (msg._msgid === undefined ? undefined : this.#open.get(msg._msgid))
  }
}

/** A message, as far as it tells to which exchange it belongs. */
export interface MaybeAnswer {
  readonly _msgid?: string | undefined
  readonly cxone?: unknown
}

/** `msg.cxone.endpoint.id`: flows may have put anything there. */
export function exchangeIdOf({ cxone }: MaybeAnswer): string | undefined {
  const id = (cxone as { endpoint?: { id?: unknown } | null } | null | undefined)?.endpoint?.id
  return typeof id === 'string' ? id : undefined
}

/** The exchanges of this process. */
export const processExchanges = new Exchanges()
