import type { Clock } from '../../../lib/ports.ts'
import { systemClock } from '../../../lib/system.ts'

/** A clock whose sleeps return at once and move it on; timers of attempts stay real. */
export interface FakeClock extends Clock {
  /** The waits that were asked for, in milliseconds. */
  readonly sleeps: number[]
  advance(ms: number): void
}

/** Makes a {@link FakeClock} that begins at `startMs` (Unix). */
export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let offset = 0
  const sleeps: number[] = []
  const begin = performance.now()
  return {
    sleeps,
    advance: (ms) => {
      offset += ms
    },
    now: () => startMs + offset,
    monotonic: () => performance.now() - begin + offset,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      sleeps.push(ms)
      offset += ms
      await Promise.resolve()
    },
    after: systemClock.after,
  }
}
