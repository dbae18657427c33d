import type { QueryConfig } from 'pg'
import { within } from '../../concurrency/within.ts'
import { abortReason } from '../../concurrency/abort.ts'
import type { Clock } from '../../ports.ts'
import type { Connector } from '../connector.ts'
import { preflightError, type PreflightFacts, type PreflightStep } from './facts.ts'
import { STEP_MS } from './open-tcp.ts'

/** A login for the test; never sent to CXone. */
export interface TestCredentials {
  readonly user: string
  readonly password: string
}

interface Call {
  /** The address that took the connection before. */
  readonly address: string
  readonly credentials: TestCredentials
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

type Facts = Pick<PreflightFacts, 'login' | 'query'>

/**
 * The extended protocol takes one statement only: a second one could end the transaction that lets the first only read.
 */
function single(text: string): QueryConfig {
  const query = { text, queryMode: 'extended' }
  return query
}

/**
 * Logs in to PostgreSQL and runs the query of the health check, which can only read.
 *
 * @throws `CONNECTOR_UNREACHABLE` with the step and `details.sqlstate`, `ABORTED`.
 */
export async function postgresLogin(connector: Connector, call: Call): Promise<Facts> {
  const { default: pg } = await import('pg')
  const { host, port, database, ssl, healthCheck } = connector
  const { address, credentials, clock, signal } = call
  const client = new pg.Client({
    ...credentials,
    ...{ host: address, port, database, connectionTimeoutMillis: STEP_MS },
    ssl: ssl && { rejectUnauthorized: false, servername: host },
    application_name: 'cxone-flows preflight',
  })
  client.on('error', () => undefined) // a connection that is lost fails the query under way
  const step = async <T>(name: PreflightStep, timeoutMs: number, work: Promise<T>): Promise<[T, number]> => {
    const started = clock.monotonic()
    try {
      const done = await within(work, { clock, timeoutMs, late: `no answer within ${timeoutMs} ms`, signal })
      return [done, Math.round((clock.monotonic() - started) * 1000) / 1000]
    } catch (error) {
      if (signal?.aborted) throw abortReason(signal)
      const { code } = error as { code?: unknown }
      const sqlstate = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? { sqlstate: code } : {}
      throw preflightError(name, `\`${host}:${port}\``, error, { host, port, ...sqlstate })
    }
  }
  try {
    const [, loginMs] = await step('login', STEP_MS, client.connect())
    const read = client.query('BEGIN READ ONLY').then(() => client.query(single(healthCheck.query)))
    const [{ rows }, queryMs] = await step('query', healthCheck.timeoutS * 1000, read)
    return {
      login: { user: credentials.user, latencyMs: loginMs },
      query: { rows: rows.length, latencyMs: queryMs },
    }
  } finally {
    client.end().catch(() => undefined)
  }
}
