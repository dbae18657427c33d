import { abortReason } from '../../concurrency/abort.ts'
import { isPaletteError, type PaletteError } from '../../errors.ts'
import { backoffMs, withDetails, type RetryPolicy } from '../../http/retry.ts'
import type { Clock, Random } from '../../ports.ts'

/** How often, and how long it took. */
export interface Counts {
  readonly attempts: number
  /** Milliseconds of the attempts, without the waits. */
  readonly latencyMs: number
  /** Milliseconds of all, waits included. */
  readonly elapsedMs: number
}

/** What repeats need of the world. */
export interface RetryPorts {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>
  readonly random: Pick<Random, 'uniform'>
}

/** How a piece of work is repeated. */
export interface Repeats {
  readonly policy: RetryPolicy
  /** Whether it may be done twice: it changes nothing. */
  readonly isHarmless: boolean
  /** Whether a part of it has left already, so that it cannot be begun again. */
  readonly isBegun?: () => boolean
  readonly signal?: AbortSignal | undefined
  /** Called before each wait, with the number of the attempt that failed (from 1). */
  readonly onRetry?: ((attempt: number, of: number) => void) | undefined
}

/**
 * Does work until it is done, fails for good, or the retries are used up.
 *
 * @throws the last error, its `details` with {@link Counts}.
 */
export async function withRetries<T>(
  { clock, random }: RetryPorts,
  { policy, isHarmless, isBegun, signal, onRetry }: Repeats,
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly counts: Counts }> {
  const started = clock.monotonic()
  let latencyMs = 0
  for (let attempt = 1; ; attempt += 1) {
    const begun = clock.monotonic()
    const countsAt = (now: number): Counts => ({ attempts: attempt, latencyMs, elapsedMs: now - started })
    try {
      const value = await work()
      const now = clock.monotonic()
      latencyMs += now - begun
      return { value, counts: countsAt(now) }
    } catch (error) {
      const now = clock.monotonic()
      latencyMs += now - begun
      if (!isPaletteError(error)) throw error
      if (attempt > policy.maxRetries || isBegun?.() === true || !isRetriable(error, isHarmless))
        throw withDetails(error, { ...countsAt(now) })
      onRetry?.(attempt, policy.maxRetries)
      await pause(clock, backoffMs(attempt - 1, policy, random), signal)
    }
  }
}

/**
 * Whether the same work may succeed a moment later, and is not done twice by it: what PostgreSQL rolled back because others were
 * in the way, and connections lost before the commit was sent.
 */
export function isRetriable({ code, details }: PaletteError, isHarmless: boolean): boolean {
  switch (code) {
    case 'PG_SERIALIZATION':
    case 'PG_DEADLOCK':
    case 'PG_LOCKED':
      return true
    case 'PG_UNAVAILABLE':
      return !isForGood(details['sqlstate']) && (isHarmless || details['outcome'] === 'rolled back')
    default:
      return false
  }
}

/** Wrong user, password or database: time does not mend them. */
const isForGood = (sqlstate: unknown): boolean => /^(28|3D)/.test(String(sqlstate))

async function pause(
  clock: RetryPorts['clock'],
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await clock.sleep(waitMs, signal)
  } catch (error) {
    throw signal?.aborted ? abortReason(signal) : error
  }
}
