import { once } from 'node:events'
import { isIP, type Socket } from 'node:net'
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import { abortReason } from '../../concurrency/abort.ts'
import { within } from '../../concurrency/within.ts'
import type { Clock } from '../../ports.ts'
import { preflightError, type TlsFacts } from './facts.ts'
import { STEP_MS } from './open-tcp.ts'

/** PostgreSQL's SSLRequest message: length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

interface Call {
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks a PostgreSQL server for TLS on a fresh connection, and tells what it offers. The certificate is not demanded to be
 * trusted: CXone decides what it trusts.
 *
 * @throws `CONNECTOR_UNREACHABLE` where the server takes no TLS or the handshake fails, `ABORTED`.
 */
export async function postgresTls(socket: Socket, host: string, { clock, signal }: Call): Promise<TlsFacts> {
  const late = `no answer within ${STEP_MS} ms`
  try {
    return await within(handshake(socket, host), { clock, timeoutMs: STEP_MS, late, signal })
  } catch (error) {
    if (signal?.aborted) throw abortReason(signal)
    throw preflightError('tls', `\`${host}\``, error, { host })
  }
}

async function handshake(socket: Socket, host: string): Promise<TlsFacts> {
  socket.write(SSL_REQUEST)
  const answer = await firstByte(socket)
  if (answer !== 'S')
    throw new Error(
      answer === 'N'
        ? 'the server takes no TLS; turn `ssl` off, or set it up there'
        : 'no PostgreSQL server answers',
    )
  const secure = connect({ socket, rejectUnauthorized: false, ...(isIP(host) ? {} : { servername: host }) })
  try {
    await once(secure, 'secureConnect')
    return factsOf(secure, host)
  } finally {
    secure.on('error', () => undefined).destroy()
  }
}

async function firstByte(socket: Socket): Promise<string> {
  const ended = once(socket, 'close').then(() => [Buffer.alloc(0)])
  const [data] = (await Promise.race([once(socket, 'data'), ended])) as [Buffer]
  return data.toString('latin1', 0, 1)
}

function factsOf(secure: TLSSocket, host: string): TlsFacts {
  const certificate = secure.getPeerCertificate()
  const { authorizationError } = secure as unknown as { authorizationError?: Error | string | null }
  return {
    protocol: secure.getProtocol() ?? '',
    cipher: secure.getCipher().name,
    subject: nameOf(certificate.subject) || host,
    issuer: nameOf(certificate.issuer),
    validTo: certificate.valid_to,
    isTrusted: secure.authorized,
    ...(authorizationError
      ? { reason: String((authorizationError as Error).message || authorizationError) }
      : {}),
  }
}

const nameOf = (name: PeerCertificate['subject'] | undefined): string =>
  String(name?.CN ?? name?.O ?? '').slice(0, 200)
