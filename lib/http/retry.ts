import { PaletteError } from '../errors.ts'
import type { Clock, HttpRequest, HttpResponse, HttpSend, Random } from '../ports.ts'
import { abortReason } from '../concurrency/abort.ts'
import { addressOf, elsewhere } from './connect-target.ts'
import { isPassing } from './failure.ts'
import type { Pace } from './pace.ts'
import { parseRetryAfter } from './retry-after.ts'

/** How often and how long to wait: full jitter over `baseDelayMs * 2^n`, never more than `maxDelayMs`. */
export interface RetryPolicy {
  readonly maxRetries: number
  readonly baseDelayMs: number
  readonly maxDelayMs: number
}

/** What one request that may be repeated is told. */
export interface RetryOptions {
  readonly policy: RetryPolicy
  /** Called before each wait, with the number of the attempt that failed (from 1). */
  readonly onRetry?: ((attempt: number, waitMs: number, reason: string) => void) | undefined
  /** Shared with other calls, which a 429 then pauses too. */
  readonly pace?: Pace | undefined
}

/** The last answer, whatever its status, with the count of all attempts. */
export interface Exchange {
  readonly response: HttpResponse
  readonly attempts: number
  /** Milliseconds of the attempts, without the waits. */
  readonly latencyMs: number
  /** Milliseconds of all, waits included. */
  readonly elapsedMs: number
}

/** Sends a request until it is answered well or the retries are used up. */
export type RetryingSend = (request: HttpRequest, options: RetryOptions) => Promise<Exchange>

/** The statuses that are worth a repeat. */
const RETRY_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** A random wait from 0 to `baseDelayMs * 2^retry`, capped ("full jitter"). `retry` counts from 0. */
export function backoffMs(retry: number, policy: RetryPolicy, random: Pick<Random, 'uniform'>): number {
  return random.uniform() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** retry)
}

/**
 * Wraps a send with retries on network errors, time-outs and {@link RETRY_STATUSES}. `Retry-After` sets the wait, up
 * to `maxDelayMs`. An answer that is still bad at the end is returned, not thrown.
 *
 * @throws the last error of `send`, its `details` with `attempts`, `latencyMs` and `elapsedMs`.
 */
export function createRetryingSend(ports: {
  readonly send: HttpSend
  readonly clock: Clock
  readonly random: Pick<Random, 'uniform'>
}): RetryingSend {
  const { send, clock, random } = ports
  return async (request, { policy, onRetry, pace }) => {
    const started = clock.monotonic()
    let latencyMs = 0
    let connectTo = request.connectTo
    for (let attempt = 1; ; attempt += 1) {
      const held = pace?.ready(request.signal)
      if (held) await held
      const sent = clock.monotonic()
      const outcome = await tryOnce(send, attempt > 1 && connectTo ? { ...request, connectTo } : request)
      const now = clock.monotonic()
      latencyMs += now - sent
      const reason = attempt > policy.maxRetries ? undefined : retryReason(outcome)
      if (reason === undefined) {
        const count = { attempts: attempt, latencyMs, elapsedMs: now - started }
        if (outcome instanceof PaletteError) throw withDetails(outcome, count)
        return { response: outcome, ...count }
      }
      const waitMs = waitFor(outcome, clock.now(), policy) ?? backoffMs(attempt - 1, policy, random)
      onRetry?.(attempt, waitMs, reason)
      connectTo = connectTo && elsewhere(connectTo, addressOf(outcome))
      if (isLimited(outcome)) pace?.limited(waitMs)
      await pause(clock, waitMs, request.signal)
    }
  }
}

/** The same error with more details. */
export function withDetails(error: PaletteError, more: Readonly<Record<string, unknown>>): PaletteError {
  return new PaletteError(error.code, error.message, {
    details: { ...error.details, ...more },
    cause: error.cause,
  })
}

const isLimited = (outcome: HttpResponse | PaletteError): boolean =>
  !(outcome instanceof PaletteError) && outcome.status === 429

async function tryOnce(send: HttpSend, request: HttpRequest): Promise<HttpResponse | PaletteError> {
  try {
    return await send(request)
  } catch (error) {
    if (error instanceof PaletteError) return error
    throw error
  }
}

function retryReason(outcome: HttpResponse | PaletteError): string | undefined {
  if (outcome instanceof PaletteError) return isPassing(outcome) ? outcome.code : undefined
  return RETRY_STATUSES.has(outcome.status) ? `status ${outcome.status}` : undefined
}

function waitFor(
  outcome: HttpResponse | PaletteError,
  nowMs: number,
  policy: RetryPolicy,
): number | undefined {
  if (outcome instanceof PaletteError) return undefined
  const asked = parseRetryAfter(outcome.headers['retry-after'], nowMs)
  return asked === undefined ? undefined : Math.min(asked, policy.maxDelayMs)
}

async function pause(clock: Clock, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await clock.sleep(waitMs, signal)
  } catch (error) {
    throw signal?.aborted ? abortReason(signal) : error
  }
}
