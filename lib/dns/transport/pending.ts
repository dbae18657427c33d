import { abortReason } from '../../concurrency/abort.ts'
import { abortedError } from '../../errors.ts'
import { dnsFault } from '../faults.ts'
import { serverText, type ServerAddress } from '../servers.ts'
import type { Deadlines } from './deadlines.ts'
import type { Exchange } from './transport.ts'

const WHAT = 'The DNS question'

/** What a question fails with when its transport is closed. */
export const closedError = (): Error => abortedError(WHAT)

/** An exchange that waits for its answer: settled once, by an answer, a failure, the clock or the signal. */
export class Pending {
  readonly #exchange: Exchange<unknown>
  readonly #settle: (outcome: { value: unknown } | { error: unknown }) => void
  #open = true

  /** @param release called once when it is settled, to free what belongs to it. */
  constructor(
    exchange: Exchange<unknown>,
    deadlines: Deadlines,
    promise: { resolve: (value: unknown) => void; reject: (error: unknown) => void },
    release: () => void,
  ) {
    this.#exchange = exchange
    const { signal, server, timeoutMs } = exchange
    const onAbort = (): void => this.fail(signal && abortReason(signal, WHAT))
    const cancelTimer = deadlines.add(timeoutMs, () =>
      this.fail(dnsFault('DNS_TIMEOUT', `No answer from ${serverText(server)} within ${timeoutMs} ms`)),
    )
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#settle = (outcome) => {
      if (!this.#open) return
      this.#open = false
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
      release()
      if ('value' in outcome) promise.resolve(outcome.value)
      else promise.reject(outcome.error)
    }
  }

  /** Hands in a message with the right id; false when it was not the answer. */
  receive(message: Buffer): boolean {
    try {
      const value = this.#exchange.read(message)
      if (value === undefined) return false
      this.#settle({ value })
    } catch (error) {
      this.#settle({ error })
    }
    return true
  }

  fail(error: unknown): void {
    this.#settle({ error })
  }
}

/** Fails for a transport that is closed, and for a signal that was aborted before anything was sent. */
export function refuseIf(closed: boolean, signal: AbortSignal | undefined): void {
  if (closed) throw closedError()
  if (signal?.aborted) throw abortReason(signal, WHAT)
}

/** The fault for a server that cannot be reached: it gives no answer in time either, only we know it sooner. */
export const unreachable = (server: ServerAddress, cause: unknown): Error =>
  dnsFault(
    'DNS_TIMEOUT',
    `No answer from ${serverText(server)}: ${cause instanceof Error ? cause.message : String(cause)}`,
    {},
    cause,
  )
