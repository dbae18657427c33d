import type { Clock } from '../../ports.ts'

interface Deadline {
  /** Monotonic milliseconds. */
  readonly at: number
  readonly onLate: () => void
}

/** Many deadlines on one timer: questions come by the thousand, and nearly all are answered before. */
export class Deadlines {
  readonly #clock: Clock
  readonly #open = new Set<Deadline>()
  #next = Infinity
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns what takes the deadline back. */
  add(ms: number, onLate: () => void): () => void {
    const deadline = { at: this.#clock.monotonic() + ms, onLate }
    this.#open.add(deadline)
    if (deadline.at < this.#next) this.#arm(deadline.at)
    return () => {
      this.#open.delete(deadline)
      if (this.#open.size === 0) this.#disarm()
    }
  }

  #arm(at: number): void {
    this.#cancel?.()
    this.#next = at
    // Timers count whole milliseconds and may be early by a part of one.
    const ms = Math.max(1, Math.ceil(at - this.#clock.monotonic()))
    this.#cancel = this.#clock.after(ms, () => this.#fire())
  }

  #disarm(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#next = Infinity
  }

  #fire(): void {
    this.#disarm()
    const now = this.#clock.monotonic()
    let next = Infinity
    for (const deadline of [...this.#open]) {
      if (deadline.at > now) next = Math.min(next, deadline.at)
      else if (this.#open.delete(deadline)) deadline.onLate()
    }
    if (next < this.#next && this.#open.size > 0) this.#arm(next)
  }
}
