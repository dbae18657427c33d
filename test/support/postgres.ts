import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { launchServer, type ServerOptions, type TestServer } from './postgres-server.ts'

export type { ServerOptions, TestServer }

/** An empty database of a real PostgreSQL server. */
export interface TestDatabase {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  /** Runs SQL (several statements without `values`) on a connection of its own. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>
  /** Drops it, with all who are connected. */
  drop(): Promise<void>
}

let running: Promise<string> | undefined

/**
 * A new database on the server of this test run: that of `TEST_PG_URL`, or one that is started with the first call and
 * goes with the process.
 */
export async function testDatabase(): Promise<TestDatabase> {
  running ??= serverUrl()
  const root = new URL(await running)
  const name = `cxone_test_${randomBytes(6).toString('hex')}`
  await runOn(root.href, `create database ${name}`)
  const own = new URL(root)
  own.pathname = `/${name}`
  return {
    url: own.href,
    host: own.hostname,
    port: Number(own.port || 5432),
    database: name,
    user: decodeURIComponent(own.username),
    password: decodeURIComponent(own.password),
    query: (sql, values) => runOn(own.href, sql, values),
    drop: async () => {
      await runOn(root.href, `drop database if exists ${name} with (force)`)
    },
  }
}

/** A server of its own, for tests that stop or kill it. Remove it when done. */
export const privateServer = (options: ServerOptions = {}): Promise<TestServer> => launchServer(options)

async function serverUrl(): Promise<string> {
  const given = process.env['TEST_PG_URL']
  if (given !== undefined && given !== '') return given
  const server = await launchServer({ settings: { max_connections: '200' } })
  return server.url('postgres')
}

/** Runs SQL on a connection of its own. */
export async function runOn(
  url: string,
  sql: string,
  values?: readonly unknown[],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined) // the query reports it
  await client.connect()
  try {
    const result = await client.query<Record<string, unknown>>(sql, values ? [...values] : undefined)
    return result.rows
  } finally {
    await client.end().catch(() => undefined)
  }
}
