import { v5 } from 'uuid'

/**
 * The `Idempotency-Key` of an item: the same one (UUIDv5) each time that this item of this run is worked, also after a
 * restart, so that a server that knows such keys does it once.
 *
 * @param runId UUID of the run.
 */
export const itemKey = (runId: string, index: number): string => v5(`item/${index}`, runId)

/** The id of the item's audit record (UUIDv5), by which it is found again after a crash. */
export const recordId = (runId: string, index: number): string => v5(`record/${index}`, runId)
