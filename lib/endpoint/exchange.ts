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
    this.fail(reason)
    this.#stop(reason)
  }

  /** The caller has gone and nobody can get the answer: stops what is in work. */
  abandon(): void {
    this.release()
    this.#stop(abortedError('The request'))
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

/** The exchanges that are not answered yet, by their ids. */
export class Exchanges {
  readonly #open = new Map<string, Exchange>()

  add(exchange: Exchange): void {
    this.#open.set(exchange.id, exchange)
  }

  delete(exchange: Exchange): void {
    this.#open.delete(exchange.id)
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
