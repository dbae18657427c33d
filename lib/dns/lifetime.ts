import type { Clock } from '../ports.ts'

/** The time that all questions of one resolution share. Waits for the rate limit do not count. */
export class Lifetime {
  readonly totalMs: number
  readonly #clock: Clock
  #end: number
  #pauses = 0
  #pausedAt = 0

  constructor(clock: Clock, totalMs: number) {
    this.#clock = clock
    this.totalMs = totalMs
    this.#end = clock.monotonic() + totalMs
  }

  /** Whole milliseconds, at least 1 until it is over. */
  get leftMs(): number {
    return Math.max(0, Math.ceil(this.#end - this.#clock.monotonic()))
  }

  get over(): boolean {
    return this.leftMs === 0
  }

  /** Milliseconds since the start without the pauses. */
  get usedMs(): number {
    return this.#clock.monotonic() - this.#end + this.totalMs
  }

  /** Stops while `work` runs; overlapping pauses count once. */
  async pause(work: () => Promise<void>): Promise<void> {
    if (this.#pauses === 0) this.#pausedAt = this.#clock.monotonic()
    this.#pauses += 1
    try {
      await work()
    } finally {
      this.#pauses -= 1
      if (this.#pauses === 0) this.#end += this.#clock.monotonic() - this.#pausedAt
    }
  }
}
