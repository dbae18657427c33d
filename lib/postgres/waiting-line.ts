import { abortedError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import { poolExhausted } from './failures.ts'

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
  readonly since: number
}

/** Limits of a {@link WaitingLine}. */
export interface LineOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>
  /** Milliseconds after which a waiter gives up. */
  readonly patienceMs: number
  /** What is waited for, for messages: `one of 10 connections`. */
  readonly what: string
}

/** Callers that wait for something of which there is not enough, first come, first served. */
export class WaitingLine<T> {
  readonly #options: LineOptions
  readonly #waiting: Waiter<T>[] = []
  #cancelWatch: (() => void) | undefined

  constructor(options: LineOptions) {
    this.#options = options
  }

  get length(): number {
    return this.#waiting.length
  }

  /** @throws `PG_POOL_EXHAUSTED` after `patienceMs`, or at once where `most` wait already; the signal's reason. */
  async join(most: number, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    if (this.length >= most)
      throw poolExhausted(
        `${this.length} callers wait for ${this.#options.what} already; raise \`poolMax\` or \`maxWaiting\`, or send less`,
      )
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const waiter: Waiter<T> = { resolve, reject, since: this.#options.clock.monotonic() }
    this.#waiting.push(waiter)
    this.#watch()
    if (!signal) return promise
    const leave = (): void => {
      const at = this.#waiting.indexOf(waiter)
      if (at >= 0) this.#waiting.splice(at, 1)
      reject(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /** Serves the first; false where nobody waits. */
  serve(value: T): boolean {
    const first = this.#waiting.shift()
    first?.resolve(value)
    return first !== undefined
  }

  /** Sends those away who have waited since before a moment. */
  turnAway(before: number, error: unknown): void {
    const kept = this.#waiting.splice(0).filter((waiter) => {
      if (waiter.since > before) return true
      waiter.reject(error)
      return false
    })
    this.#waiting.push(...kept)
  }

  /** Sends all away with `ABORTED`. */
  close(): void {
    this.#cancelWatch?.()
    this.turnAway(Infinity, abortedError('The statement'))
  }

  #watch(): void {
    const { clock, patienceMs, what } = this.#options
    const [first] = this.#waiting
    if (this.#cancelWatch || !first) return
    this.#cancelWatch = clock.after(Math.max(1, first.since + patienceMs - clock.monotonic()), () => {
      this.#cancelWatch = undefined
      const message = `A caller has waited ${patienceMs} ms for ${what}; raise \`poolMax\`, or send less`
      this.turnAway(clock.monotonic() - patienceMs, poolExhausted(message))
      this.#watch()
    })
  }
}
