import type { Database, ResultSet, Row, SqlText, Statement, TransactionSettings } from '../driver.ts'
import { checkCount, type CheckRows, type Limits } from './limits.ts'
import type { Prepared } from './prepare.ts'

/** How a statement is run. */
export interface ExecuteSettings {
  readonly transaction: TransactionSettings
  readonly limits: Limits
  /** Whether it changes data: then its result is checked before it is committed. */
  readonly isChange: boolean
  /** Only the first row is wanted. */
  readonly isFirst: boolean
  readonly batchSize: number
}

/** A lock that a statement took. */
export interface TakenLock {
  readonly relation: string
  readonly mode: string
}

/** Runs prepared statements on a database, each under its guard. */
export class Executor {
  readonly #database: Database
  readonly #settings: ExecuteSettings
  readonly #checkRows: CheckRows
  readonly #maxRows: number

  constructor(database: Database, settings: ExecuteSettings, checkRows: CheckRows) {
    this.#database = database
    this.#settings = settings
    this.#checkRows = checkRows
    this.#maxRows = settings.isFirst && !settings.isChange ? 1 : settings.limits.maxRows
  }

  /**
   * Runs a statement: one that changes nothing in one round trip, one that does in two, with the checks before the commit.
   * Where tables are to be locked first it takes two as well: PostgreSQL locks only in a transaction that was begun.
   */
  async run(prepared: Prepared, values: readonly SqlText[], signal?: AbortSignal): Promise<ResultSet> {
    const { transaction, isChange } = this.#settings
    const statements = this.#statements(prepared, values)
    if (!isChange && !this.#isSnapshot()) {
      const results = await this.#database.atomic(statements, transaction, signal)
      return this.#checked(this.#resultOf(prepared, results))
    }
    return await this.#database.transaction(
      transaction,
      async (open) => this.#checked(this.#resultOf(prepared, await open.group(statements))),
      signal,
    )
  }

  /** Runs a statement and takes all back; tells the locks that it took. */
  async rehearse(
    prepared: Prepared,
    values: readonly SqlText[],
    signal?: AbortSignal,
  ): Promise<{ readonly result: ResultSet; readonly locks: readonly TakenLock[] }> {
    let told: { readonly result: ResultSet; readonly locks: readonly TakenLock[] } | undefined
    const rollBack = new Error('rehearsed')
    try {
      await this.#database.transaction(
        this.#settings.transaction,
        async (open) => {
          const all = [...this.#statements(prepared, values), TAKEN_LOCKS, CHECK_DEFERRED]
          const results = await open.group(all)
          const result = this.#checked(this.#resultOf(prepared, results))
          told = { result, locks: (results.at(-2)?.rows ?? []).map(readLock) }
          throw rollBack
        },
        signal,
      )
    } catch (error) {
      if (!told || error !== rollBack) throw error
    }
    return told as NonNullable<typeof told>
  }

  /**
   * Hands the rows on in batches, the next one once `deliver` has resolved.
   *
   * @returns the number of rows.
   */
  async stream(
    prepared: Prepared,
    values: readonly SqlText[],
    deliver: (rows: readonly Row[], first: number) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<number> {
    const { transaction, batchSize } = this.#settings
    const { statement, guard, locks } = prepared
    return await this.#database.transaction(
      transaction,
      async (open) => {
        // The tables are locked before they are compared: from then on nobody changes them.
        if (guard) await open.group([...locks, guard])
        let count = 0
        for await (const rows of open.batches({ ...statement, values }, batchSize)) {
          this.#checkRows(rows, count)
          await deliver(rows, count)
          count += rows.length
        }
        return count
      },
      signal,
    )
  }

  #statements({ statement, guard, locks }: Prepared, values: readonly SqlText[]): Statement[] {
    const run = { ...statement, values, maxRows: this.#maxRows }
    if (!guard) return [run]
    // A statement of these levels looks at the tables as they were when the transaction began, the guard too: unless nobody
    // can change them from then on.
    return this.#isSnapshot() ? [...locks, run, guard] : [run, guard]
  }

  /** Which of the statements that are sent together is the user's. */
  placeOf({ guard, locks }: Prepared): number {
    return guard && this.#isSnapshot() ? locks.length : 0
  }

  #resultOf(prepared: Prepared, results: readonly ResultSet[]): ResultSet {
    return results[this.placeOf(prepared)] as ResultSet
  }

  #isSnapshot(): boolean {
    return this.#settings.transaction.isolation !== 'read committed'
  }

  #checked(result: ResultSet): ResultSet {
    const { limits, isChange, isFirst } = this.#settings
    if (!isFirst || isChange) checkCount(result, limits, isChange)
    this.#checkRows(isFirst ? result.rows.slice(0, 1) : result.rows)
    return result
  }
}

const TAKEN_LOCKS: Statement = {
  text: `select c.oid::regclass::text as relation, l.mode
  from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation
  where l.locktype = 'relation' and l.pid = pg_catalog.pg_backend_pid()
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
    and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
  order by 1, 2`,
}

/** What COMMIT would find. */
const CHECK_DEFERRED: Statement = { text: 'set constraints all immediate' }

const readLock = (row: Row): TakenLock => ({ relation: String(row['relation']), mode: String(row['mode']) })
