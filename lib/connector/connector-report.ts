import type { BulkOutcome } from '../bulk/options.ts'
import type { ConnectorStep } from './connector-work.ts'

/** How a connector is told of in a few words, and whether something about it needs a look. */
export function summaryOf(step: ConnectorStep): { readonly text: string; readonly isGood: boolean } {
  const { status, health, vaultEvent, drift } = step
  const isTold = vaultEvent === undefined || vaultEvent.status === 'delivered'
  const isWell = health === undefined || health.status === 'HEALTHY' || health.status === 'UNKNOWN'
  const isGood = isTold && isWell && drift !== 'changed'
  if (status === 'planned') return { text: `planned: ${planText(step)}`, isGood: drift === undefined }
  if (!isTold) return { text: `${status} · vault not told`, isGood }
  if (health === undefined || health.status === 'UNKNOWN') return { text: status, isGood }
  return { text: `${status} · ${health.status.toLowerCase()}`, isGood }
}

function planText({ action, changes }: ConnectorStep): string {
  if (action !== 'change') return action
  if (changes === undefined) return 'change'
  return `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`
}

/** What an audit record tells of a connector. */
export function factsOf({ preflight, health, ...step }: ConnectorStep): Readonly<Record<string, unknown>> {
  return {
    ...step,
    ...(health === undefined ? {} : { health: health.status }),
    ...(preflight === undefined ? {} : { preflight: preflight.address }),
  }
}

/** What is told of many connectors, under `msg.cxone.connector`. */
export interface BulkConnectors {
  readonly status: 'completed' | 'partial'
  readonly total: number
  readonly registered: number
  readonly unchanged: number
  readonly planned: number
  readonly failed: number
  readonly attempts: number
  /** Milliseconds of the calls, summed up. */
  readonly latencyMs: number
  readonly elapsedMs: number
}

/** Sums a bulk run of connectors up. */
export function bulkReport(run: BulkOutcome<ConnectorStep> & { readonly elapsedMs: number }): BulkConnectors {
  const { total, failed, attempts, latencyMs, elapsedMs } = run
  const counts = { registered: 0, unchanged: 0, planned: 0 }
  for (const item of run.results) if (item.ok) counts[item.value.status] += 1
  return {
    status: failed === 0 ? 'completed' : 'partial',
    total,
    ...counts,
    failed,
    attempts,
    latencyMs,
    elapsedMs,
  }
}
