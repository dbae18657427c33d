import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { isIpAddress } from '../addresses.ts'
import { dnsFault } from '../faults.ts'
import { serverText, type ServerAddress } from '../servers.ts'
import { Connection, createConnections, type Place } from './connections.ts'
import { unreachable, type Pending } from './pending.ts'
import type { DnsTransport, TransportPorts } from './transport.ts'

const PATH = '/dns-query'
const TYPE = 'application/dns-message'
const IDLE_MS = 5000
/** The longest DNS message. */
const MAX_OCTETS = 65_535

/** DNS over HTTPS (RFC 8484) over HTTP/2: one connection a server. The certificate must fit, as over TLS. */
export const createHttpsTransport = (ports: TransportPorts): DnsTransport =>
  createConnections(ports, IDLE_MS, (place) => new HttpsConnection(place))

class HttpsConnection extends Connection {
  readonly #session: ClientHttp2Session
  readonly #streams = new Map<Pending, ClientHttp2Stream>()

  constructor(place: Place) {
    super(place)
    const { server, ports } = place
    this.#session = openSession(server, ports)
    this.#session.on('error', (error) => this.fail(unreachable(server, error)))
    this.#session.on('goaway', () => this.leave())
    this.#session.on('close', () => this.fail(unreachable(server, new Error('the connection was closed'))))
  }

  protected hasRoom(): boolean {
    return true
  }

  protected isTaken(): boolean {
    return false
  }

  protected send(pending: Pending): void {
    const stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: PATH,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: TYPE,
      [constants.HTTP2_HEADER_ACCEPT]: TYPE,
    })
    this.#streams.set(pending, stream)
    this.#collect(stream, pending)
    // The stream tells answers apart, so the id stays 0 (RFC 8484, section 4.1).
    stream.end(pending.exchange.query)
  }

  protected forget(pending: Pending): void {
    this.#streams.get(pending)?.close(constants.NGHTTP2_CANCEL)
    this.#streams.delete(pending)
  }

  /** A connection at rest does not keep the process alive. */
  protected rest(isAtRest: boolean): void {
    if (isAtRest) this.#session.unref()
    else this.#session.ref()
  }

  protected end(): void {
    this.#session.destroy()
  }

  #collect(stream: ClientHttp2Stream, pending: Pending): void {
    const chunks: Buffer[] = []
    let octets = 0
    let status = 0
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0
    })
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      octets += chunk.length
      if (octets > MAX_OCTETS) pending.fail(this.#wrong('an answer that is too long'))
    })
    stream.on('error', (error) => pending.fail(unreachable(this.place.server, error)))
    stream.on('end', () => {
      if (status !== 200) pending.fail(this.#wrong(`HTTP status ${status}`))
      else if (!pending.receive(Buffer.concat(chunks))) {
        pending.fail(this.#wrong('the answer to another question than was asked'))
      }
    })
  }

  #wrong(what: string): Error {
    return dnsFault('DNS_MALFORMED', `${serverText(this.place.server)} gave ${what} over HTTPS`)
  }
}

function openSession(
  { address, port, name = address }: ServerAddress,
  ports: TransportPorts,
): ClientHttp2Session {
  const authority = name.includes(':') ? `[${name}]` : name
  return connect(`https://${authority}:${port}`, {
    createConnection: () =>
      connectTls({
        host: address,
        port,
        ...(isIpAddress(name) ? {} : { servername: name }),
        ALPNProtocols: ['h2'],
        minVersion: 'TLSv1.2',
        ...(ports.ca === undefined ? {} : { ca: ports.ca }),
      }),
  })
}
