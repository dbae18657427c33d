import type {
  Database,
  Description,
  PoolCounts,
  ResultSet,
  Statement,
  Transaction,
  TransactionSettings,
} from '../driver.ts'
import { PaletteError } from '../../errors.ts'
import { readFacts, type DatabaseFacts } from '../facts.ts'
import { cleanSession, runAtomic, runDescribe, runTransaction } from '../wire/work.ts'
import type { Engine } from './engine.ts'
import { SharedEngine, type EmbeddedPorts, type EmbeddedSettings } from './shared-engine.ts'

/** How long an aborted statement may still take before its thread is ended: to start that again takes far longer. */
const GRACE_MS = 250

interface Entry {
  readonly engine: SharedEngine
  users: number
  closing: Promise<void> | undefined
}

/** Folders that are open in this process. */
const open = new Map<string, Entry>()

/**
 * PostgreSQL in this process (PGlite), for a first try and for demonstrations: one statement at a time, no fsync. It has
 * no way to cancel a statement: one that takes too long, or is aborted, is stopped by ending its thread, after which the
 * database is opened again; one in memory has lost its data then.
 */
export class EmbeddedDatabase implements Database {
  readonly kind = 'embedded'
  readonly #ports: EmbeddedPorts
  readonly #entry: Promise<Entry>
  #current: SharedEngine | undefined
  #isClosed = false

  constructor(settings: EmbeddedSettings, ports: EmbeddedPorts) {
    this.#ports = ports
    this.#entry = enter(settings, ports)
    void this.#entry.then(({ engine }) => (this.#current = engine))
  }

  atomic(
    statements: readonly Statement[],
    settings: TransactionSettings,
    signal?: AbortSignal,
  ): Promise<readonly ResultSet[]> {
    const { statementTimeoutMs } = settings
    return this.#use(({ session }) => runAtomic(session, statements, settings), statementTimeoutMs, signal)
  }

  transaction<T>(
    settings: TransactionSettings,
    work: (transaction: Transaction) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { statementTimeoutMs } = settings
    return this.#use(
      ({ session }) => runTransaction(session, settings, work, signal),
      statementTimeoutMs,
      signal,
    )
  }

  describe(
    statement: Pick<Statement, 'text' | 'types'>,
    settings: TransactionSettings,
    signal?: AbortSignal,
  ): Promise<Description> {
    const { statementTimeoutMs } = settings
    return this.#use(({ session }) => runDescribe(session, statement, settings), statementTimeoutMs, signal)
  }

  async version(signal?: AbortSignal): Promise<number> {
    return (await this.facts(signal)).versionNumber
  }

  /** Version, database and user. */
  facts(signal?: AbortSignal): Promise<DatabaseFacts> {
    return this.#use(({ session }) => readFacts(session, false), 0, signal)
  }

  counts(): PoolCounts {
    return this.#current?.counts ?? { total: 0, idle: 0, waiting: 0 }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await leave(await this.#entry)
  }

  async #use<T>(work: (engine: Engine) => Promise<T>, limitMs: number, signal?: AbortSignal): Promise<T> {
    const shared = this.#current ?? (await this.#entry).engine
    const engine = await shared.take(signal)
    engine.limitMs = limitMs
    let stopWaiting: (() => void) | undefined
    const stop = (): void => {
      if (engine.session.isBusy) stopWaiting = this.#ports.clock.after(GRACE_MS, () => void engine.kill())
    }
    signal?.addEventListener('abort', stop, { once: true })
    try {
      const value = await work(engine)
      if (engine.session.status !== 'idle') await engine.kill()
      return value
    } catch (error) {
      signal?.throwIfAborted()
      throw engine.hasTimedOut ? timedOut(limitMs, shared.isInMemory, error) : error
    } finally {
      signal?.removeEventListener('abort', stop)
      stopWaiting?.()
      if (engine.session.hasTraces) await cleanSession(engine.session).catch(() => engine.kill())
      shared.give()
    }
  }
}

function timedOut(limitMs: number, isInMemory: boolean, cause: unknown): PaletteError {
  const outcome = (cause as Partial<PaletteError>).details?.['outcome']
  return new PaletteError(
    'PG_STATEMENT_TIMEOUT',
    `The statement ran longer than \`statementTimeoutMs\` (${limitMs}); add an index, or raise the limit${
      isInMemory ? '. To stop it, the database in memory was started anew: its data is lost' : ''
    }`,
    { details: { sqlstate: '57014', ...(outcome === undefined ? {} : { outcome }) } },
  )
}

async function enter(settings: EmbeddedSettings, ports: EmbeddedPorts): Promise<Entry> {
  const fresh = (): Entry => ({ engine: new SharedEngine(settings, ports), users: 1, closing: undefined })
  if (settings.dataDir.startsWith('memory:')) return fresh() // each node has its own
  for (;;) {
    const known = open.get(settings.dataDir)
    if (!known) {
      const entry = fresh()
      open.set(settings.dataDir, entry)
      return entry
    }
    if (!known.closing) {
      known.users += 1
      return known
    }
    await known.closing.catch(() => undefined) // the same folder, deployed again
  }
}

async function leave(entry: Entry): Promise<void> {
  entry.users -= 1
  if (entry.users > 0) return
  entry.closing = entry.engine.close().finally(() => {
    if (open.get(entry.engine.settings.dataDir) === entry) open.delete(entry.engine.settings.dataDir)
  })
  await entry.closing
}
