import { createSocket, type Socket } from 'node:dgram'
import { Connection, createConnections, type Place } from './connections.ts'
import { Cookies, takesCookie, type ServerCookies } from './cookies.ts'
import { unreachable, type Pending } from './pending.ts'
import type { DnsTransport, TransportPorts } from './transport.ts'

/** A socket takes so many questions at most, then the next one gets a socket with a new random port. */
const QUESTIONS_PER_SOCKET = 64

/**
 * DNS over UDP. Every question has a random id and goes out from a random port (RFC 5452): a socket serves only questions
 * that overlap, 64 at most, and is closed with the last of them. Sockets are connected, so that the kernel drops whatever
 * comes from another address or port and reports an unreachable server at once. Queries with EDNS carry a DNS cookie
 * (RFC 7873): who does not see them cannot forge an answer of a server that does cookies.
 */
export function createUdpTransport(ports: TransportPorts): DnsTransport {
  const cookies = new Cookies(ports)
  return createConnections(ports, 0, (place) => new UdpConnection(place, cookies))
}

class UdpConnection extends Connection {
  readonly #socket: Socket
  readonly #jar: Cookies
  #cookies: ServerCookies | undefined
  #unsent: Pending[] = []
  #isDue = false
  #asked = 0

  constructor(place: Place, jar: Cookies) {
    super(place)
    const { address, port, family } = place.server
    this.#jar = jar
    this.#socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    this.#socket.on('error', (error) => this.fail(unreachable(place.server, error)))
    this.#socket.on('message', (message) => this.#receive(message))
    this.#socket.connect(port, address, () => this.#connected())
  }

  protected hasRoom(): boolean {
    return this.#asked < QUESTIONS_PER_SOCKET
  }

  /** Late answers find no question, and are ignored. */
  protected isTaken(): boolean {
    return false
  }

  protected send(pending: Pending): void {
    this.#asked += 1
    this.#unsent.push(pending)
    if (this.#isDue || !this.#cookies) return
    // Answers come in bursts, and each makes room for the next question: sent together they wake the server once.
    this.#isDue = true
    this.place.ports.soon(this.#flush)
  }

  // Silence may be that of a firewall which dislikes the cookie.
  protected forget(pending: Pending): void {
    if (pending.isLate && pending.hasCookie) this.#cookies?.leaveOut()
  }

  protected rest(): void {
    // It is never at rest: without an idle time it is closed.
  }

  protected end(): void {
    this.#socket.close()
  }

  #connected(): void {
    if (!this.#unsent.some(isOpen)) return // nobody waits any more
    this.#cookies = this.#jar.of(this.place.server, this.#socket.address().address)
    this.#flush()
  }

  readonly #flush = (): void => {
    this.#isDue = false
    const due = this.#unsent.filter(isOpen)
    this.#unsent = []
    for (const [at, pending] of due.entries()) {
      if (this.#cookies) this.#write(pending, this.#cookies, at === due.length - 1)
    }
  }

  // A copy: the same query may be under way to several servers. What fails for one of a burst fails for the last too, or is
  // as good as a packet that was lost, so only the last is waited for.
  #write(pending: Pending, cookies: ServerCookies, isLast: boolean): void {
    const { query } = pending.exchange
    const option = takesCookie(query) ? cookies.option() : undefined
    const message = Buffer.allocUnsafe(query.length + (option?.length ?? 0))
    message.set(query)
    message.writeUInt16BE(pending.id, 0)
    if (option) {
      pending.hasCookie = true
      message.set(option, query.length)
      message.writeUInt16BE(option.length, query.length - 2)
    }
    this.#socket.send(message, isLast ? this.#sent : undefined)
  }

  // A send that fails reports it here and nowhere else.
  readonly #sent = (error: Error | null): void => {
    if (error) this.fail(unreachable(this.place.server, error))
  }

  #receive(message: Buffer): void {
    const pending = message.length >= 2 ? this.pending.get(message.readUInt16BE(0)) : undefined
    const cookies = this.#cookies
    if (!pending || !cookies) return
    if (!pending.hasCookie) {
      pending.receive(message)
      return
    }
    const state = cookies.check(message)
    if (state !== 'wrong' && pending.receive(message, state)) cookies.learn(state, message)
  }
}

const isOpen = (pending: Pending): boolean => pending.isOpen
