import type { Logger } from '../ports.ts'
import { systemClock, systemFiles, systemLocks } from '../system.ts'
import type { EmbeddedSettings } from './embedded/shared-engine.ts'
import type { KnownDatabase } from './facts.ts'
import type { ServerSettings } from './server/settings.ts'

/** What a `pg-database` node is set to. */
export type DatabaseSettings =
  | { readonly mode: 'embedded'; readonly embedded: EmbeddedSettings }
  | { readonly mode: 'server'; readonly server: ServerSettings }

/** What opening needs besides the machine. */
export interface OpenPorts {
  readonly log: Logger
  /** The built file of `embedded/worker.ts`. */
  readonly workerFile: string | URL
}

/** Makes a database ready for use; nothing is connected or started before the first statement. */
export async function openDatabase(
  settings: DatabaseSettings,
  { log, workerFile }: OpenPorts,
): Promise<KnownDatabase> {
  const clock = systemClock
  if (settings.mode === 'server') {
    const { ServerDatabase } = await import('./server/server-database.ts')
    return new ServerDatabase(settings.server, { clock })
  }
  const { EmbeddedDatabase } = await import('./embedded/embedded-database.ts')
  const ports = { clock, files: systemFiles, locks: systemLocks, log, workerFile }
  return new EmbeddedDatabase(settings.embedded, ports)
}

/** Begins to start an embedded database, which takes seconds: the first message is not to wait for it. */
export function warmUp(database: KnownDatabase): void {
  if (database.kind === 'embedded') database.version().catch(() => undefined) // told by the first statement
}

/** What "Test connection" shows. */
export interface ConnectionReport {
  readonly version: string
  readonly database: string
  readonly user: string
  readonly tls: boolean
  readonly latencyMs: number
  readonly total: number
  readonly idle: number
  readonly waiting: number
}

/** Asks a database what it is, and how long the answer takes: over a connection that is made already. */
export async function testConnection(database: KnownDatabase): Promise<ConnectionReport> {
  const { version, database: name, user, tls } = await database.facts()
  const started = systemClock.monotonic()
  await database.version()
  const latencyMs = Math.round((systemClock.monotonic() - started) * 10) / 10
  return { version, database: name, user, tls, latencyMs, ...database.counts() }
}

/** Whether a database answers. An embedded one that is open and at work counts as answering. */
export async function answers(
  database: KnownDatabase,
  signal: AbortSignal,
): Promise<{ readonly ok: boolean; readonly detail?: string }> {
  const { total, idle } = database.counts()
  if (database.kind === 'embedded' && total > idle) return { ok: true, detail: 'at work' }
  await database.version(signal)
  return { ok: true }
}
