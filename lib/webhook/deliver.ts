import { abortReason } from '../concurrency/abort.ts'
import { within } from '../concurrency/within.ts'
import type { Pin } from '../dns/pin.ts'
import { isPaletteError } from '../errors.ts'
import { addressOf, elsewhere, toTarget } from '../http/connect-target.ts'
import { parseRetryAfter } from '../http/retry-after.ts'
import { safeUrl } from '../http/safe-url.ts'
import type { Clock, ConnectTarget, HttpResponse, HttpSend, Random } from '../ports.ts'
import { Backlog } from './backlog.ts'
import type { AddressGuard } from './guard.ts'
import type { Signer } from './sign.ts'
import { Slots } from './slots.ts'

/** What a delivery needs from the world. */
export interface DeliveryPorts {
  readonly send: HttpSend
  readonly clock: Clock
  readonly random: Pick<Random, 'uniform'>
  readonly guard: AddressGuard
  readonly sign: Signer
  /** Hosts that are known to live elsewhere; the guard is not asked for them. */
  readonly route?: (url: URL, pin?: Pin) => ConnectTarget | undefined
}

/** How often, how long and how many at a time. */
export interface DeliveryOptions {
  /** Seconds to wait before each attempt, counted from the end of the one before. Its length is the number of attempts. */
  readonly schedule: readonly number[]
  /** Milliseconds, per attempt, the look-up of the address included. */
  readonly timeoutMs: number
  readonly concurrency: number
}

/** One webhook, ready to be sent. */
export interface Webhook {
  /** Sent as `webhook-id` with every attempt. */
  readonly id: string
  readonly url: URL
  readonly contentType: string
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
  /** Addresses of the receiver that were looked up before: it is not looked up again. */
  readonly connectTo?: Pin | undefined
}

/** How a delivery ended. */
export interface Delivery {
  /** `rejected`: the receiver will never take it (410); `dead`: all attempts failed, or there were too many before it. */
  readonly outcome: 'delivered' | 'rejected' | 'dead'
  readonly id: string
  /** Without query. */
  readonly url: string
  /** Of the last answer; null when there was none. */
  readonly status: number | null
  readonly attempts: number
  /** Milliseconds of the attempts. */
  readonly latencyMs: number
  /** Milliseconds of all, waits included. */
  readonly elapsedMs: number
  /** The one of `connectTo` that the last attempt went to. */
  readonly address?: string
  /** Why the last attempt failed. */
  readonly reason?: string
}

/** What a caller may add to a delivery. */
export interface DeliverCall {
  readonly signal?: AbortSignal | undefined
  /** Called before each wait, with the number of the attempt to come. */
  readonly onRetry?: (attempt: number, of: number, waitMs: number, reason: string) => void
}

/** Delivers a webhook. Throws `WEBHOOK_BLOCKED_ADDRESS`, `PIN_MISMATCH`, `PIN_REFUSED` and `ABORTED`; everything else is a {@link Delivery}. */
export type Deliver = (webhook: Webhook, call?: DeliverCall) => Promise<Delivery>

const JITTER = 0.2
/** A receiver may put us off, but not for good. */
const MAX_RETRY_AFTER_MS = 86_400_000
const MAX_RESPONSE_BYTES = 1024 * 1024

/**
 * Makes a sender that tries by a schedule (each wait ±20 %) until the receiver answers 2xx. `Retry-After` makes a wait longer,
 * never shorter. Every attempt is signed anew, and its address is checked anew. Waits do not take up a place of the
 * `concurrency`. Redirects are not followed: the receiver that was checked is the one that gets the event. What does not fit
 * into the bounds of the {@link Backlog} is dead at once, without an attempt.
 */
export function createDelivery(ports: DeliveryPorts, options: DeliveryOptions): Deliver {
  const backlog = new Backlog()
  const deliver = createAttempts(ports, options)
  return async (webhook, call = {}) => {
    const reason = backlog.take(webhook.body.length)
    if (reason !== undefined) return refused(webhook, reason)
    try {
      return await deliver(webhook, call)
    } finally {
      backlog.drop(webhook.body.length)
    }
  }
}

const refused = ({ id, url }: Webhook, reason: string): Delivery => {
  const counts = { status: null, attempts: 0, latencyMs: 0, elapsedMs: 0 }
  return { outcome: 'dead', id, url: safeUrl(url.href), ...counts, reason }
}

function createAttempts(
  ports: DeliveryPorts,
  options: DeliveryOptions,
): (webhook: Webhook, call: DeliverCall) => Promise<Delivery> {
  const slots = new Slots(options.concurrency)
  return async (webhook, call) => {
    const started = ports.clock.monotonic()
    const attempts = options.schedule.length
    const tried: string[] = []
    let latencyMs = 0
    await pause(ports.clock, jittered(options.schedule[0] ?? 0, ports.random), call.signal)
    for (let attempt = 1; ; attempt += 1) {
      const result = await slots.use(() => tryOnce(ports, options, webhook, tried, call.signal))
      latencyMs += result.latencyMs
      if (result.address !== undefined) tried.push(result.address)
      const outcome = verdict(result, attempt, attempts)
      if (outcome) return settle(outcome, webhook, result, { attempt, latencyMs, started }, ports.clock)
      const waitMs = nextWait(options.schedule[attempt] ?? 0, result, ports)
      call.onRetry?.(attempt + 1, attempts, waitMs, result.reason)
      await pause(ports.clock, waitMs, call.signal)
    }
  }
}

interface Attempt {
  readonly status: number | null
  readonly reason: string
  readonly latencyMs: number
  readonly retryAfterMs?: number | undefined
  readonly address?: string | undefined
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000

function verdict({ status }: Attempt, attempt: number, attempts: number): Delivery['outcome'] | undefined {
  if (status !== null && status >= 200 && status < 300) return 'delivered'
  if (status === 410) return 'rejected'
  return attempt >= attempts ? 'dead' : undefined
}

function settle(
  outcome: Delivery['outcome'],
  { id, url, connectTo }: Webhook,
  { status, reason, address }: Attempt,
  so: { readonly attempt: number; readonly latencyMs: number; readonly started: number },
  clock: Clock,
): Delivery {
  const elapsedMs = round(clock.monotonic() - so.started)
  const counts = { status, attempts: so.attempt, latencyMs: round(so.latencyMs), elapsedMs }
  const at = connectTo === undefined || address === undefined ? {} : { address }
  const delivery = { outcome, id, url: safeUrl(url.href), ...counts, ...at }
  return outcome === 'delivered' ? delivery : { ...delivery, reason }
}

const jittered = (seconds: number, random: Pick<Random, 'uniform'>): number =>
  seconds * 1000 * (1 - JITTER + 2 * JITTER * random.uniform())

function nextWait(seconds: number, { retryAfterMs = 0 }: Attempt, { random }: DeliveryPorts): number {
  return Math.round(Math.max(jittered(seconds, random), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)))
}

async function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) throw abortReason(signal, 'The webhook')
  if (ms <= 0) return
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    throw signal?.aborted ? abortReason(signal, 'The webhook') : error
  }
}

async function tryOnce(
  ports: DeliveryPorts,
  options: DeliveryOptions,
  webhook: Webhook,
  tried: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Attempt> {
  const { send, clock, sign } = ports
  if (signal?.aborted) throw abortReason(signal, 'The webhook')
  const started = clock.monotonic()
  try {
    const { timeoutMs } = options
    const late = `\`${webhook.url.hostname}\` was not looked up within ${timeoutMs} ms`
    const finding = target(ports, webhook, tried, signal)
    const connectTo = await within(finding, { clock, timeoutMs, late, signal })
    const timestamp = Math.floor(clock.now() / 1000)
    const response = await send({
      method: 'POST',
      url: webhook.url.href,
      headers: {
        ...webhook.headers,
        'content-type': webhook.contentType,
        ...sign({ id: webhook.id, timestamp, body: webhook.body }),
      },
      body: webhook.body,
      timeoutMs: Math.max(1, Math.ceil(timeoutMs - (clock.monotonic() - started))),
      maxResponseBytes: MAX_RESPONSE_BYTES,
      connectTo,
      ...(signal ? { signal } : {}),
    })
    return { ...answered(response, clock.now()), latencyMs: clock.monotonic() - started }
  } catch (error) {
    if (signal?.aborted) throw abortReason(signal, 'The webhook')
    if (isPaletteError(error) && FINAL.has(error.code)) throw error
    return { ...failed(error), latencyMs: clock.monotonic() - started }
  }
}

// A request that cannot be made at all is no failure of the receiver.
const FINAL: ReadonlySet<string> = new Set([
  'WEBHOOK_BLOCKED_ADDRESS',
  'PIN_MISMATCH',
  'PIN_REFUSED',
  'ABORTED',
  'INPUT_INVALID',
  'CONFIG_INVALID',
])

// With several addresses, each attempt takes another one: the last may be down.
async function target(
  { guard, route }: DeliveryPorts,
  { url, connectTo: pin }: Webhook,
  tried: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ConnectTarget> {
  const known = route?.(url, pin)
  if (known) return known
  const addresses = await guard(url, signal, pin)
  if (addresses.length === 0) throw new Error(`\`${url.hostname}\` has no address`)
  return tried.reduce(elsewhere, toTarget(addresses))
}

function answered({ status, headers, address }: HttpResponse, now: number): Omit<Attempt, 'latencyMs'> {
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now)
  const note = status >= 300 && status < 400 ? ' (redirects are not followed)' : ''
  return { status, reason: `the receiver answered ${status}${note}`, retryAfterMs, address }
}

function failed(error: unknown): Omit<Attempt, 'latencyMs'> {
  const reason = error instanceof Error ? error.message : String(error)
  // An answer whose body is too large is an answer all the same; sending it again would make a duplicate.
  const status = isPaletteError(error) ? error.details['status'] : undefined
  const address = isPaletteError(error) ? addressOf(error) : undefined
  return { status: typeof status === 'number' && status > 0 ? status : null, reason, address }
}
