import { isPaletteError, type PaletteError } from '../errors.ts'
import type { Pace } from '../http/pace.ts'
import { SharedPace } from '../http/shared-pace.ts'
import { backoffMs, type RetryPolicy } from '../http/retry.ts'
import type { Clock, Random } from '../ports.ts'
import { failedItem, type ItemDone, type Settled } from './item.ts'

/** Pauses in a row after which the server is taken to refuse for good: items then fail with their own 429. */
const MAX_STREAK = 8
const BACKOFF: RetryPolicy = { maxRetries: MAX_STREAK, baseDelayMs: 1000, maxDelayMs: 30_000 }

interface LimitOptions {
  readonly clock: Clock
  readonly random: Pick<Random, 'uniform'>
  readonly isRepeatable?: boolean
}

/**
 * What a run does about 429: all its calls pause together, as long as the server asks (30 s at most, else an
 * exponential back-off with full jitter), and the item that met it is worked again with the same key.
 */
export class LimitedCalls {
  readonly #pace: SharedPace
  readonly #options: LimitOptions

  constructor(options: LimitOptions, onPause: () => void) {
    this.#options = options
    this.#pace = new SharedPace(options.clock, onPause)
  }

  get pace(): Pace {
    return this.#pace
  }

  /** Seconds that the pause still lasts, rounded up. */
  get pausedS(): number {
    return Math.ceil(this.#pace.leftMs / 1000)
  }

  /** Waits for the end of a pause, or for the signal. */
  async ready(signal: AbortSignal): Promise<void> {
    try {
      await this.#pace.ready(signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /** Works on an item until it ends otherwise than by a 429; the attempts of all rounds count. */
  async work<R>(signal: AbortSignal, call: () => Promise<ItemDone<R>>): Promise<Settled<R>> {
    let before = { attempts: 0, latencyMs: 0 }
    for (;;) {
      const { settled, error } = await settle(call)
      const sums = {
        attempts: before.attempts + settled.attempts,
        latencyMs: before.latencyMs + settled.latencyMs,
      }
      const isLimited = error?.code === 'CXONE_RATE_LIMITED'
      if (!isLimited) this.#pace.eased()
      if (!isLimited || !(await this.#mayRepeat(error, signal))) return withSums(settled, sums)
      before = sums
    }
  }

  async #mayRepeat({ details }: PaletteError, signal: AbortSignal): Promise<boolean> {
    const { random, isRepeatable = true } = this.#options
    const asked = details['retryAfterMs']
    const waitMs =
      typeof asked === 'number'
        ? Math.min(asked, BACKOFF.maxDelayMs)
        : backoffMs(this.#pace.streak, BACKOFF, random)
    this.#pace.limited(waitMs)
    if (!isRepeatable || this.#pace.streak > MAX_STREAK) return false
    await this.ready(signal)
    return !signal.aborted
  }
}

async function settle<R>(
  call: () => Promise<ItemDone<R>>,
): Promise<{ settled: Settled<R>; error?: PaletteError | undefined }> {
  try {
    const { value, attempts = 0, latencyMs = 0, details } = await call()
    return { settled: { result: { ok: true, value }, attempts, latencyMs, details } }
  } catch (error) {
    return { settled: failedItem(error), error: isPaletteError(error) ? error : undefined }
  }
}

// An error tells the attempts of its call in its details: they are those of all rounds as well.
function withSums<R>(settled: Settled<R>, sums: { attempts: number; latencyMs: number }): Settled<R> {
  const { result } = settled
  if (result.ok || sums.attempts === settled.attempts) return { ...settled, ...sums }
  const error = { ...result.error, details: { ...result.error.details, ...sums } }
  return { ...settled, ...sums, result: { ok: false, error } }
}
