import type { Clock } from '../ports.ts'

const WINDOW_MS = 60_000

/** Counts requests in a sliding minute: never more than the limit in any 60 s, unlike a bucket that is refilled. */
export class RateWindow {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** A ring of the moments of the last requests. */
  readonly #moments: Float64Array
  #next = 0

  constructor(perMinute: number, clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
    this.#moments = new Float64Array(perMinute).fill(-Infinity)
  }

  /** Takes one request if the limit allows it. @returns 0 when taken, else the milliseconds until the next is free. */
  tryTake(): number {
    const now = this.#clock.monotonic()
    const waitMs = (this.#moments[this.#next] ?? -Infinity) + WINDOW_MS - now
    if (waitMs > 0) return waitMs
    this.#moments[this.#next] = now
    this.#next = (this.#next + 1) % this.#moments.length
    return 0
  }
}
