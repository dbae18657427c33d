import { abortReason } from '../../concurrency/abort.ts'
import { abortedError } from '../../errors.ts'
import { dnsFault } from '../faults.ts'
import { serverText, type ServerAddress } from '../servers.ts'
import type { Deadline } from './deadlines.ts'
import type { CookieState, Exchange } from './transport.ts'

const WHAT = 'The DNS question'

/** What a question fails with when its transport is closed. */
export const closedError = (): Error => abortedError(WHAT)

/** Who is told that a question is settled. */
interface Owner {
  settled(pending: Pending): void
}

/**
 * An exchange that waits for its answer: settled once, by an answer, a failure, the clock or the signal. One object for
 * all of that, because there is one a question.
 */
export class Pending implements Deadline {
  readonly exchange: Exchange<unknown>
  /** Among those of its connection. */
  readonly id: number
  readonly at: number
  /** A DNS cookie went with it. */
  hasCookie = false
  /** Its time was over before an answer came. */
  isLate = false
  isOpen = true
  readonly #owner: Owner
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void

  /** @param at when it is given up, monotonic milliseconds; the deadline is the owner's to set. */
  constructor(
    owner: Owner,
    question: { readonly exchange: Exchange<unknown>; readonly id: number; readonly at: number },
    promise: { resolve: (value: unknown) => void; reject: (error: unknown) => void },
  ) {
    this.exchange = question.exchange
    this.id = question.id
    this.at = question.at
    this.#owner = owner
    this.#resolve = promise.resolve
    this.#reject = promise.reject
    this.exchange.signal?.addEventListener('abort', this)
  }

  /** Hands in a message with the right id; false when it was not the answer. */
  receive(message: Buffer, cookie: CookieState = 'none'): boolean {
    if (!this.isOpen) return false
    try {
      const value = this.exchange.read(message, cookie)
      if (value === undefined) return false
      this.#close()
      this.#resolve(value)
    } catch (error) {
      this.fail(error)
    }
    return true
  }

  fail(error: unknown): void {
    if (!this.isOpen) return
    this.#close()
    this.#reject(error)
  }

  /** Its time is over. */
  expire(): void {
    const { server, timeoutMs } = this.exchange
    this.isLate = true
    this.fail(dnsFault('DNS_TIMEOUT', `No answer from ${serverText(server)} within ${timeoutMs} ms`))
  }

  /** Its signal was aborted. */
  handleEvent(): void {
    const { signal } = this.exchange
    this.fail(signal && abortReason(signal, WHAT))
  }

  #close(): void {
    this.isOpen = false
    this.exchange.signal?.removeEventListener('abort', this)
    this.#owner.settled(this)
  }
}

/** Why nothing may be sent: the transport is closed, or the signal was aborted before. */
export function refusal(isClosed: boolean, signal: AbortSignal | undefined): Error | undefined {
  if (isClosed) return closedError()
  return signal?.aborted ? abortReason(signal, WHAT) : undefined
}

/** The fault for a server that cannot be reached: it gives no answer in time either, only we know it sooner. */
export const unreachable = (server: ServerAddress, cause: unknown): Error =>
  dnsFault(
    'DNS_TIMEOUT',
    `No answer from ${serverText(server)}: ${cause instanceof Error ? cause.message : String(cause)}`,
    {},
    cause,
  )
