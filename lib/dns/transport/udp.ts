import { createSocket, type Socket } from 'node:dgram'
import { serverText, type ServerAddress } from '../servers.ts'
import { Deadlines } from './deadlines.ts'
import { closedError, Pending, refuseIf, unreachable } from './pending.ts'
import type { DnsTransport, Exchange, TransportPorts } from './transport.ts'

/** A socket takes so many questions at most, then the next one gets a socket with a new random port. */
const QUESTIONS_PER_SOCKET = 64
const ID_VALUES = 0x1_0000

/**
 * DNS over UDP. Every question has a random id and goes out from a random port (RFC 5452): a socket serves only questions
 * that overlap, 64 at most, and is closed with the last of them. Sockets are connected, so that the kernel drops whatever
 * comes from another address or port and reports an unreachable server at once.
 */
export function createUdpTransport(ports: TransportPorts): DnsTransport {
  const deadlines = new Deadlines(ports.clock)
  const open = new Set<Channel>()
  const current = new Map<string, Channel>()
  let closed = false

  function channelTo(server: ServerAddress): Channel {
    const key = serverText(server)
    const usable = current.get(key)
    if (usable?.usable) return usable
    const made: Channel = new Channel(server, ports, deadlines, () => {
      open.delete(made)
      if (current.get(key) === made) current.delete(key)
    })
    open.add(made)
    current.set(key, made)
    return made
  }

  return {
    async exchange(exchange) {
      refuseIf(closed, exchange.signal)
      return await channelTo(exchange.server).ask(exchange)
    },
    close: () => {
      closed = true
      for (const channel of [...open]) channel.fail(closedError())
    },
  }
}

class Channel {
  readonly #server: ServerAddress
  readonly #ports: TransportPorts
  readonly #deadlines: Deadlines
  readonly #onClose: () => void
  readonly #socket: Socket
  readonly #pending = new Map<number, Pending>()
  #unsent: Buffer[] | undefined = []
  #asked = 0
  #closed = false

  constructor(server: ServerAddress, ports: TransportPorts, deadlines: Deadlines, onClose: () => void) {
    this.#server = server
    this.#ports = ports
    this.#deadlines = deadlines
    this.#onClose = onClose
    this.#socket = createSocket(server.family === 6 ? 'udp6' : 'udp4')
    this.#socket.on('error', (error) => this.fail(unreachable(server, error)))
    this.#socket.on('message', (message) => this.#receive(message))
    this.#socket.connect(server.port, server.address, () => this.#connected())
  }

  get usable(): boolean {
    return !this.#closed && this.#asked < QUESTIONS_PER_SOCKET
  }

  ask<T>(exchange: Exchange<T>): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      this.#asked += 1
      const id = this.#freeId()
      const release = (): void => {
        this.#pending.delete(id)
        if (this.#pending.size === 0) this.#close()
      }
      const pending = new Pending(exchange, this.#deadlines, { resolve, reject }, release)
      this.#pending.set(id, pending)
      this.#send(withId(exchange.query, id))
    }) as Promise<T>
  }

  fail(error: unknown): void {
    for (const pending of [...this.#pending.values()]) pending.fail(error)
    this.#close()
  }

  #send(message: Buffer): void {
    if (this.#unsent) this.#unsent.push(message)
    else this.#socket.send(message, this.#sent)
  }

  // A send that fails reports it here and nowhere else.
  readonly #sent = (error: Error | null): void => {
    if (error) this.fail(unreachable(this.#server, error))
  }

  #connected(): void {
    const waiting = this.#unsent ?? []
    this.#unsent = undefined
    if (!this.#closed) for (const message of waiting) this.#socket.send(message, this.#sent)
  }

  #receive(message: Buffer): void {
    if (message.length >= 2) this.#pending.get(message.readUInt16BE(0))?.receive(message)
  }

  #freeId(): number {
    for (;;) {
      const [high = 0, low = 0] = this.#ports.random.bytes(2)
      const id = ((high << 8) | low) % ID_VALUES
      if (!this.#pending.has(id)) return id
    }
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
    this.#onClose()
  }
}

/** A copy of the query with its id: the same query may be under way to several servers. */
export function withId(query: Buffer, id: number): Buffer {
  const message = Buffer.from(query)
  message.writeUInt16BE(id, 0)
  return message
}
