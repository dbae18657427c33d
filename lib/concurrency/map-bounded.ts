import { abortReason } from './abort.ts'

/**
 * Maps items with at most `limit` in work at a time. The results keep the order of the items. `work` is not expected
 * to throw; if it does, or the signal is aborted, nothing further is started and the error is thrown.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  let failed = false
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      if (signal?.aborted) throw abortReason(signal)
      const index = next++
      results[index] = await work(items[index] as T, index)
    }
  }
  const guarded = async (): Promise<void> => {
    try {
      await worker()
    } catch (error) {
      failed = true
      throw error
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, guarded))
  return results
}
