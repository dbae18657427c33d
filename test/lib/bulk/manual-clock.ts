import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../../lib/ports.ts'

interface Timer {
  readonly atMs: number
  readonly ring: () => void
}

/** A clock that stands still until a test moves it; what falls due on the way rings in its order. */
export class ManualClock implements Clock {
  #nowMs = 0
  #timers: Timer[] = []

  now(): number {
    return Date.UTC(2026, 10, 21) + this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  readonly after = (ms: number, ring: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + ms, ring }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      const abort = (): void => {
        cancel()
        reject(signal?.reason as Error)
      }
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** How many waits have not ended. */
  get waiting(): number {
    return this.#timers.length
  }

  /** Moves on by `ms`, and lets everything run that this sets off. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms
    await turn()
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0]
      if (!next || next.atMs > end) break
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.#timers = this.#timers.filter((timer) => timer !== next)
      next.ring()
      await turn()
    }
    this.#nowMs = end
    await turn()
  }
}
