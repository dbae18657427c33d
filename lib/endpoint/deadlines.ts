import type { Clock } from '../ports.ts'

/** Something that must be over at a moment. */
export interface Due {
  /** Monotonic milliseconds. */
  readonly dueAt: number
  /** Called once the moment has come, unless it was taken out before. */
  expire(): void
}

/**
 * The deadlines of one endpoint. All are equally long, so they fall due in the order in which they were added, and one timer
 * serves them all: a timer a request would cost more than most requests themselves.
 */
export class Deadlines {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>
  readonly #due = new Set<Due>()
  #cancel: (() => void) | undefined

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>) {
    this.#clock = clock
  }

  add(due: Due): void {
    this.#due.add(due)
    if (!this.#cancel) this.#arm(due.dueAt)
  }

  delete(due: Due): void {
    this.#due.delete(due)
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#due.clear()
  }

  #arm(at: number): void {
    const waitMs = Math.max(1, Math.ceil(at - this.#clock.monotonic()))
    this.#cancel = this.#clock.after(waitMs, () => this.#expire())
  }

  #expire(): void {
    this.#cancel = undefined
    const now = this.#clock.monotonic()
    for (const due of this.#due) {
      if (due.dueAt > now) {
        this.#arm(due.dueAt)
        return
      }
      this.#due.delete(due)
      due.expire()
    }
  }
}
