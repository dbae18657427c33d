import { isPaletteError } from '../../errors.ts'
import { CONNECT_MS, MAX_TRIES } from '../../http/connect-target.ts'
import { isCertificateFault } from '../../http/failure.ts'
import type { Clock } from '../../ports.ts'

/** Connects to one address within a time in milliseconds. */
export type ConnectAt<T> = (address: string, timeoutMs: number) => Promise<T>

/** A host whose addresses were looked up before. Connections begin with the address where the last one was made. */
export class PinnedHost {
  readonly #addresses: readonly string[]
  readonly #clock: Pick<Clock, 'monotonic'>
  #first = 0

  constructor(addresses: readonly string[], clock: Pick<Clock, 'monotonic'>) {
    this.#addresses = addresses
    this.#clock = clock
  }

  /**
   * Connects to the first address where that is possible. A server that refuses the caller, or has the wrong certificate, is the
   * last one asked.
   *
   * @throws what the last attempt failed with.
   */
  async connect<T>(timeoutMs: number, connectAt: ConnectAt<T>): Promise<T> {
    const deadline = this.#clock.monotonic() + timeoutMs
    const tries = Math.min(MAX_TRIES, this.#addresses.length)
    const begin = this.#first
    for (let tried = 0; ; tried += 1) {
      const at = (begin + tried) % this.#addresses.length
      const left = tries - tried
      const share = (deadline - this.#clock.monotonic()) / left
      try {
        const made = await connectAt(
          this.#addresses[at] ?? '',
          limit(left === 1 ? share : Math.min(CONNECT_MS, share)),
        )
        this.#first = at
        return made
      } catch (error) {
        if (left === 1 || !isOutOfReach(error)) throw error
      }
    }
  }
}

// 0 would be no limit.
const limit = (ms: number): number => Math.max(1, Math.ceil(ms))

function isOutOfReach(error: unknown): boolean {
  if (!isPaletteError(error) || error.code !== 'PG_UNAVAILABLE') return false
  const { sqlstate, reason } = error.details
  return (
    (sqlstate === '08001' || sqlstate === '08006') &&
    reason !== 'no TLS' &&
    !isCertificateFault(String(reason))
  )
}
