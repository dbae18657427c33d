import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { isIpAddress } from '../addresses.ts'
import { dnsFault } from '../faults.ts'
import { serverKey, serverText, type ServerAddress } from '../servers.ts'
import { Deadlines } from './deadlines.ts'
import { closedError, Pending, refuseIf, unreachable } from './pending.ts'
import type { DnsTransport, Exchange, TransportPorts } from './transport.ts'
import { withId } from './udp.ts'

/** Opens a connection to a server; `onOpen` is called when it may be written to. */
type Open = (server: ServerAddress) => Socket

/** Idle connections are closed after so long (RFC 7766, section 6.2.3). */
const IDLE_MS = 5000

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
  const deadlines = new Deadlines(ports.clock)
  const channels = new Map<string, Channel>()
  let closed = false

  function channelTo(server: ServerAddress): Channel {
    const key = serverKey(server)
    const usable = channels.get(key)
    if (usable) return usable
    const made: Channel = new Channel({ server, ports, deadlines, socket: open(server) }, () => {
      if (channels.get(key) === made) channels.delete(key)
    })
    channels.set(key, made)
    return made
  }

  async function exchange<T>(given: Exchange<T>): Promise<T> {
    refuseIf(closed, given.signal)
    const channel = channelTo(given.server)
    const { isUsed } = channel
    try {
      return await channel.ask(given)
    } catch (error) {
      // A server may close an idle connection just when it is used again.
      if (!isUsed || !(error instanceof Error) || error.cause !== HUNG_UP || closed) throw error
      return await channelTo(given.server).ask(given)
    }
  }

  return {
    exchange,
    close: () => {
      closed = true
      for (const channel of [...channels.values()]) channel.fail(closedError())
    },
  }
}

const HUNG_UP = new Error('the connection was closed')

/** One connection with the questions that are under way on it. */
class Channel {
  readonly #server: ServerAddress
  readonly #ports: TransportPorts
  readonly #deadlines: Deadlines
  readonly #socket: Socket
  readonly #onClose: () => void
  readonly #pending = new Map<number, Pending>()
  /** Ids whose questions were given up; their answers may still come. */
  readonly #late = new Set<number>()
  #cancelIdle: (() => void) | undefined
  #closed = false
  /** Whether an answer came over it. */
  isUsed = false

  constructor(
    given: { server: ServerAddress; ports: TransportPorts; deadlines: Deadlines; socket: Socket },
    onClose: () => void,
  ) {
    this.#server = given.server
    this.#ports = given.ports
    this.#deadlines = given.deadlines
    this.#socket = given.socket
    this.#onClose = onClose
    this.#socket.on('error', (error) => this.fail(unreachable(this.#server, error)))
    this.#socket.on('close', () => this.fail(unreachable(this.#server, HUNG_UP)))
    receiveFrames(this.#socket, (message) => this.#receive(message))
  }

  ask<T>(exchange: Exchange<T>): Promise<T> {
    this.#cancelIdle?.()
    this.#socket.ref()
    return new Promise<unknown>((resolve, reject) => {
      const id = this.#freeId()
      const pending = new Pending(exchange, this.#deadlines, { resolve, reject }, () => {
        this.#pending.delete(id)
        this.#late.add(id)
        if (this.#pending.size === 0) this.#rest()
      })
      this.#pending.set(id, pending)
      const { query } = exchange
      const framed = Buffer.allocUnsafe(2 + query.length)
      framed.writeUInt16BE(query.length, 0)
      withId(query, id).copy(framed, 2)
      this.#socket.write(framed)
    }) as Promise<T>
  }

  fail(error: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelIdle?.()
    this.#onClose()
    this.#socket.destroy()
    for (const pending of [...this.#pending.values()]) pending.fail(error)
  }

  #rest(): void {
    if (this.#closed) return
    // A connection at rest does not keep the process alive.
    this.#socket.unref()
    this.#cancelIdle = this.#ports.clock.after(IDLE_MS, () => this.fail(closedError()))
  }

  #receive(message: Buffer): void {
    const id = message.length >= 2 ? message.readUInt16BE(0) : -1
    const pending = this.#pending.get(id)
    if (!pending && this.#late.delete(id)) return
    this.isUsed = true
    if (pending?.receive(message)) {
      this.#late.delete(id)
      return
    }
    // Nobody else can write into this connection, so a wrong message is the server's fault.
    this.fail(
      dnsFault('DNS_MALFORMED', `${serverText(this.#server)} answered another question than was asked`),
    )
  }

  #freeId(): number {
    for (;;) {
      const [high = 0, low = 0] = this.#ports.random.bytes(2)
      const id = (high << 8) | low
      if (!this.#pending.has(id) && !this.#late.has(id)) return id
    }
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
