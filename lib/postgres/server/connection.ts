import { isIP, type NetConnectOpts, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { Client } from 'pg'
import { PaletteError } from '../../errors.ts'
import { lostConnection, serverFailure, unreachable } from '../failures.ts'
import { Session } from '../wire/session.ts'
import { outputForm } from '../wire/work.ts'
import type { ServerSettings, SslMode } from './settings.ts'

/** What `pg` keeps of a connection besides its documented properties. */
interface BackendKey {
  readonly processID: number
  readonly secretKey: number
}

/**
 * One connection to a server. `pg` makes it (TLS, authentication); from then on its socket is ours, because `pg` has no
 * way to send several statements with one Sync, nor to read rows straight into objects.
 */
export class Connection {
  readonly session: Session
  readonly socket: Duplex
  readonly key: BackendKey
  /** How it is encrypted; undefined where it is not. */
  readonly tls: TlsOptions | undefined
  /** The very address that it goes to, for one host name may stand for several servers. */
  readonly peer: NetConnectOpts | undefined
  /** When it was last given back, in milliseconds of the monotonic clock. */
  idleSince = 0
  readonly #ended: Promise<void>
  #isOpen = true
  #silenceMs = 0

  constructor(client: Client, tls: TlsOptions | undefined, onEnd: (connection: Connection) => void) {
    const { host, port } = client
    const endpoint = endpointOf({ host, port })
    this.socket = client.connection.stream
    this.tls = tls && { ...tls, host, ...(isIP(host) === 0 ? { servername: host } : {}) }
    const { remoteAddress } = this.socket as Partial<Socket>
    if (host.startsWith('/')) this.peer = { path: `${host}/.s.PGSQL.${port}` }
    else this.peer = remoteAddress === undefined ? undefined : { host: remoteAddress, port }
    const { processID, secretKey } = client as unknown as BackendKey
    this.key = { processID, secretKey }
    this.session = new Session(endpoint, (bytes) => this.socket.write(bytes))
    this.socket.removeAllListeners('data')
    this.socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    this.socket.on('timeout', () => {
      if (this.session.isBusy) this.destroy()
    })
    let cause: unknown
    client.on('error', (error) => (cause ??= error))
    this.#ended = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.#isOpen = false
        this.session.lose(cause)
        onEnd(this)
        resolve()
      })
    })
  }

  get isOpen(): boolean {
    return this.#isOpen && this.socket.writable
  }

  /** Says good-bye where that is possible; resolves when the socket is closed. Idempotent. */
  async close(): Promise<void> {
    if (this.isOpen && !this.session.isBusy) this.socket.end(TERMINATE)
    else this.socket.destroy()
    await this.#ended
  }

  /**
   * Cuts the connection when an answer is due and nothing comes for this long (0 = for ever): a host that lost its power, or a
   * firewall that forgot the connection, never says so.
   */
  allowSilence(ms: number): void {
    if (ms === this.#silenceMs) return
    this.#silenceMs = ms
    const { setTimeout } = this.socket as Partial<Socket>
    setTimeout?.call(this.socket, ms)
  }

  /** Cuts it. What runs on it fails. Idempotent. */
  destroy(): void {
    this.socket.destroy()
  }

  #receive(bytes: Buffer): void {
    try {
      this.session.receive(bytes)
    } catch (error) {
      this.session.lose(error)
      this.destroy()
    }
  }
}

const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4])

/** `host:port` as messages show it. */
const endpointOf = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** An address to connect to instead of looking the host up. */
export interface ConnectAddress {
  readonly address: string
  /** Milliseconds. */
  readonly timeoutMs: number
}

/**
 * Connects. @throws `PG_UNAVAILABLE`, with `details.sqlstate` as the server tells it or `08001`.
 */
export async function openConnection(
  settings: ServerSettings,
  mode: SslMode,
  onEnd: (connection: Connection) => void,
  at?: ConnectAddress,
): Promise<Connection> {
  const { default: pg } = await import('pg')
  const tls = tlsOptions(settings, mode, at)
  const client = new pg.Client({
    host: at?.address ?? settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password: settings.password,
    ssl: tls ?? false,
    application_name: settings.applicationName,
    connectionTimeoutMillis: at?.timeoutMs ?? settings.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
  })
  client.on('error', () => undefined) // told by `connect`, or by the connection once it is made
  try {
    await client.connect()
  } catch (error) {
    client.connection.stream.destroy()
    throw connectFailure(settings, error, at)
  }
  const connection = new Connection(client, tls, onEnd)
  try {
    await connection.session.run(outputForm, { commits: false })
    return connection
  } catch (error) {
    connection.destroy()
    throw error
  }
}

// At an address of its own the name is still what the certificate must say.
function tlsOptions(
  { tls, host }: ServerSettings,
  mode: SslMode,
  at?: ConnectAddress,
): TlsOptions | undefined {
  if (mode === 'disable') return undefined
  return { ...tls, rejectUnauthorized: mode === 'verify-full', ...(at ? { servername: host } : {}) }
}

/** Whether a server without TLS is the reason. */
export const isWithoutTls = (error: unknown): boolean =>
  error instanceof PaletteError && error.details['reason'] === 'no TLS'

function connectFailure(settings: ServerSettings, error: unknown, at?: ConnectAddress): PaletteError {
  const endpoint = at ? `${endpointOf(settings)} (${at.address})` : endpointOf(settings)
  const { code, message } = error as { code?: string; message: string }
  const severity = (error as { severity?: string }).severity
  // An ErrorResponse: `pg` gives it as an error with a five-character code and a severity.
  if (severity !== undefined && code !== undefined)
    return serverFailure({ severity, sqlstate: code, message: '' }, { outcome: 'rolled back' })
  if (message === 'The server does not support SSL connections') {
    return new PaletteError(
      'PG_UNAVAILABLE',
      `PostgreSQL at ${endpoint} offers no TLS; switch it on there, or set \`ssl\` to \`disable\``,
      { details: { sqlstate: '08001', reason: 'no TLS', outcome: 'rolled back' } },
    )
  }
  if (message === 'timeout expired') return unreachable(endpoint, { code: 'ETIMEDOUT' })
  if (message === 'Connection terminated unexpectedly') return lostConnection(endpoint, 'rolled back', error)
  return unreachable(endpoint, error)
}
