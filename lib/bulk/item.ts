import { isPaletteError, PaletteError, type ErrorCode, type ErrorDetails } from '../errors.ts'
import { redactText } from '../redact/redact.ts'

/** How one item of a bulk run ended, as plain data. */
export type BulkItem<R> =
  { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: ItemError }

/** The error of an item, as plain data. */
export interface ItemError {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails
}

/** What the work on an item gives: its value, and what it took. */
export interface ItemDone<R> {
  readonly value: R
  readonly attempts?: number
  /** Milliseconds of the calls, without waits. */
  readonly latencyMs?: number
  /** For the audit record; nothing secret. */
  readonly details?: ErrorDetails
}

/** An item that has ended, with what it took. */
export interface Settled<R> {
  readonly result: BulkItem<R>
  readonly attempts: number
  readonly latencyMs: number
  readonly details?: ErrorDetails | undefined
}

/** An item whose work failed. What is no error of ours is a defect: `INTERNAL_ERROR`. */
export function failedItem(error: unknown): Settled<never> {
  const { code, message, details } = isPaletteError(error) ? error : internal(error)
  const { attempts, latencyMs } = details
  return {
    result: { ok: false, error: { code, message, details } },
    attempts: typeof attempts === 'number' ? attempts : 0,
    latencyMs: typeof latencyMs === 'number' ? latencyMs : 0,
  }
}

/** An item of a run that was stopped before its turn came. */
export const notStarted = (index: number): Settled<never> =>
  aborted(`Item ${index} was not started: the run was stopped before`, { index, started: false })

/** An item that was stopped in the midst: it may have been done, or not. */
export const inDoubt = (index: number): Settled<never> =>
  aborted(`Item ${index} was stopped while it was in work: look whether it was done`, {
    index,
    started: true,
  })

const aborted = (message: string, details: ErrorDetails): Settled<never> => ({
  result: { ok: false, error: { code: 'ABORTED', message, details } },
  attempts: 0,
  latencyMs: 0,
})

const internal = (error: unknown): PaletteError =>
  new PaletteError(
    'INTERNAL_ERROR',
    redactText(`Unexpected failure: ${error instanceof Error ? error.message : String(error)}`),
  )
