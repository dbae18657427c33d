import { abortedError, isPaletteError, PaletteError, type ErrorCode } from '../errors.ts'
import { correlationOf } from '../correlation/correlation.ts'
import type { Clock } from '../ports.ts'
import type { SchemaValidator } from '../schema/validator.ts'
import { failureAnswer, statusOf, type Answer } from './answer.ts'
import { createAuthenticator, type Authenticator, type AuthSettings } from './authenticate.ts'
import { callerOf } from './caller.ts'
import { Deadlines } from './deadlines.ts'
import { Exchange, type Exchanges } from './exchange.ts'
import type { IncomingRequest, OutgoingResponse } from './http.ts'
import { RateWindow } from './rate-window.ts'
import { BodyBudget } from './read-body.ts'
import { receiveBody } from './receive-body.ts'
import { Repeats, type Known, type RepeatKey } from './repeats.ts'
import type { Variables } from './variables.ts'
import { Visit, type VisitReport } from './visit.ts'

/** How an endpoint works. */
export interface EndpointSettings extends AuthSettings {
  readonly maxBodyBytes: number
  readonly deadlineMs: number
  readonly maxInFlight: number
  readonly idempotency: 'none' | 'auto'
  readonly idempotencyTtlS: number
  /** 0 = no limit. */
  readonly rateLimitPerMinute: number
}

/** A request as the flow gets it. */
export interface EndpointCall {
  readonly exchange: Exchange
  readonly variables: Variables
  /** The text of the body. */
  readonly raw: string
  readonly request: IncomingRequest
  readonly response: OutgoingResponse
}

/** What an endpoint needs. */
export interface EndpointPorts {
  readonly clock: Clock
  readonly newId: () => string
  readonly exchanges: Exchanges
  /** The compiled contract of the variables. */
  readonly contract?: SchemaValidator | undefined
  /** Hands a request to the flow. */
  readonly send: (call: EndpointCall) => void
  /**
   * Called once a request, when its answer is known. The answer is sent once the promise is resolved, with the answer that it
   * gives instead, if any. Must not reject.
   */
  readonly record: (report: VisitReport) => Promise<Answer | undefined> | undefined
}

/** One message in the flow, with the requests that wait for its answer. */
interface Work {
  readonly exchange: Exchange
  /** The one whose deadline counts. */
  readonly first: Visit
  readonly key: RepeatKey | undefined
  readonly visits: Set<Visit>
}

/** An HTTP endpoint: receives, checks and hands on requests, and answers each of them exactly once. */
export class Endpoint {
  readonly #settings: EndpointSettings
  readonly #ports: EndpointPorts
  readonly #authenticator: Authenticator
  readonly #rate: RateWindow | undefined
  readonly #repeats: Repeats<Work> | undefined
  readonly #budget: BodyBudget
  readonly #deadlines: Deadlines
  readonly #visits = new Set<Visit>()
  /** By the visit that waits for it. */
  readonly #works = new Map<Visit, Work>()
  #inFlight = 0

  /** @throws `CONFIG_INVALID` for an authentication without its credential. */
  constructor(settings: EndpointSettings, ports: EndpointPorts) {
    const { clock } = ports
    this.#settings = settings
    this.#ports = ports
    this.#authenticator = createAuthenticator(settings)
    const { rateLimitPerMinute, idempotency, idempotencyTtlS, maxInFlight, maxBodyBytes } = settings
    this.#rate = rateLimitPerMinute > 0 ? new RateWindow(rateLimitPerMinute, clock) : undefined
    this.#repeats = idempotency === 'auto' ? new Repeats(idempotencyTtlS, clock) : undefined
    this.#budget = new BodyBudget(maxInFlight * maxBodyBytes)
    this.#deadlines = new Deadlines(clock)
  }

  /** Serves one request. */
  serve(request: IncomingRequest, response: OutgoingResponse, isSimulated: boolean): void {
    const startedAt = this.#ports.clock.monotonic()
    const visit = new Visit({
      request,
      response,
      correlationId: correlationOf(request.headers) ?? this.#ports.newId(),
      isSimulated,
      startedAt,
      dueAt: startedAt + this.#settings.deadlineMs,
      onDue: this.#expire,
    })
    this.#visits.add(visit)
    this.#deadlines.add(visit)
    response.on('close', () => this.#leave(visit))
    this.#receive(visit).catch((error: unknown) => this.#refuse(visit, error))
  }

  /** Answers what is in work with 503. */
  close(): void {
    const reason = abortedError('The request')
    for (const { exchange } of new Set(this.#works.values())) exchange.abort(reason)
    for (const visit of this.#visits) this.#refuse(visit, reason)
    this.#deadlines.close()
  }

  async #receive(visit: Visit): Promise<void> {
    const { request } = visit
    if (request.method !== 'POST')
      throw new PaletteError('ENDPOINT_METHOD', 'Expected a POST request, got another method')
    if (!this.#authenticator.allowsHeaders(request)) throw this.#unauthorized()
    const waitMs = this.#rate?.tryTake() ?? 0
    if (waitMs > 0) throw this.#rateLimited(waitMs)
    const { text, variables } = await receiveBody(request, {
      maxBytes: this.#settings.maxBodyBytes,
      budget: this.#budget,
      needsRawBody: this.#authenticator.needsRawBody,
      check: (bytes) => {
        if (!this.#authenticator.allowsBody(request, bytes)) throw this.#unauthorized()
      },
    })
    if (!visit.isOver) this.#enter(visit, text, this.#byContract(variables))
  }

  #enter(visit: Visit, text: string, variables: Variables): void {
    const { request } = visit
    const key = this.#repeats?.keyOf(request, callerOf(request, this.#settings.authMode), text)
    const known = key && this.#repeats?.find(key)
    if (known) {
      this.#join(visit, known)
      return
    }
    if (this.#inFlight >= this.#settings.maxInFlight)
      throw new PaletteError('ENDPOINT_BUSY', 'Too many requests are in work; try again in a moment')
    this.#begin(visit, key, text, variables)
  }

  #join(visit: Visit, known: Known<Work>): void {
    visit.isReplayed = true
    if (known.kind === 'answered') {
      this.#finish(visit, known.answer)
      return
    }
    known.work.visits.add(visit)
    this.#works.set(visit, known.work)
  }

  #begin(visit: Visit, key: RepeatKey | undefined, raw: string, variables: Variables): void {
    const { clock, exchanges, newId, send } = this.#ports
    const { request, response, correlationId, isSimulated } = visit
    const deadline = Math.round(clock.now() + visit.dueAt - clock.monotonic())
    const facts = { id: newId(), correlationId, deadline, isSimulated }
    const exchange = new Exchange(facts, (_, answer) => this.#settle(work, answer))
    const work: Work = { exchange, first: visit, key, visits: new Set([visit]) }
    this.#inFlight += 1
    this.#works.set(visit, work)
    if (key) this.#repeats?.begin(key, work)
    exchanges.add(exchange)
    send({ exchange, variables, raw, request, response })
  }

  #byContract(variables: Variables): Variables {
    const { contract } = this.#ports
    if (!contract) return variables
    const verdict = contract.validate(variables, 'variables')
    if (verdict.valid) return verdict.value as Variables
    const { errors } = verdict
    const count = errors.length === 1 ? 'a fault' : `${errors.length} faults`
    throw new PaletteError('ENDPOINT_CONTRACT', `The variables have ${count}: ${errors[0]?.message ?? ''}`, {
      details: { errors },
    })
  }

  #settle(work: Work, answer: Answer | undefined): void {
    const { exchange, first, key, visits } = work
    this.#inFlight -= 1
    this.#ports.exchanges.delete(exchange)
    this.#deadlines.delete(first)
    this.#works.delete(first)
    if (key) this.#repeats?.end(key, answer, visits.size > 0)
    for (const visit of visits)
      this.#finish(visit, answer ?? this.#failure(visit, abortedError('The request')))
  }

  #finish(visit: Visit, answer: Answer): void {
    if (!this.#end(visit)) return
    const { sentStatus: status, code } = answer
    const waiting = this.#ports.record(this.#report(visit, status, code))
    if (!waiting) visit.send(answer, this.#ports.clock)
    else void waiting.then((instead) => visit.send(instead ?? answer, this.#ports.clock))
  }

  /** @returns false where the visit was over before. */
  #end(visit: Visit): boolean {
    if (visit.isOver) return false
    visit.isOver = true
    this.#visits.delete(visit)
    const work = this.#works.get(visit)
    work?.visits.delete(visit)
    if (work?.first === visit) return true // its deadline is the one of the work
    this.#works.delete(visit)
    this.#deadlines.delete(visit)
    return true
  }

  readonly #expire = (visit: Visit): void => {
    const late = new PaletteError('TIMEOUT', 'The deadline of the request has passed')
    const work = this.#works.get(visit)
    if (work) work.exchange.abort(late)
    else this.#refuse(visit, late)
  }

  // The connection is closed: it was answered, by us or by another node, or the caller has gone.
  #leave(visit: Visit): void {
    if (visit.isOver) return
    const work = this.#works.get(visit)
    const { headersSent, statusCode } = visit.response
    this.#end(visit)
    if (headersSent) {
      void this.#ports.record(this.#report(visit, statusCode, undefined))
      work?.exchange.release()
      return
    }
    void this.#ports.record(this.#report(visit, 499, 'ABORTED'))
    // With idempotency, the caller's next try will ask for the answer.
    if (work && work.visits.size === 0 && !this.#repeats) work.exchange.abandon()
  }

  #refuse(visit: Visit, error: unknown): void {
    this.#finish(visit, this.#failure(visit, error))
  }

  #failure({ correlationId }: Visit, error: unknown): Answer {
    const known = isPaletteError(error) ? error : internal(error)
    return failureAnswer(known, { correlationId, isOwn: statusOf(known.code) < 500 })
  }

  #report(visit: Visit, status: number, code: ErrorCode | undefined): VisitReport {
    const { correlationId, startedAt, isReplayed, isSimulated } = visit
    const latencyMs = this.#ports.clock.monotonic() - startedAt
    return { correlationId, status, code, latencyMs, isReplayed, isSimulated }
  }

  #unauthorized(): PaletteError {
    const { challenge } = this.#authenticator
    return new PaletteError('ENDPOINT_UNAUTHORIZED', 'Expected a valid credential', {
      details: { challenge },
    })
  }

  #rateLimited(retryAfterMs: number): PaletteError {
    const { rateLimitPerMinute: limit } = this.#settings
    return new PaletteError('ENDPOINT_RATE_LIMITED', `Expected at most ${limit} requests in a minute`, {
      details: { retryAfterMs },
    })
  }
}

const internal = (cause: unknown): PaletteError =>
  new PaletteError('INTERNAL_ERROR', 'The endpoint failed', { cause })
