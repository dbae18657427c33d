import type { Clock } from '../../ports.ts'
import type { Connector } from '../connector.ts'
import { notChecked, type PreflightFacts } from './facts.ts'
import { openTcp } from './open-tcp.ts'
import { postgresLogin, type TestCredentials } from './postgres-login.ts'
import type { ResolveHost } from './resolve-host.ts'
import { postgresTls } from './tls-facts.ts'

/** What {@link createPreflight} needs. */
interface PreflightPorts {
  readonly clock: Clock
  readonly resolve: ResolveHost
  /** Without a user, no login is tried. */
  readonly credentials: TestCredentials
}

/** Looks at a database before its connector is registered. */
export type Preflight = (connector: Connector, signal?: AbortSignal) => Promise<PreflightFacts>

/**
 * Makes the look at a database from this machine, which may see it otherwise than CXone does: its addresses, a TCP
 * connection and, for PostgreSQL, what it offers as TLS, a login and the query of the health check.
 *
 * A look throws the DNS codes, `CONNECTOR_UNREACHABLE` with `details.step`, and `ABORTED`.
 */
export function createPreflight({ clock, resolve, credentials }: PreflightPorts): Preflight {
  return async (connector, signal) => {
    const { host, port, dbType } = connector
    const addresses = await resolve(host, signal)
    const { socket, address, connectMs } = await openTcp(addresses, port, { clock, signal })
    let tls: PreflightFacts['tls']
    try {
      tls = await tlsOf(connector, () => postgresTls(socket, host, { clock, signal }))
    } finally {
      socket.on('error', () => undefined).destroy()
    }
    const reason = whyNoLogin(dbType, credentials)
    const used =
      reason === undefined
        ? await postgresLogin(connector, { address, credentials, clock, signal })
        : { login: notChecked(reason), query: notChecked(reason) }
    return { addresses, address, port, connectMs, tls, ...used }
  }
}

async function tlsOf(
  { ssl, dbType }: Connector,
  check: () => Promise<PreflightFacts['tls']>,
): Promise<PreflightFacts['tls']> {
  if (!ssl) return notChecked('`ssl` is off')
  return dbType === 'POSTGRESQL' ? check() : notChecked(`TLS of ${dbType} starts within its own protocol`)
}

function whyNoLogin(dbType: Connector['dbType'], { user }: TestCredentials): string | undefined {
  if (dbType !== 'POSTGRESQL') return `no login to ${dbType} is tried`
  return user === '' ? 'no test credentials are set' : undefined
}
