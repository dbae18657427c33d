import type { BulkOutcome } from '../bulk/options.ts'
import type { ErrorDetails } from '../errors.ts'
import type { CxoneAnswer } from './access.ts'
import type { Execution } from './execute.ts'

/** What is told of a data action that ran: under `msg.cxone.execution`, and, without personal data, in records. */
export function executionReport(execution: Execution): {
  readonly step: Omit<Execution, 'values'>
  readonly facts: Omit<Execution, 'values' | 'outputs'>
} {
  const { id, status, outputs, attempts, latencyMs, elapsedMs, address } = execution
  const counts = { id, status, attempts, latencyMs, elapsedMs }
  const facts = address === undefined ? counts : { ...counts, address }
  return { step: { ...facts, outputs }, facts }
}

/** What is told of one request in the record of its item: its HTTP status and, where it was pinned, its address. */
export const itemFacts = ({ status, address }: Pick<CxoneAnswer, 'status' | 'address'>): ErrorDetails =>
  address === undefined ? { status } : { status, address }

/** What is told of a data action that ran for each item of a list, under `msg.cxone.execution`. */
interface BulkExecution {
  readonly id: string
  readonly status: 'completed' | 'partial'
  readonly total: number
  readonly succeeded: number
  readonly failed: number
  /** Milliseconds of the requests, summed up. */
  readonly latencyMs: number
  readonly elapsedMs: number
  readonly attempts: number
}

/** Sums a bulk run of a data action up. */
export function bulkReport(
  id: string,
  run: BulkOutcome<unknown> & { readonly elapsedMs: number },
): BulkExecution {
  const { total, failed, latencyMs, elapsedMs, attempts } = run
  const status = failed === 0 ? 'completed' : 'partial'
  return { id, status, total, succeeded: total - failed, failed, latencyMs, elapsedMs, attempts }
}
