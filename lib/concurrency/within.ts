import { PaletteError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import { abortReason } from './abort.ts'

/** How long a wait may last, and what its time-out says. */
interface Bounds {
  readonly clock: Pick<Clock, 'after'>
  readonly timeoutMs: number
  readonly late: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Waits for work that cannot be stopped itself, such as a look-up by the operating system: its outcome counts only when it
 * comes in time.
 *
 * @throws `TIMEOUT`; the abort reason of the signal; what the work throws.
 */
export async function within<T>(work: Promise<T>, { clock, timeoutMs, late, signal }: Bounds): Promise<T> {
  let free = (): void => undefined
  const bound = new Promise<never>((_, reject) => {
    const onAbort = (): void => {
      if (signal) reject(abortReason(signal))
    }
    const cancel = clock.after(timeoutMs, () => reject(new PaletteError('TIMEOUT', late)))
    signal?.addEventListener('abort', onAbort, { once: true })
    free = () => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
    if (signal?.aborted) onAbort()
  })
  try {
    return await Promise.race([work, bound])
  } finally {
    free()
  }
}
