import { isPaletteError } from '../errors.ts'
import type { CxoneCall } from '../cxone/access.ts'
import type { Clock } from '../ports.ts'
import { redactText } from '../redact/redact-text.ts'
import type { TalliedClient } from './tallied-client.ts'
import { isRecord } from './connector.ts'

/** How CXone finds the database of a connector. */
export interface Health {
  /** In the words of the server, upper case: `HEALTHY`, `PENDING`, `UNHEALTHY`, `UNKNOWN`. */
  readonly status: string
  readonly reason?: string
  readonly checkedAt?: string
  /** Milliseconds that were waited for it. */
  readonly waitedMs: number
}

const FIRST_WAIT_MS = 250
const MAX_WAIT_MS = 5000
/** Answers of servers that tell no health. */
const NONE: readonly unknown[] = [404, 405, 410, 501]

/**
 * Asks for the health of a connector until it is healthy, its check turns out to be off, or the time is over. A server that
 * tells none, or fails, gives `UNKNOWN` with the reason: the connector is registered all the same.
 *
 * @throws `ABORTED`
 */
export async function awaitHealth(
  client: TalliedClient,
  call: Pick<CxoneCall, 'path' | 'params' | 'signal'>,
  { clock, timeoutS }: { readonly clock: Clock; readonly timeoutS: number },
): Promise<Health> {
  const started = clock.monotonic()
  const waitedMs = (): number => Math.round(clock.monotonic() - started)
  const late = new AbortController()
  const cancel = clock.after(timeoutS * 1000, () => late.abort())
  let health: Told = { status: 'UNKNOWN', reason: `no answer within ${timeoutS} s` }
  try {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
      health = (await ask(client, call, late.signal)) ?? health
      const leftMs = late.signal.aborted ? 0 : timeoutS * 1000 - waitedMs()
      if (health.status === 'HEALTHY' || health.status === 'UNKNOWN' || leftMs <= 0)
        return { ...health, waitedMs: waitedMs() }
      await clock.sleep(Math.min(waitMs, leftMs), call.signal)
    }
  } finally {
    cancel()
  }
}

type Told = Omit<Health, 'waitedMs'>

/** Undefined where the answer did not come in time. */
async function ask(
  client: TalliedClient,
  call: Pick<CxoneCall, 'path' | 'params' | 'signal'>,
  late: AbortSignal,
): Promise<Told | undefined> {
  const signal = call.signal ? AbortSignal.any([call.signal, late]) : late
  try {
    const { json } = await client.call({ ...call, signal, method: 'GET' })
    return readHealth(json)
  } catch (error) {
    if (call.signal?.aborted || !isPaletteError(error)) throw error
    if (late.aborted) return undefined
    if (NONE.includes(error.details['status']))
      return { status: 'UNKNOWN', reason: 'the server tells no health' }
    return { status: 'UNKNOWN', reason: `${error.code}: ${error.message}` }
  }
}

function readHealth(json: unknown): Told {
  if (!isRecord(json) || typeof json['status'] !== 'string')
    return { status: 'UNKNOWN', reason: 'the answer has no `status`' }
  const { status, reason, checkedAt } = json
  return {
    status: status.slice(0, 40).toUpperCase(),
    ...(typeof reason === 'string' ? { reason: redactText(reason.slice(0, 500)) } : {}),
    ...(typeof checkedAt === 'string' ? { checkedAt: checkedAt.slice(0, 40) } : {}),
  }
}
