import { abortReason } from '../concurrency/abort.ts'
import type { Clock } from '../ports.ts'
import type { Pace } from './pace.ts'

/** A {@link Pace} that tells of its pauses. */
export class SharedPace implements Pace {
  readonly #clock: Pick<Clock, 'monotonic' | 'sleep'>
  readonly #onPause: (waitMs: number) => void
  #until = -Infinity
  #streak = 0

  constructor(
    clock: Pick<Clock, 'monotonic' | 'sleep'>,
    onPause: (waitMs: number) => void = () => undefined,
  ) {
    this.#clock = clock
    this.#onPause = onPause
  }

  /** Pauses in a row without a call between that was answered otherwise. */
  get streak(): number {
    return this.#streak
  }

  /** Milliseconds that the pause still lasts; 0 without one. */
  get leftMs(): number {
    return Math.max(0, this.#until - this.#clock.monotonic())
  }

  limited(waitMs: number): void {
    const now = this.#clock.monotonic()
    if (now >= this.#until) this.#streak += 1 // answers to calls that were under way belong to the same pause
    if (now + waitMs <= this.#until) return
    this.#until = now + waitMs
    this.#onPause(waitMs)
  }

  /** A call was answered otherwise: the server takes calls again. */
  eased(): void {
    this.#streak = 0
  }

  ready(signal?: AbortSignal): Promise<void> | undefined {
    return this.leftMs > 0 ? this.#wait(signal) : undefined
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    try {
      while (this.leftMs > 0) await this.#clock.sleep(this.leftMs, signal)
    } catch (error) {
      throw signal?.aborted ? abortReason(signal) : error
    }
  }
}
