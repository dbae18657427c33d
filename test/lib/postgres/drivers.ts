import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database, TransactionSettings } from '../../../lib/postgres/driver.ts'
import { ServerDatabase } from '../../../lib/postgres/server/server-database.ts'
import type { ServerSettings } from '../../../lib/postgres/server/settings.ts'
import { EmbeddedDatabase } from '../../../lib/postgres/embedded/embedded-database.ts'
import type { EmbeddedSettings } from '../../../lib/postgres/embedded/shared-engine.ts'
import { systemClock, systemFiles, systemLocks } from '../../../lib/system.ts'
import { testDatabase } from '../../support/postgres.ts'

/** What pg-action runs with when nothing is set. */
export const DEFAULTS: TransactionSettings = {
  isolation: 'read committed',
  readOnly: false,
  statementTimeoutMs: 2000,
  lockTimeoutMs: 1000,
}

/** A driver on an empty database, and how to get rid of both. */
export interface OpenDriver {
  readonly database: Database
  readonly close: () => Promise<void>
}

type Place = Pick<ServerSettings, 'host' | 'port' | 'database' | 'user' | 'password'>

/** The driver for servers, with the settings that a node has when nothing is set. */
export function openServer(place: Place, settings: Partial<ServerSettings> = {}): ServerDatabase {
  return new ServerDatabase(
    {
      host: place.host,
      port: place.port,
      database: place.database,
      user: place.user,
      password: place.password,
      ssl: 'prefer',
      applicationName: 'cxone-flows test',
      poolMax: 10,
      poolMin: 0,
      idleTimeoutMs: 30_000,
      connectTimeoutMs: 5000,
      maxWaiting: 1000,
      ...settings,
    },
    { clock: systemClock },
  )
}

/** The driver for servers on a new database of the server of this test run. */
export async function newServerDriver(settings: Partial<ServerSettings> = {}): Promise<OpenDriver> {
  const place = await testDatabase()
  const database = openServer(place, settings)
  return {
    database,
    close: async () => {
      await database.close()
      await place.drop()
    },
  }
}

/** The embedded driver; in memory where no folder is given. */
export function openEmbedded(
  settings: Partial<EmbeddedSettings> = {},
  workerFile = new URL('../../../lib/postgres/embedded/worker.ts', import.meta.url),
): EmbeddedDatabase {
  return new EmbeddedDatabase(
    { dataDir: 'memory://', initSql: '', maxWaiting: 1000, connectTimeoutMs: 60_000, ...settings },
    {
      clock: systemClock,
      files: systemFiles,
      locks: systemLocks,
      log: { info: () => undefined, warn: (message) => warnings.push(message) },
      workerFile,
    },
  )
}

/** What embedded databases have warned of. */
export const warnings: string[] = []

/** The embedded driver on a new folder. */
export async function newEmbeddedDriver(): Promise<OpenDriver> {
  const folder = await mkdtemp(join(tmpdir(), 'cxone-flows-pglite-'))
  const database = openEmbedded({ dataDir: join(folder, 'data') })
  return {
    database,
    close: async () => {
      await database.close()
      await rm(folder, { recursive: true })
    },
  }
}
