import type { Clock, Random } from '../../ports.ts'
import type { ServerAddress, TransportName } from '../servers.ts'

/**
 * What the DNS cookie (RFC 7873) of an answer says. `none`: asked without one; `unknown`: the server is not known to do
 * cookies, and this answer has none; `right`: it is from somebody who saw the question; `missing`: the server is known to
 * do cookies, so this answer must not be believed, though the server may have changed.
 */
export type CookieState = 'none' | 'unknown' | 'right' | 'missing'

/** One question to one server, and one answer back. */
export interface Exchange<T> {
  readonly server: ServerAddress
  /** The query message, its id 0. What the transport needs of its own (a random id, a cookie) goes into a copy. */
  readonly query: Buffer
  /**
   * Reads a message that came from the server with the right id. Undefined: it answers another question and is ignored,
   * because it may be forged. What it throws ends the exchange.
   */
  readonly read: (message: Buffer, cookie: CookieState) => T | undefined
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Carries DNS messages. Fails with `DNS_TIMEOUT` (also when the server cannot be reached), with the reason of the signal
 * when it is aborted, and with what `read` throws.
 */
export interface DnsTransport {
  readonly exchange: <T>(exchange: Exchange<T>) => Promise<T>
  /** Frees its sockets; what is under way fails. */
  close(): void
}

/** The transports at hand: answers that are too long for UDP always need TCP. */
export type DnsTransports = Readonly<Record<'udp' | 'tcp', DnsTransport>> &
  Readonly<Partial<Record<TransportName, DnsTransport>>>

/** What the transports need from the world. */
export interface TransportPorts {
  readonly clock: Clock
  readonly random: Random
  /** Calls back when all that has arrived by now is handled. */
  readonly soon: (callback: () => void) => void
  /** Certificates to trust (PEM) instead of the system's, for TLS and HTTPS. */
  readonly ca?: string | undefined
}
