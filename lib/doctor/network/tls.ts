import type { X509Certificate } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { Clock } from '../../ports.ts'
import { tenths } from './tcp.ts'

/** TLS settings as `node:tls` takes them. */
export type TlsSettings = ConnectionOptions

/** How to shake hands. */
export interface HandshakeCall {
  readonly host: string
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
  /** Further options of `node:tls`: certificates to trust, a client certificate, versions and suites to offer. */
  readonly options?: TlsSettings
  /** False: the name of the host is not told (no SNI). */
  readonly tellsName?: boolean
}

/** What was agreed, and who says to be at the other end. */
export interface SecureFacts {
  readonly outcome: 'secure'
  readonly latencyMs: number
  /** `TLSv1.3` */
  readonly protocol: string
  /** Name of the suite as OpenSSL writes it. */
  readonly cipher: string
  /** The server's own certificate first, then those that it sent with it and the one of the issuer that is known here. */
  readonly certificates: readonly X509Certificate[]
  /** Why Node.js does not trust the chain (OpenSSL's code, or `ERR_TLS_CERT_ALTNAME_INVALID`); null where it does. */
  readonly distrust: string | null
}

/** How a handshake failed. */
export interface FailedHandshake {
  readonly outcome: 'timeout' | 'reset' | 'failed'
  readonly latencyMs: number
  /** Code of OpenSSL or the system. */
  readonly code: string
  readonly message: string
}

export type Handshake = SecureFacts | FailedHandshake

/** By TLS 1.3 a server refuses a client without a certificate only after the handshake; else it sends a session. */
const SECOND_THOUGHTS_MS = 300

/** Shakes hands on an open connection, and closes it. A certificate that is not trusted is told, not refused. Never rejects. */
export function shakeHands(socket: Socket, call: HandshakeCall): Promise<Handshake> {
  const { timeoutMs, clock, signal } = call
  const started = clock.monotonic()
  return new Promise((resolve) => {
    let cancel: () => void = () => undefined
    let agreedAt: number | undefined
    const end = (handshake: DistributiveOmit<Handshake, 'latencyMs'>): void => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
      const latencyMs = tenths((agreedAt ?? clock.monotonic()) - started)
      socket.destroy()
      resolve({ ...handshake, latencyMs })
    }
    const onAbort = (): void => end({ outcome: 'failed', code: 'ABORTED', message: 'stopped' })
    cancel = clock.after(timeoutMs, () =>
      end({ outcome: 'timeout', code: 'ETIMEDOUT', message: `no answer within ${timeoutMs} ms` }),
    )
    signal?.addEventListener('abort', onAbort, { once: true })
    let agreed: Omit<SecureFacts, 'latencyMs'> | undefined
    const closed = { outcome: 'reset', code: 'ECONNRESET', message: 'closed by the other side' } as const
    socket.once('close', () => end(agreed ?? closed))
    try {
      const secure = begin(socket, call)
      secure.on('error', (error: Error) => end(failureOf(error)))
      secure.once('secureConnect', () => {
        const facts = (agreed = factsOf(secure))
        agreedAt = clock.monotonic()
        cancel()
        cancel = clock.after(facts.protocol === 'TLSv1.3' ? SECOND_THOUGHTS_MS : 0, () => end(facts))
        secure.once('session', () => end(facts)).resume()
      })
    } catch (error) {
      end(failureOf(error as Error)) // options that OpenSSL does not take
    }
    if (signal?.aborted) onAbort()
  })
}

function begin(socket: Socket, { host, options = {}, tellsName = true }: HandshakeCall): TLSSocket {
  const name = isIP(host) || !tellsName ? {} : { servername: host }
  return connect({ ALPNProtocols: ['http/1.1'], ...options, ...name, socket, rejectUnauthorized: false })
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

function failureOf(error: Error): Omit<FailedHandshake, 'latencyMs'> {
  const code = 'code' in error ? String(error.code) : error.name
  const isReset = code === 'ECONNRESET' || code === 'EPIPE'
  return { outcome: isReset ? 'reset' : 'failed', code, message: error.message }
}

function factsOf(secure: TLSSocket): Omit<SecureFacts, 'latencyMs'> {
  const { authorizationError } = secure as unknown as { authorizationError: Error | string | null }
  return {
    outcome: 'secure',
    protocol: secure.getProtocol() ?? '',
    cipher: secure.getCipher().name,
    certificates: chainOf(secure.getPeerX509Certificate()),
    distrust: authorizationError ? codeOf(authorizationError) : null,
  }
}

const codeOf = (error: Error | string): string =>
  typeof error === 'string' ? error : 'code' in error ? String(error.code) : error.message

const MAX_CHAIN = 10

function chainOf(leaf: X509Certificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = []
  for (let at = leaf; at && chain.length < MAX_CHAIN; at = at.issuerCertificate) {
    const { fingerprint256 } = at
    if (chain.some((known) => known.fingerprint256 === fingerprint256)) break
    chain.push(at)
  }
  return chain
}
