import { serverKey, type ServerAddress } from '../servers.ts'
import { Deadlines, type Deadline } from './deadlines.ts'
import { closedError, Pending, refusal } from './pending.ts'
import type { DnsTransport, Exchange, TransportPorts } from './transport.ts'

/** What a connection has of the transport that it belongs to. */
export interface Place {
  readonly server: ServerAddress
  readonly ports: TransportPorts
  readonly deadlines: Deadlines
  /** How long it stays open with nothing under way, milliseconds. */
  readonly idleMs: number
  /** It takes no more questions. */
  readonly onLeave: (connection: Connection) => void
  readonly onClose: (connection: Connection) => void
}

/** Open at the same time, those included that only wait for their last answers; past it, none is opened because another is full. */
const MAX_CONNECTIONS = 512
/** A connection never has so many under way that a free random id is hard to find. */
const MAX_PENDING = 4096

/**
 * The questions under way on one connection to a server, and its life: it is closed when it fails, and when nothing was
 * asked for a while. Kinds of it know how to write a question and how answers come.
 */
export abstract class Connection implements Deadline {
  protected readonly place: Place
  protected readonly pending = new Map<number, Pending>()
  /** When it has been idle for too long. */
  at = Infinity
  #isClosed = false
  #hasLeft = false

  constructor(place: Place) {
    this.place = place
  }

  /** Whether it should get another question. */
  get isUsable(): boolean {
    return !this.#hasLeft && this.pending.size < MAX_PENDING && this.hasRoom()
  }

  ask(exchange: Exchange<unknown>): Promise<unknown> {
    const { deadlines } = this.place
    if (this.at !== Infinity) this.#wake()
    return new Promise((resolve, reject) => {
      const question = { exchange, id: this.#freeId(), at: deadlines.now() + exchange.timeoutMs }
      const pending = new Pending(this, question, { resolve, reject })
      this.pending.set(pending.id, pending)
      deadlines.add(pending)
      this.send(pending)
    })
  }

  /** Called by a question that is settled. */
  settled(pending: Pending): void {
    this.pending.delete(pending.id)
    this.place.deadlines.delete(pending)
    this.forget(pending)
    if (this.pending.size === 0) this.#rest()
  }

  /** Ends it and all that is under way. */
  fail(error: unknown): void {
    this.#close()
    for (const pending of [...this.pending.values()]) pending.fail(error)
  }

  /** It has been idle for too long. */
  expire(): void {
    this.#close()
  }

  /** No more questions go this way; those under way may be answered. */
  protected leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.place.onLeave(this)
    if (this.pending.size === 0) this.#rest()
  }

  /** Whether it takes another question. */
  protected abstract hasRoom(): boolean
  /** Whether an id is still in use for a question that was given up. */
  protected abstract isTaken(id: number): boolean
  /** Writes a question. */
  protected abstract send(pending: Pending): void
  /** A question is settled. */
  protected abstract forget(pending: Pending): void
  /** Nothing is under way any more (`true`), or something is again. */
  protected abstract rest(isAtRest: boolean): void
  /** Closes the socket. */
  protected abstract end(): void

  #rest(): void {
    if (this.#isClosed) return
    const { idleMs, deadlines } = this.place
    if (idleMs === 0 || this.#hasLeft) {
      this.#close()
      return
    }
    this.rest(true)
    this.at = deadlines.now() + idleMs
    deadlines.add(this)
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.leave()
    this.place.deadlines.delete(this)
    this.place.onClose(this)
    this.end()
  }

  #wake(): void {
    this.at = Infinity
    this.place.deadlines.delete(this)
    this.rest(false)
  }

  #freeId(): number {
    for (;;) {
      const octets = this.place.ports.random.bytes(2)
      const id = ((octets[0] ?? 0) << 8) | (octets[1] ?? 0)
      if (!this.pending.has(id) && !this.isTaken(id)) return id
    }
  }
}

/** A transport that keeps a connection to each server, and opens the next one when that has no room. */
export function createConnections(
  ports: TransportPorts,
  idleMs: number,
  open: (place: Place) => Connection,
): DnsTransport {
  const deadlines = new Deadlines(ports.clock)
  const current = new Map<string, Connection>()
  const all = new Set<Connection>()
  let isClosed = false

  function connectionTo(server: ServerAddress): Connection {
    const key = serverKey(server)
    const known = current.get(key)
    if (known && (known.isUsable || all.size >= MAX_CONNECTIONS)) return known
    const onLeave = (left: Connection): void => {
      if (current.get(key) === left) current.delete(key)
    }
    const onClose = (closed: Connection): void => void all.delete(closed)
    const made = open({ server, ports, deadlines, idleMs, onLeave, onClose })
    all.add(made)
    current.set(key, made)
    return made
  }

  return {
    exchange: <T>(exchange: Exchange<T>) => {
      const error = refusal(isClosed, exchange.signal)
      return error ? Promise.reject(error) : (connectionTo(exchange.server).ask(exchange) as Promise<T>)
    },
    close: () => {
      isClosed = true
      for (const connection of [...all]) connection.fail(closedError())
      deadlines.close()
    },
  }
}
