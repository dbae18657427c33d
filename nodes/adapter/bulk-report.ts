import type { Settled } from '../../lib/bulk/item.ts'
import type { BulkOutcome, BulkProgress } from '../../lib/bulk/options.ts'
import type { ItemRecord } from './audit.ts'
import type { Context } from './message-context.ts'
import type { Message } from './types.ts'

/** Shows how far a run is: `37/500, 12/s, 39 s left`, or that it pauses. */
export function showProgress(context: Context, progress: BulkProgress): void {
  const { done, total, ratePerS, leftS, pausedS } = progress
  if (pausedS !== undefined) context.degraded(`paused ${pausedS} s (429)`)
  else if (ratePerS === undefined) context.progress(done, total)
  else {
    const rate = `${ratePerS < 10 ? ratePerS : Math.round(ratePerS)}/s`
    context.progress(done, total, leftS === undefined ? rate : `${rate}, ${span(leftS)} left`)
  }
}

function span(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** The message that tells how far a run is. It has no `req` and `res`: nothing may be answered yet. */
export function progressMessage({ _msgid, topic, cxone }: Message, progress: BulkProgress): Message {
  const payload = { ...progress, isFinal: false }
  const told = { correlationId: cxone?.['correlationId'], bulk: payload }
  return { _msgid, ...(topic === undefined ? {} : { topic }), payload, cxone: told }
}

/** Tells what came of a run in the node's status. */
export function summarize(context: Context, { total, failed, end }: BulkOutcome<unknown>): void {
  const count = `${total - failed}/${total}`
  if (end === 'cancelled') context.summary(`cancelled, ${count} done`, 'degraded')
  else if (failed === 0) context.summary(`done ${count}`)
  else context.summary(`done ${count}, ${failed} failed`, failed === total ? 'failed' : 'degraded')
}

/** The audit record of an item. */
export function itemRecord(
  id: string,
  at: { readonly run: string; readonly index: number; readonly subject: string | undefined },
  { result, attempts, latencyMs, details }: Settled<unknown>,
): ItemRecord {
  const { run, index, subject } = at
  return {
    id,
    attempts,
    latencyMs,
    ...(subject === undefined ? {} : { subject }),
    details: { run, index, ...details },
    ...(result.ok ? {} : { error: result.error }),
  }
}
