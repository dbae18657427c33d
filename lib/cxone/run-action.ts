import type { Clock } from '../ports.ts'
import { runBulk, type BulkItem, type BulkOptions } from './bulk.ts'
import type { ExecuteDataAction, ExecuteOptions, Execution } from './execute.ts'

/** What one message runs: a data action with one set of inputs, or with a list of them. */
export interface ActionRun {
  readonly id: string
  readonly inputs: unknown
  /** Where the inputs stand, for errors (`msg.payload`). */
  readonly place: string
}

/** The result for the message, and what is told of it under `msg.cxone.execution`. */
export interface ActionResult {
  readonly payload: unknown
  readonly execution: Readonly<Record<string, unknown>> & Pick<Execution, 'attempts' | 'latencyMs'>
  /** The same without the outputs, which may hold personal data: for records. */
  readonly facts: Readonly<Record<string, unknown>>
  /** A few words for the node's status. */
  readonly summary: string
}

type RunOptions = Pick<ExecuteOptions, 'timeoutMs' | 'correlationId' | 'signal' | 'onRetry'> & BulkOptions

/**
 * Runs a data action once, or for each item of an array; then one that fails stops no other. Fails with the codes of
 * `execute`; a bulk run only with `ABORTED`.
 */
export async function runAction(
  execute: ExecuteDataAction,
  clock: Pick<Clock, 'monotonic'>,
  { id, inputs, place }: ActionRun,
  options: RunOptions,
): Promise<ActionResult> {
  const { concurrency, onProgress, ...call } = options
  if (!Array.isArray(inputs)) {
    const { values, ...execution } = await execute(id, inputs, { ...call, place })
    const { status, attempts, latencyMs, elapsedMs } = execution
    const facts = { id, status, attempts, latencyMs, elapsedMs }
    return { payload: values, execution, facts, summary: `${Math.round(latencyMs)} ms` }
  }
  const started = clock.monotonic()
  const sums = { latencyMs: 0, attempts: 0 }
  const payload = await runBulk(
    inputs as readonly unknown[],
    { concurrency, onProgress, signal: call.signal },
    async (item, index) => {
      const done = await execute(id, item, { ...call, place: `${place}[${index}]` })
      add(sums, done)
      return done.values
    },
  )
  for (const item of payload) if (!item.ok) add(sums, item.error.details)
  const counts = countOf(payload)
  const elapsedMs = clock.monotonic() - started
  const status = counts.failed === 0 ? 'completed' : 'partial'
  const summary = counts.failed === 0 ? `${counts.total} done` : `${counts.failed}/${counts.total} failed`
  const execution = { id, status, ...counts, ...sums, elapsedMs }
  return { payload, execution, facts: execution, summary }
}

// A failed call tells its attempts in the details of its error.
function add(
  sums: { latencyMs: number; attempts: number },
  facts: Partial<Pick<Execution, 'latencyMs' | 'attempts'>>,
): void {
  sums.latencyMs += facts.latencyMs ?? 0
  sums.attempts += facts.attempts ?? 0
}

function countOf(items: readonly BulkItem<unknown>[]): { total: number; succeeded: number; failed: number } {
  const succeeded = items.filter(({ ok }) => ok).length
  return { total: items.length, succeeded, failed: items.length - succeeded }
}
