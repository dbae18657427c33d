import type { ErrorCode } from '../errors.ts'
import type { Clock } from '../ports.ts'
import type { Answer } from './answer.ts'
import type { Due } from './deadlines.ts'
import { announcedBytes } from './read-body.ts'
import type { IncomingRequest, OutgoingResponse } from './http.ts'

/** How long a caller may go on sending what nobody reads, so that it gets to read the answer. */
const LINGER_MS = 1000
/** An unread rest of this size is read and dropped without closing the connection. */
const SMALL_BYTES = 65_536

/** How a request ended. */
export interface VisitReport {
  readonly correlationId: string
  /** As sent; 499 where the caller went away before. */
  readonly status: number
  /** Undefined where it was answered with a success. */
  readonly code?: ErrorCode | undefined
  readonly latencyMs: number
  readonly isReplayed: boolean
  readonly isSimulated: boolean
}

interface VisitFacts {
  readonly request: IncomingRequest
  readonly response: OutgoingResponse
  readonly correlationId: string
  readonly isSimulated: boolean
  /** Monotonic milliseconds. */
  readonly startedAt: number
  readonly dueAt: number
  readonly onDue: (visit: Visit) => void
}

/** One HTTP request from its first byte to the answer. */
export class Visit implements Due {
  readonly request: IncomingRequest
  readonly response: OutgoingResponse
  readonly correlationId: string
  readonly isSimulated: boolean
  readonly startedAt: number
  readonly dueAt: number
  readonly #onDue: (visit: Visit) => void
  /** Answered, or gone. */
  isOver = false
  /** It gets the answer of another request. */
  isReplayed = false

  constructor(facts: VisitFacts) {
    this.request = facts.request
    this.response = facts.response
    this.correlationId = facts.correlationId
    this.isSimulated = facts.isSimulated
    this.startedAt = facts.startedAt
    this.dueAt = facts.dueAt
    this.#onDue = facts.onDue
  }

  expire(): void {
    this.#onDue(this)
  }

  /** Writes the answer, unless somebody else has written already. */
  send({ sentStatus, body, headers }: Answer, clock: Pick<Clock, 'after'>): void {
    const { request, response, correlationId } = this
    if (response.headersSent) {
      if (!response.writableEnded) response.destroy()
      return
    }
    const basic = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      correlationid: correlationId,
    }
    const more = this.isReplayed ? { ...headers, 'idempotent-replayed': 'true' } : headers
    if (request.complete || this.#hasSmallRest()) {
      response.writeHead(sentStatus, more ? { ...basic, ...more } : basic)
      response.end(body)
    } else {
      response.writeHead(sentStatus, { ...basic, ...more, connection: 'close' })
      response.write(body)
      this.#linger(clock)
    }
  }

  #hasSmallRest(): boolean {
    const bytes = announcedBytes(this.request)
    return !this.request.readableDidRead && bytes !== undefined && bytes <= SMALL_BYTES
  }

  // To close while the caller still sends would reset the connection, and with it the answer.
  #linger(clock: Pick<Clock, 'after'>): void {
    const { request, response } = this
    const end = (): void => {
      cancel()
      response.end()
    }
    const cancel = clock.after(LINGER_MS, end)
    request.on('end', end)
    request.on('close', end)
    request.resume()
  }
}
