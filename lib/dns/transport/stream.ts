import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { isIpAddress } from '../addresses.ts'
import { dnsFault } from '../faults.ts'
import { serverKey, serverText, type ServerAddress } from '../servers.ts'
import { Connection, createConnections, type Place } from './connections.ts'
import { unreachable, type Pending } from './pending.ts'
import type { DnsTransport, Exchange, TransportPorts } from './transport.ts'

/** Opens a socket to a server, which may be written to at once. */
type Open = (server: ServerAddress) => Socket

/** Idle connections are closed after so long (RFC 7766, section 6.2.3). */
const IDLE_MS = 5000
/** A connection on which so many questions were given up gets no more. */
const MAX_LATE = 1024

/** DNS over TCP (RFC 7766): one connection a server, on which questions overtake each other. */
export const createTcpTransport = (ports: TransportPorts): DnsTransport =>
  createStreamTransport(ports, ({ address, port }) => connectTcp({ host: address, port, noDelay: true }))

/**
 * DNS over TLS (RFC 7858), strict: the certificate must fit the server's name, or its address where it has none. A
 * connection that is opened again resumes its session.
 */
export function createTlsTransport(ports: TransportPorts): DnsTransport {
  const sessions = new Map<string, Buffer>()
  return createStreamTransport(ports, (server) => {
    const { address, port, name = address } = server
    const key = serverKey(server)
    const session = sessions.get(key)
    const socket = connectTls({
      host: address,
      port,
      // No server name is sent for an address (RFC 6066), but the certificate is checked against it.
      ...(isIpAddress(name) ? {} : { servername: name }),
      ALPNProtocols: ['dot'],
      minVersion: 'TLSv1.2',
      ...(session ? { session } : {}),
      ...(ports.ca === undefined ? {} : { ca: ports.ca }),
    })
    socket.setNoDelay(true)
    socket.on('session', (fresh) => void sessions.set(key, fresh))
    return socket
  })
}

function createStreamTransport(ports: TransportPorts, open: Open): DnsTransport {
  const connections = createConnections(ports, IDLE_MS, (place) => new StreamConnection(place, open))
  return {
    ...connections,
    async exchange<T>(given: Exchange<T>): Promise<T> {
      try {
        return await connections.exchange(given)
      } catch (error) {
        // A server may close a connection between two questions (RFC 7766, section 6.2.4).
        if (!(error instanceof Error) || error.cause !== HUNG_UP) throw error
        return await connections.exchange(given)
      }
    },
  }
}

/** On a connection that has worked before. */
const HUNG_UP = new Error('the connection was closed')

class StreamConnection extends Connection {
  readonly #socket: Socket
  /** Ids whose questions were given up; their answers may still come. */
  readonly #late = new Set<number>()
  #isUsed = false

  constructor(place: Place, open: Open) {
    super(place)
    this.#socket = open(place.server)
    this.#socket.on('error', (error) => this.fail(unreachable(place.server, error)))
    this.#socket.on('close', () =>
      this.fail(unreachable(place.server, this.#isUsed ? HUNG_UP : new Error(HUNG_UP.message))),
    )
    receiveFrames(this.#socket, (message) => this.#receive(message))
  }

  protected hasRoom(): boolean {
    return this.#late.size < MAX_LATE
  }

  protected isTaken(id: number): boolean {
    return this.#late.has(id)
  }

  protected send({ id, exchange: { query } }: Pending): void {
    const framed = Buffer.allocUnsafe(2 + query.length)
    framed.writeUInt16BE(query.length, 0)
    framed.set(query, 2)
    framed.writeUInt16BE(id, 2)
    this.#socket.write(framed)
  }

  protected forget({ id }: Pending): void {
    this.#late.add(id)
  }

  /** A connection at rest does not keep the process alive. */
  protected rest(isAtRest: boolean): void {
    if (isAtRest) this.#socket.unref()
    else this.#socket.ref()
  }

  protected end(): void {
    this.#socket.destroy()
  }

  #receive(message: Buffer): void {
    const id = message.length >= 2 ? message.readUInt16BE(0) : -1
    const pending = this.pending.get(id)
    if (!pending && this.#late.delete(id)) return
    this.#isUsed = true
    if (pending?.receive(message)) {
      this.#late.delete(id)
      return
    }
    // Nobody else can write into this connection, so a wrong message is the server's fault.
    this.fail(
      dnsFault('DNS_MALFORMED', `${serverText(this.place.server)} answered another question than was asked`),
    )
  }
}

/** Cuts the stream into messages: two octets of length, then the message (RFC 1035, section 4.2.2). */
function receiveFrames(socket: Socket, onMessage: (message: Buffer) => void): void {
  let parts: Buffer[] = []
  let length = 0
  socket.on('data', (chunk: Buffer) => {
    parts.push(chunk)
    length += chunk.length
    if (length < 2) return
    let whole = parts.length === 1 ? chunk : Buffer.concat(parts)
    while (whole.length >= 2 && whole.length >= 2 + whole.readUInt16BE(0)) {
      const end = 2 + whole.readUInt16BE(0)
      onMessage(whole.subarray(2, end))
      whole = whole.subarray(end)
    }
    parts = whole.length > 0 ? [whole] : []
    length = whole.length
  })
}
