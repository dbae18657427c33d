import type { Pace } from '../http/pace.ts'
import type { Clock, Random } from '../ports.ts'
import type { BulkItem, ItemDone, Settled } from './item.ts'

/** What the work on one item gets. */
export interface ItemCall {
  readonly index: number
  /** The `Idempotency-Key` of the item: the same one also after a restart. */
  readonly key: string
  /** Aborted when the run is stopped and its grace is over. */
  readonly signal: AbortSignal
  /** Hand it to each call of CXone: a 429 then pauses the whole run. */
  readonly pace: Pace
}

/** Works on one item; what it throws is the item's result. */
export type BulkWork<T, R> = (item: T, call: ItemCall) => Promise<ItemDone<R>>

/** Where a run is kept, so that it can be resumed after a restart. */
export interface RunJournal<R> {
  /** Resolves once it is safe that the item is begun. @throws `JOURNAL_UNAVAILABLE` */
  started(index: number): Promise<void>
  /** Resolves once the result is safe. @throws `JOURNAL_UNAVAILABLE` */
  finished(index: number, settled: Settled<R>): Promise<void>
}

/** What a journal tells of a run that did not end. */
export interface ResumedItems<R> {
  readonly settled: ReadonlyMap<number, Settled<R>>
  /** Begun, but without a result. */
  readonly started: ReadonlySet<number>
}

/** How a run goes. */
export interface BulkOptions<T, R> {
  /** UUID of the run. */
  readonly id: string
  /** Items in work at a time. */
  readonly concurrency: number
  /** Starts no further item once one has failed. */
  readonly stopOnError?: boolean
  /** Whether an item may be worked again with the same key: after a 429, and where a kill left it in doubt. Default true. */
  readonly isRepeatable?: boolean
  readonly resumed?: ResumedItems<R>
  readonly journal?: RunJournal<R>
  /** Writes the item's audit record. What it throws stops the run. */
  readonly record?: (index: number, settled: Settled<R>, item: T) => Promise<void>
  /** Called after each item, and when a pause begins. */
  readonly onProgress?: (progress: BulkProgress) => void
  readonly clock: Clock
  readonly random: Pick<Random, 'uniform'>
}

/** How far a run is, as plain data. */
export interface BulkProgress {
  readonly id: string
  readonly done: number
  readonly failed: number
  /** Not known while a stream has not ended. */
  readonly total?: number
  /** Items a second, over the last ten seconds. */
  readonly ratePerS?: number
  readonly leftS?: number
  /** Seconds that a pause after a 429 still lasts. */
  readonly pausedS?: number
}

/** Why a run has ended. */
export type BulkEnd = 'finished' | 'failed-item' | 'cancelled' | 'suspended'

/** A run that has ended. */
export interface BulkOutcome<R> {
  /** In the order of the items. */
  readonly results: BulkItem<R>[]
  readonly end: BulkEnd
  readonly total: number
  readonly failed: number
  readonly attempts: number
  /** Sum of the items' own. */
  readonly latencyMs: number
}
