import { abortedError, isPaletteError, PaletteError } from '../errors.ts'

/**
 * The error of a signal that was aborted: its reason if that is one of ours, `TIMEOUT` for `AbortSignal.timeout`,
 * else `ABORTED`.
 */
export function abortReason(signal: AbortSignal, what = 'The request'): PaletteError {
  const reason: unknown = signal.reason
  if (isPaletteError(reason)) return reason
  if (reason instanceof Error && reason.name === 'TimeoutError')
    return new PaletteError('TIMEOUT', `${what} was not done within its deadline`)
  return abortedError(what)
}
