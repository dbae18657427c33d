import type {
  Database,
  Description,
  PoolCounts,
  ResultSet,
  Statement,
  Transaction,
  TransactionSettings,
} from '../driver.ts'
import { pinnedAddresses, type Pin } from '../../dns/pin.ts'
import type { Clock } from '../../ports.ts'
import { readFacts, type DatabaseFacts } from '../facts.ts'
import { cleanSession, runAtomic, runDescribe, runTransaction } from '../wire/work.ts'
import { requestCancel } from './cancel.ts'
import { isWithoutTls, openConnection, type ConnectAddress, type Connection } from './connection.ts'
import { PinnedDatabases } from './pinned-databases.ts'
import { PinnedHost } from './pinned-host.ts'
import { Pool } from './pool.ts'
import type { ServerPorts, ServerSettings, SslMode } from './settings.ts'

/** How long a cancelled statement may take to end before its connection is cut. */
const CANCEL_WAIT_MS = 2000

/** Addresses change: their connections are not kept for ever, even where those of the host are. */
const PINNED_IDLE_MS = 30_000

/** How long a server may send nothing, beyond the time that its statements may take: then the way to it is broken. */
const SILENCE_MS = 10_000
/** Statements that go together (limits, locks, the user's own, the guard, COMMIT) each have that time. */
const MOST_TOGETHER = 6
const silenceOf = (statementTimeoutMs: number): number =>
  statementTimeoutMs === 0 ? 0 : statementTimeoutMs * MOST_TOGETHER + SILENCE_MS

/** A PostgreSQL server behind a pool of connections. Connects with the first statement; heals by itself. */
export class ServerDatabase implements Database {
  readonly kind = 'server'
  readonly #settings: ServerSettings
  readonly #clock: Clock
  readonly #pool: Pool
  readonly #mode: SslMode
  readonly #host: PinnedHost | undefined
  readonly #pinned: PinnedDatabases<ServerDatabase>

  /** @param addresses of the host, where it is not to be looked up. */
  constructor(
    settings: ServerSettings,
    { clock }: Pick<ServerPorts, 'clock'>,
    addresses?: readonly string[],
  ) {
    this.#settings = settings
    this.#mode = settings.ssl
    this.#clock = clock
    this.#pool = new Pool({ ...settings, clock, open: (onEnd) => this.#open(onEnd) })
    this.#host = addresses && new PinnedHost(addresses, clock)
    const { idleTimeoutMs } = settings
    const passing = { ...settings, poolMin: 0, idleTimeoutMs: idleTimeoutMs || PINNED_IDLE_MS }
    this.#pinned = new PinnedDatabases((found) => new ServerDatabase(passing, { clock }, found))
  }

  atomic(
    statements: readonly Statement[],
    settings: TransactionSettings,
    signal?: AbortSignal,
  ): Promise<readonly ResultSet[]> {
    return this.#use(({ session }) => runAtomic(session, statements, settings), signal, settings)
  }

  transaction<T>(
    settings: TransactionSettings,
    work: (transaction: Transaction) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    return this.#use(({ session }) => runTransaction(session, settings, work, signal), signal, settings)
  }

  describe(
    statement: Pick<Statement, 'text' | 'types'>,
    settings: TransactionSettings,
    signal?: AbortSignal,
  ): Promise<Description> {
    return this.#use(({ session }) => runDescribe(session, statement, settings), signal, settings)
  }

  async version(signal?: AbortSignal): Promise<number> {
    return (await this.facts(signal)).versionNumber
  }

  /** Version, database, user and encryption of a connection. */
  facts(signal?: AbortSignal): Promise<DatabaseFacts> {
    return this.#use(({ session, tls }) => readFacts(session, tls !== undefined), signal)
  }

  async pinned<T>(pin: Pin, work: (database: Database) => Promise<T>): Promise<T> {
    const { host, ssl } = this.#settings
    const addresses = pinnedAddresses(pin, host, ssl === 'verify-full' ? 'certificate' : 'none')
    return await this.#pinned.use(addresses, work)
  }

  counts(): PoolCounts {
    return this.#pinned.counts(this.#pool.counts)
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#pinned.close()])
  }

  async #use<T>(
    work: (connection: Connection) => Promise<T>,
    signal: AbortSignal | undefined,
    settings?: TransactionSettings,
  ): Promise<T> {
    signal?.throwIfAborted()
    const connection = this.#pool.take(settings) ?? (await this.#pool.wait(signal))
    connection.allowSilence(silenceOf(settings?.statementTimeoutMs ?? CANCEL_WAIT_MS))
    if (signal) return this.#useUntil(work, connection, signal)
    try {
      return await work(connection)
    } finally {
      this.#giveBack(connection)
    }
  }

  #giveBack(connection: Connection): void {
    const { session } = connection
    if (!session.hasTraces || !connection.isOpen || session.status !== 'idle') this.#pool.release(connection)
    else
      void cleanSession(session)
        .catch(() => connection.destroy())
        .then(() => this.#pool.release(connection))
  }

  /** As `#use`, but what runs is cancelled when the signal is aborted. */
  async #useUntil<T>(
    work: (connection: Connection) => Promise<T>,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<T> {
    let cancelled: Promise<void> | undefined
    let stopWaiting: (() => void) | undefined
    const cancel = (): void => {
      if (!connection.session.isBusy) return // the next statement is refused
      stopWaiting = this.#clock.after(CANCEL_WAIT_MS, () => connection.destroy())
      cancelled = this.#cancel(connection)
    }
    signal.addEventListener('abort', cancel, { once: true })
    try {
      signal.throwIfAborted()
      return await work(connection)
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', cancel)
      stopWaiting?.()
      // Given back only when the cancel is over: it must not hit the next user's statement.
      if (cancelled) void cancelled.then(() => this.#giveBack(connection))
      else this.#giveBack(connection)
    }
  }

  // Where the server cannot be asked the connection is cut: then it rolls back by itself.
  async #cancel(connection: Connection): Promise<void> {
    try {
      await requestCancel(connection, CANCEL_WAIT_MS)
    } catch {
      connection.destroy()
    }
  }

  #open(onEnd: (connection: Connection) => void): Promise<Connection> {
    if (!this.#host) return this.#openAt(onEnd)
    const { connectTimeoutMs } = this.#settings
    return this.#host.connect(connectTimeoutMs, (address, timeoutMs) =>
      this.#openAt(onEnd, { address, timeoutMs }),
    )
  }

  async #openAt(onEnd: (connection: Connection) => void, at?: ConnectAddress): Promise<Connection> {
    const mode = this.#mode
    try {
      return await openConnection(this.#settings, mode === 'prefer' ? 'require' : mode, onEnd, at)
    } catch (error) {
      if (mode !== 'prefer' || !isWithoutTls(error)) throw error
      return openConnection(this.#settings, 'disable', onEnd, at)
    }
  }
}
