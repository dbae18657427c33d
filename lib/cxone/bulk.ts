import { mapBounded } from '../concurrency/map-bounded.ts'
import { isPaletteError, PaletteError, type ErrorCode, type ErrorDetails } from '../errors.ts'
import { redactText } from '../redact/redact.ts'

/** How one item of a bulk run ended, as plain data. */
export type BulkItem<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false
      readonly error: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }
    }

/** What a bulk run is told. */
export interface BulkOptions {
  /** Items in work at a time. */
  readonly concurrency: number
  readonly signal?: AbortSignal | undefined
  /** Called after each item. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Runs `work` on each item. The results keep the order of the items; one that fails does not stop the others.
 *
 * @throws `ABORTED` when the signal is aborted; nothing further is started then.
 */
export async function runBulk<T, R>(
  items: readonly T[],
  options: BulkOptions,
  work: (item: T, index: number) => Promise<R>,
): Promise<BulkItem<R>[]> {
  const { concurrency, signal, onProgress } = options
  let done = 0
  const one = async (item: T, index: number): Promise<BulkItem<R>> => {
    const result = await settle(work(item, index), signal)
    done += 1
    onProgress?.(done, items.length)
    return result
  }
  return mapBounded(items, concurrency, one, signal)
}

async function settle<R>(work: Promise<R>, signal: AbortSignal | undefined): Promise<BulkItem<R>> {
  try {
    return { ok: true, value: await work }
  } catch (error) {
    if (signal?.aborted) throw error
    const { code, message, details } = isPaletteError(error) ? error : internal(error)
    return { ok: false, error: { code, message, details } }
  }
}

const internal = (error: unknown): PaletteError =>
  new PaletteError(
    'INTERNAL_ERROR',
    redactText(`Unexpected failure: ${error instanceof Error ? error.message : String(error)}`),
  )
