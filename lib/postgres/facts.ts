import type { Pin } from '../dns/pin.ts'
import type { Database } from './driver.ts'
import type { Session } from './wire/session.ts'

/** What a database tells of itself, for "Test connection". */
export interface DatabaseFacts {
  /** Such as `18.4`. */
  readonly version: string
  /** Such as 180004. */
  readonly versionNumber: number
  readonly database: string
  readonly user: string
  /** Whether the connection is encrypted. */
  readonly tls: boolean
}

/** A {@link Database} that tells of itself. */
export interface KnownDatabase extends Database {
  facts(signal?: AbortSignal): Promise<DatabaseFacts>
  /**
   * Works with this database at addresses that were looked up before. Undefined where it has none of its own.
   *
   * @throws `PIN_MISMATCH`, `PIN_REFUSED`, `PG_POOL_EXHAUSTED`, what the work throws.
   */
  readonly pinned?: <T>(pin: Pin, work: (database: Database) => Promise<T>) => Promise<T>
}

const TEXT = `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
  current_database() as database, current_user as user`

/** Asks a session. */
export async function readFacts(session: Session, tls: boolean): Promise<DatabaseFacts> {
  const [result] = await session.run([{ kind: 'run', statement: { text: TEXT } }], { commits: false })
  const row = result?.rows[0] ?? {}
  return {
    version: String(row['version']),
    versionNumber: Number(row['number']),
    database: String(row['database']),
    user: String(row['user']),
    tls,
  }
}
