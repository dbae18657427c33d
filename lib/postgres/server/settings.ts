import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { Clock, Logger } from '../../ports.ts'

/** How a connection is protected, as libpq names it. `prefer` and `require` do not check who answers. */
export const SSL_MODES = ['disable', 'prefer', 'require', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

/** Where a server is, and who asks. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  readonly ssl: SslMode
}

/** How a server is reached, and by how many connections. */
export interface ServerSettings extends ServerAddress {
  /** Certificates and keys, such as those of a `tls-config` node. */
  readonly tls?: TlsOptions
  readonly applicationName: string
  readonly poolMax: number
  /** Connections that stay open when idle. */
  readonly poolMin: number
  /** Milliseconds; 0 = idle connections stay open. */
  readonly idleTimeoutMs: number
  /** Milliseconds for making a connection, and for waiting for one. */
  readonly connectTimeoutMs: number
  /** Callers that may wait for a connection. */
  readonly maxWaiting: number
}

/** What the driver needs of the world. */
export interface ServerPorts {
  readonly clock: Clock
  readonly log: Logger
}
