import type { PoolCounts, TransactionSettings } from '../driver.ts'
import { abortedError, type PaletteError } from '../../errors.ts'
import type { Clock } from '../../ports.ts'
import { WaitingLine } from '../waiting-line.ts'
import { isSame } from '../wire/work.ts'
import type { Connection } from './connection.ts'
import type { ServerSettings } from './settings.ts'

/** Within this time after a failed attempt the next caller gets the same failure: a server that is down is not hammered. */
const FAILURE_LASTS_MS = 100

/** What the pool needs: how to connect, and its limits. */
export interface PoolOptions extends Pick<
  ServerSettings,
  'poolMax' | 'poolMin' | 'idleTimeoutMs' | 'connectTimeoutMs' | 'maxWaiting'
> {
  readonly clock: Clock
  readonly open: (onEnd: (connection: Connection) => void) => Promise<Connection>
}

/**
 * Connections that are used again, the last one first. Unlike `pg`'s own pool it refuses at once what would wait in too
 * long a line, lets a waiter leave, and prefers a connection that is set as the caller needs it.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #all = new Set<Connection>()
  readonly #idle: Connection[] = []
  readonly #line: WaitingLine<Connection>
  #opening = 0
  #failure: { readonly error: unknown; readonly at: number } | undefined
  #isClosed = false
  #cancelSweep: (() => void) | undefined

  constructor(options: PoolOptions) {
    this.#options = options
    const { clock, connectTimeoutMs: patienceMs, poolMax } = options
    this.#line = new WaitingLine({ clock, patienceMs, what: `one of ${poolMax} connections` })
  }

  get counts(): PoolCounts {
    return { total: this.#all.size, idle: this.#idle.length, waiting: this.#line.length }
  }

  /** An idle connection, if there is one; preferably one that is set as wanted. */
  take(settings?: TransactionSettings): Connection | undefined {
    if (this.#isClosed) return undefined
    let at = this.#idle.length - 1
    if (settings) {
      const match = this.#idle.findLastIndex(({ session }) => isSame(session.settings, settings))
      if (match >= 0) at = match
    }
    while (at >= 0) {
      const [connection] = this.#idle.splice(at, 1)
      if (connection?.isOpen) return connection
      at = this.#idle.length - 1
    }
    return undefined
  }

  /**
   * A connection, as soon as there is one.
   *
   * @throws `PG_POOL_EXHAUSTED` when too many wait or none came in time; what connecting failed with; the signal's reason.
   */
  async wait(signal?: AbortSignal): Promise<Connection> {
    const { clock, poolMax, maxWaiting } = this.#options
    signal?.throwIfAborted()
    if (this.#isClosed) throw abortedError('The statement')
    const isFresh = this.#failure && clock.monotonic() - this.#failure.at < FAILURE_LASTS_MS
    if (this.#failure && isFresh && this.#all.size === 0) throw this.#failure.error
    // Those for whom a connection can still be made are not in the line.
    const turn = this.#line.join(maxWaiting + poolMax - this.#all.size, signal)
    this.#openMore()
    return turn
  }

  /** Gives a connection back; one that is not fit for the next user is closed. */
  release(connection: Connection): void {
    if (
      !connection.isOpen ||
      connection.session.status !== 'idle' ||
      connection.session.isBusy ||
      this.#isClosed
    ) {
      connection.destroy()
      return
    }
    if (this.#line.serve(connection)) return
    connection.idleSince = this.#options.clock.monotonic()
    this.#idle.push(connection)
    this.#watchIdle()
  }

  /** Idempotent. Waiters fail with `ABORTED`, connections in use are cut. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelSweep?.()
    this.#line.close()
    const idle = new Set(this.#idle.splice(0))
    await Promise.all(
      [...this.#all].map((connection) => {
        if (!idle.has(connection)) connection.destroy()
        return connection.close()
      }),
    )
  }

  // As many attempts as there are waiters, within the limit.
  #openMore(): void {
    while (this.#opening < this.#line.length && this.#all.size + this.#opening < this.#options.poolMax)
      void this.#open()
  }

  async #open(): Promise<void> {
    this.#opening += 1
    const started = this.#options.clock.monotonic()
    try {
      const connection = await this.#options.open((ended) => this.#drop(ended))
      this.#opening -= 1
      this.#failure = undefined
      if (this.#isClosed) {
        connection.destroy()
        return
      }
      this.#all.add(connection)
      if (connection.isOpen) this.release(connection)
      else this.#drop(connection)
    } catch (error) {
      this.#opening -= 1
      this.#failed(error as PaletteError, started)
    }
  }

  // With no connection at all nobody who waited for this attempt will be served; else the next one free serves them.
  #failed(error: PaletteError, started: number): void {
    this.#failure = { error, at: this.#options.clock.monotonic() }
    if (this.#all.size > 0) return
    this.#line.turnAway(started, error)
    if (!this.#isClosed) this.#openMore()
  }

  #drop(connection: Connection): void {
    if (!this.#all.delete(connection)) return
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    if (!this.#isClosed) this.#openMore()
  }

  #watchIdle(): void {
    const { clock, idleTimeoutMs, poolMin } = this.#options
    if (this.#cancelSweep || idleTimeoutMs === 0 || this.#all.size <= poolMin) return
    this.#cancelSweep = clock.after(idleTimeoutMs, () => {
      this.#cancelSweep = undefined
      const oldest = clock.monotonic() - idleTimeoutMs
      while (this.#all.size > poolMin && (this.#idle[0]?.idleSince ?? Infinity) <= oldest) {
        const connection = this.#idle.shift()
        if (!connection) break
        this.#all.delete(connection)
        void connection.close()
      }
      if (this.#idle.length > 0) this.#watchIdle()
    })
  }
}
