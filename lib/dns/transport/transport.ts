import type { Clock, Random } from '../../ports.ts'
import type { ServerAddress, TransportName } from '../servers.ts'

/** One question to one server, and one answer back. */
export interface Exchange<T> {
  readonly server: ServerAddress
  /** The query message. The transport puts a fresh random id into its first two octets. */
  readonly query: Buffer
  /**
   * Reads a message that came from the server with the right id. Undefined: it answers another question and is ignored,
   * because it may be forged. What it throws ends the exchange.
   */
  readonly read: (message: Buffer) => T | undefined
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
  /** Certificates to trust (PEM) instead of the system's, for TLS and HTTPS. */
  readonly ca?: string | undefined
}
