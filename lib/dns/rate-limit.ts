import type { Clock } from '../ports.ts'
import { dnsFault } from './faults.ts'

const WINDOW_MS = 60_000

/** Most questions a minute that can be asked for; bounds the memory of a {@link RateLimit}. */
const MAX_QUERIES_PER_MINUTE = 1000

/** Questions that may wait; past it they are refused, so that a flood of messages does not fill the memory. */
const MAX_WAITING = 10_000

/**
 * Counts questions in a sliding minute: never more than the limit in any 60 s, unlike a bucket that is refilled.
 * The limit is given with each call, because a message may override it.
 */
export class RateLimit {
  readonly #clock: Clock
  /** A ring of the moments of the last questions. */
  readonly #moments = new Float64Array(MAX_QUERIES_PER_MINUTE).fill(-Infinity)
  #next = 0
  #waiting = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes one question if the limit allows it. @returns 0 when taken, else the milliseconds until the next is free. */
  tryTake(limit: number): number {
    const now = this.#clock.monotonic()
    const place = (this.#next - limit + 2 * MAX_QUERIES_PER_MINUTE) % MAX_QUERIES_PER_MINUTE
    const wait = (this.#moments[place] ?? -Infinity) + WINDOW_MS - now
    if (wait > 0) return Math.ceil(wait)
    this.#moments[this.#next] = now
    this.#next = (this.#next + 1) % MAX_QUERIES_PER_MINUTE
    return 0
  }

  /** Takes one question. @throws `DNS_RATE_LIMITED` with `details.retryAfterMs`. */
  take(limit: number): void {
    const wait = this.tryTake(limit)
    if (wait > 0) throw limited(limit, wait, 'Raise `maxQueriesPerMinute`, or let messages wait (`onLimit`)')
  }

  /** Takes one question as soon as the limit allows it. @throws `DNS_RATE_LIMITED` where too many wait already. */
  async wait(limit: number, signal: AbortSignal | undefined): Promise<void> {
    const first = this.tryTake(limit)
    if (first === 0) return
    if (this.#waiting >= MAX_WAITING)
      throw limited(limit, first, `${MAX_WAITING} questions wait already: raise \`maxQueriesPerMinute\``)
    this.#waiting += 1
    try {
      for (let ms = first; ms > 0; ms = this.tryTake(limit)) await this.#clock.sleep(ms, signal)
    } finally {
      this.#waiting -= 1
    }
  }
}

const limited = (limit: number, retryAfterMs: number, fix: string): Error =>
  dnsFault(
    'DNS_RATE_LIMITED',
    `More than ${limit} DNS questions in a minute; the next is free in ${Math.ceil(retryAfterMs / 1000)} s. ${fix}`,
    { retryAfterMs, limit },
  )
