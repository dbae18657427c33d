import type { PoolCounts, TransactionSettings } from '../driver.ts'
import { abortedError, type PaletteError } from '../../errors.ts'
import type { Clock } from '../../ports.ts'
import { poolExhausted } from '../failures.ts'
import { isSame } from '../wire/work.ts'
import type { Connection } from './connection.ts'
import type { ServerSettings } from './settings.ts'

/** Within this time after a failed attempt the next caller gets the same failure: a server that is down is not hammered. */
const FAILURE_LASTS_MS = 100

interface Waiter {
  readonly resolve: (connection: Connection) => void
  readonly reject: (error: unknown) => void
  readonly since: number
}

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
  readonly #waiting: Waiter[] = []
  #opening = 0
  #failure: { readonly error: unknown; readonly at: number } | undefined
  #isClosed = false
  #cancelSweep: (() => void) | undefined
  #cancelOverdue: (() => void) | undefined

  constructor(options: PoolOptions) {
    this.#options = options
  }

  get counts(): PoolCounts {
    return { total: this.#all.size, idle: this.#idle.length, waiting: this.#waiting.length }
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
    const now = clock.monotonic()
    if (this.#failure && this.#all.size === 0 && now - this.#failure.at < FAILURE_LASTS_MS)
      throw this.#failure.error
    if (this.#waiting.length >= Math.max(maxWaiting, poolMax - this.#all.size))
      throw poolExhausted(
        `${this.#waiting.length} callers wait for one of ${poolMax} connections already; raise \`poolMax\` or \`maxWaiting\`, or send less`,
      )
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const waiter: Waiter = { resolve, reject, since: now }
    this.#waiting.push(waiter)
    this.#openMore()
    this.#watchLine()
    if (!signal) return promise
    const leave = (): void => {
      const at = this.#waiting.indexOf(waiter)
      if (at >= 0) this.#waiting.splice(at, 1)
      reject(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
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
    const next = this.#waiting.shift()
    if (next) {
      next.resolve(connection)
      return
    }
    connection.idleSince = this.#options.clock.monotonic()
    this.#idle.push(connection)
    this.#watchIdle()
  }

  /** Idempotent. Waiters fail with `ABORTED`, connections in use are cut. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelSweep?.()
    this.#cancelOverdue?.()
    for (const { reject } of this.#waiting.splice(0)) reject(abortedError('The statement'))
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
    while (this.#opening < this.#waiting.length && this.#all.size + this.#opening < this.#options.poolMax)
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
    const kept = this.#waiting.splice(0).filter((waiter) => {
      if (waiter.since > started) return true
      waiter.reject(error)
      return false
    })
    this.#waiting.push(...kept)
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

  // Those who have waited for longer than a connection may take to be made will wait no longer.
  #watchLine(): void {
    const { clock, connectTimeoutMs, poolMax } = this.#options
    const [first] = this.#waiting
    if (this.#cancelOverdue || !first) return
    const left = Math.max(1, first.since + connectTimeoutMs - clock.monotonic())
    this.#cancelOverdue = clock.after(left, () => {
      this.#cancelOverdue = undefined
      const oldest = clock.monotonic() - connectTimeoutMs
      while ((this.#waiting[0]?.since ?? Infinity) <= oldest) {
        this.#waiting
          .shift()
          ?.reject(
            poolExhausted(
              `None of ${poolMax} connections became free within ${connectTimeoutMs} ms; raise \`poolMax\`, or send less`,
            ),
          )
      }
      this.#watchLine()
    })
  }
}
