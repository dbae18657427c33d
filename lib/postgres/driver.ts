/** A parameter as it is sent: PostgreSQL's text form, or null for NULL. */
export type SqlText = string | null

/** One statement with `$1`…`$n` placeholders. */
export interface Statement {
  readonly text: string
  readonly values?: readonly SqlText[]
  /** Prepared under this name, once a connection. Without: planned anew each time. */
  readonly name?: string
  /** Type OIDs of the parameters; 0 lets PostgreSQL infer. */
  readonly types?: readonly number[]
  /** Stop after this many rows; the result then says `isCut`. */
  readonly maxRows?: number
  /**
   * May leave something in the session beyond its transaction: settings, temporary tables, advisory locks. All of that is
   * taken back (`DISCARD ALL`) before the session is used again.
   */
  readonly leavesTraces?: boolean
}

/** A column of a result. */
export interface Column {
  readonly name: string
  /** OID of its type. */
  readonly type: number
  /** OID of the table it comes from, and the column's number there; 0 for an expression. */
  readonly table: number
  readonly attribute: number
}

/** A row as an object; values as `type-parsers.ts` reads them. */
export type Row = Record<string, unknown>

/** What one statement gave. */
export interface ResultSet {
  /** Command tag: `SELECT`, `INSERT`, `UPDATE`, … */
  readonly command: string
  /** Rows returned or affected, as the command tag says; the rows read, where `isCut`. */
  readonly rowCount: number
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  /** True where more rows were there than `maxRows`. */
  readonly isCut: boolean
}

/** Isolation levels of PostgreSQL. */
export const ISOLATION_LEVELS = ['read committed', 'repeatable read', 'serializable'] as const
export type Isolation = (typeof ISOLATION_LEVELS)[number]

/** How a transaction runs. */
export interface TransactionSettings {
  readonly isolation: Isolation
  readonly readOnly: boolean
  /** Milliseconds, 0 = none. */
  readonly statementTimeoutMs: number
  /** Milliseconds, 0 = none. */
  readonly lockTimeoutMs: number
}

/** The statements of one open transaction, one at a time. */
export interface Transaction {
  query(statement: Statement): Promise<ResultSet>
  /** Several statements in one round trip; the first failure fails all. */
  group(statements: readonly Statement[]): Promise<readonly ResultSet[]>
  /** Rows of one statement in batches of at most `batchSize`, read from the server as they are asked for. */
  batches(statement: Statement, batchSize: number): AsyncIterable<readonly Row[]>
}

/** What PostgreSQL infers of a statement. */
export interface Description {
  /** OIDs of the parameters. */
  readonly parameters: readonly number[]
  /** Undefined where the statement returns no rows. */
  readonly columns: readonly Column[] | undefined
}

/** Numbers of the pool, for the status and `/cxone/health`. */
export interface PoolCounts {
  readonly total: number
  readonly idle: number
  readonly waiting: number
}

/**
 * A database, whichever way it is reached. Every failure is a `PaletteError`: `PG_UNAVAILABLE`, `PG_POOL_EXHAUSTED`, or
 * by SQLSTATE (`failures.ts`) with `details.sqlstate`. Where the connection was lost `details.outcome` tells whether the
 * work may have been committed: `'rolled back'` (the commit was not sent) or `'unknown'`. An aborted signal cancels what
 * runs in PostgreSQL and fails with the signal's reason.
 */
export interface Database {
  readonly kind: 'server' | 'embedded'
  /** Runs the statements in one transaction and one round trip: all or nothing. */
  atomic(
    statements: readonly Statement[],
    settings: TransactionSettings,
    signal?: AbortSignal,
  ): Promise<readonly ResultSet[]>
  /** Runs `work` in a transaction: commits when it returns, rolls back when it throws. */
  transaction<T>(
    settings: TransactionSettings,
    work: (transaction: Transaction) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T>
  /** Parameter types and result columns, without running the statement. To find them takes locks, so limits hold. */
  describe(
    statement: Pick<Statement, 'text' | 'types'>,
    settings: TransactionSettings,
    signal?: AbortSignal,
  ): Promise<Description>
  /** `server_version_num`, such as 180004. */
  version(signal?: AbortSignal): Promise<number>
  counts(): PoolCounts
  /** Idempotent; what is in work is cancelled. */
  close(): Promise<void>
}
