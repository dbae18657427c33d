import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { isIpAddress } from '../addresses.ts'
import { dnsFault } from '../faults.ts'
import { serverKey, serverText, type ServerAddress } from '../servers.ts'
import { Deadlines } from './deadlines.ts'
import { closedError, Pending, refuseIf, unreachable } from './pending.ts'
import type { DnsTransport, Exchange, TransportPorts } from './transport.ts'
import { withId } from './udp.ts'

const PATH = '/dns-query'
const TYPE = 'application/dns-message'
const IDLE_MS = 5000
/** The longest DNS message. */
const MAX_OCTETS = 65_535

/** DNS over HTTPS (RFC 8484) over HTTP/2: one connection a server. The certificate must fit, as over TLS. */
export function createHttpsTransport(ports: TransportPorts): DnsTransport {
  const deadlines = new Deadlines(ports.clock)
  const connections = new Map<string, Connection>()
  let closed = false

  function connectionTo(server: ServerAddress): Connection {
    const key = serverKey(server)
    const usable = connections.get(key)
    if (usable) return usable
    const made: Connection = new Connection(server, ports, deadlines, () => {
      if (connections.get(key) === made) connections.delete(key)
    })
    connections.set(key, made)
    return made
  }

  return {
    async exchange(exchange) {
      refuseIf(closed, exchange.signal)
      return await connectionTo(exchange.server).ask(exchange)
    },
    close: () => {
      closed = true
      for (const connection of [...connections.values()]) connection.fail(closedError())
    },
  }
}

class Connection {
  readonly #server: ServerAddress
  readonly #ports: TransportPorts
  readonly #deadlines: Deadlines
  readonly #onClose: () => void
  readonly #session: ClientHttp2Session
  readonly #pending = new Set<Pending>()
  #cancelIdle: (() => void) | undefined
  #closed = false

  constructor(server: ServerAddress, ports: TransportPorts, deadlines: Deadlines, onClose: () => void) {
    this.#server = server
    this.#ports = ports
    this.#deadlines = deadlines
    this.#onClose = onClose
    this.#session = openSession(server, ports)
    this.#session.on('error', (error) => this.fail(unreachable(server, error)))
    this.#session.on('goaway', () => this.#leave())
    this.#session.on('close', () => this.fail(unreachable(server, new Error('the connection was closed'))))
  }

  ask<T>(exchange: Exchange<T>): Promise<T> {
    this.#cancelIdle?.()
    return new Promise<unknown>((resolve, reject) => {
      const [high = 0, low = 0] = this.#ports.random.bytes(2)
      const stream = this.#session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: PATH,
        [constants.HTTP2_HEADER_CONTENT_TYPE]: TYPE,
        [constants.HTTP2_HEADER_ACCEPT]: TYPE,
      })
      const pending: Pending = new Pending(exchange, this.#deadlines, { resolve, reject }, () => {
        this.#pending.delete(pending)
        stream.close(constants.NGHTTP2_CANCEL)
        if (this.#pending.size === 0) this.#rest()
      })
      this.#pending.add(pending)
      this.#collect(stream, pending)
      stream.end(withId(exchange.query, (high << 8) | low))
    }) as Promise<T>
  }

  #collect(stream: ReturnType<ClientHttp2Session['request']>, pending: Pending): void {
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
    stream.on('error', (error) => pending.fail(unreachable(this.#server, error)))
    stream.on('end', () => {
      if (status !== 200) pending.fail(this.#wrong(`HTTP status ${status}`))
      else if (!pending.receive(Buffer.concat(chunks))) {
        pending.fail(this.#wrong('the answer to another question than was asked'))
      }
    })
  }

  #wrong(what: string): Error {
    return dnsFault('DNS_MALFORMED', `${serverText(this.#server)} gave ${what} over HTTPS`)
  }

  fail(error: unknown): void {
    if (this.#closed) return
    this.#leave()
    this.#closed = true
    this.#cancelIdle?.()
    for (const pending of [...this.#pending]) pending.fail(error)
    this.#session.destroy()
  }

  /** No more questions go this way. */
  #leave(): void {
    this.#onClose()
  }

  #rest(): void {
    if (this.#closed) return
    this.#cancelIdle = this.#ports.clock.after(IDLE_MS, () => this.fail(closedError()))
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
