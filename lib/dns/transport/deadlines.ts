import type { Clock } from '../../ports.ts'

/** What has to be over at a moment. */
export interface Deadline {
  /** Monotonic milliseconds. */
  readonly at: number
  /** Called once, after its deadline was taken away. */
  expire(): void
}

/**
 * Many deadlines on one timer: questions come by the thousand, and nearly all are answered before. The timer is left
 * running when the last deadline goes, because the next one is rarely far; it does not keep the process alive.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #open = new Set<Deadline>()
  #next = Infinity
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Monotonic milliseconds, for {@link Deadline.at}. */
  now(): number {
    return this.#clock.monotonic()
  }

  add(deadline: Deadline): void {
    this.#open.add(deadline)
    if (deadline.at < this.#next) this.#arm(deadline.at)
  }

  delete(deadline: Deadline): void {
    this.#open.delete(deadline)
  }

  /** Stops the timer; deadlines that are left never expire. */
  close(): void {
    this.#open.clear()
    this.#disarm()
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
      else if (this.#open.delete(deadline)) deadline.expire()
    }
    if (next < this.#next && this.#open.size > 0) this.#arm(next)
  }
}
