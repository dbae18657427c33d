import { correlationHeaders } from '../correlation/correlation.ts'
import { inputError, isPaletteError, show, type PaletteError } from '../errors.ts'
import type { Grant } from '../auth/grant.ts'
import type { TokenSource } from '../auth/token-source.ts'
import { maskOf } from '../http/body-excerpt.ts'
import { withDetails, type Exchange, type RetryingSend, type RetryPolicy } from '../http/retry.ts'
import { safeUrl } from '../http/safe-url.ts'
import type { Clock, HttpRequest } from '../ports.ts'
import type { CxoneAnswer, CxoneCall, CxoneClient } from './access.ts'
import { answerError, unexpectedAnswer, type Answered } from './answer-error.ts'
import { expandPath, queryString } from './path.ts'
import { namedBase, targetOf, type PinRules } from './pinning.ts'
import { toJson } from './to-json.ts'

/** What {@link createCxoneClient} needs. */
export interface CxoneClientOptions {
  readonly tokens: Pick<TokenSource, 'current' | 'get' | 'drop' | 'refuse' | 'mask'>
  readonly send: RetryingSend
  readonly clock: Clock
  readonly policy: RetryPolicy
  /** For calls that bring no time-out of their own, in milliseconds. */
  readonly timeoutMs: number
  /** How calls with `connectTo` go. */
  readonly pinning?: PinRules
}

// What the client sets itself, or what would change where and how the request goes.
const RESERVED: ReadonlySet<string> = new Set([
  ...[
    'accept',
    'accept-encoding', // answers are read as they come
    'authorization',
    'proxy-authorization',
    'cookie',
    'host',
    'content-length',
    'transfer-encoding',
  ],
  ...['connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'expect', 'correlationid', 'traceparent'],
])
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE'])
const ONCE: RetryPolicy = { maxRetries: 0, baseDelayMs: 0, maxDelayMs: 0 }

/**
 * Makes the client of CXone's API. A call is repeated on network errors, time-outs and the statuses worth it where its
 * method is idempotent or it carries an `Idempotency-Key`; once more with a new token after a 401; never after a 2xx.
 */
export function createCxoneClient(options: CxoneClientOptions): CxoneClient {
  const client = new Client(options)
  return { call: (call) => client.call(call) }
}

interface Prepared {
  readonly call: CxoneCall
  /** Monotonic time of the call's begin: the wait for a token counts as elapsed. */
  readonly started: number
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
}

class Client {
  readonly #options: CxoneClientOptions

  constructor(options: CxoneClientOptions) {
    this.#options = options
  }

  async call(call: CxoneCall): Promise<CxoneAnswer> {
    const { tokens, clock } = this.#options
    const prepared = prepare(call, clock.monotonic())
    const grant = tokens.current() ?? (await tokens.get(call.signal))
    const exchange = await this.#exchange(prepared, grant, this.#policy(call))
    if (exchange.response.status !== 401) return this.#finish(prepared, grant, exchange)
    return this.#again(prepared, grant, exchange)
  }

  // After a 401: once more with a new token, within the same budget of retries.
  async #again(prepared: Prepared, old: Grant, first: Exchange): Promise<CxoneAnswer> {
    const { tokens } = this.#options
    if (!tokens.drop(old.accessToken)) return this.#finish(prepared, old, first)
    const grant = await tokens.get(prepared.call.signal)
    const policy = this.#policy(prepared.call)
    const left = { ...policy, maxRetries: Math.max(0, policy.maxRetries - first.attempts + 1) }
    const second = await this.#exchange(prepared, grant, left, first)
    if (second.response.status === 401) tokens.refuse(grant.accessToken)
    return this.#finish(prepared, grant, second)
  }

  #policy({ method, idempotencyKey }: CxoneCall): RetryPolicy {
    return idempotencyKey !== undefined || REPEATABLE.has(method) ? this.#options.policy : ONCE
  }

  async #exchange(prepared: Prepared, grant: Grant, policy: RetryPolicy, before = NONE): Promise<Exchange> {
    const { call, headers, body, path, started } = prepared
    const { send, clock, timeoutMs, pinning } = this.#options
    const request: HttpRequest = {
      method: call.method,
      url: this.#baseOf(call, grant) + path,
      ...(call.connectTo && { connectTo: targetOf(call.connectTo, grant.apiBase, pinning) }),
      headers: { ...headers, Authorization: `Bearer ${grant.accessToken}` },
      timeoutMs: call.timeoutMs ?? timeoutMs,
      ...(body === undefined ? {} : { body }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    }
    try {
      const { response, ...own } = await send(request, { policy, onRetry: call.onRetry, pace: call.pace })
      return { response, ...sum(before, own), elapsedMs: clock.monotonic() - started }
    } catch (error) {
      const { attempts, latencyMs } = isPaletteError(error) ? error.details : {}
      if (!isPaletteError(error) || typeof attempts !== 'number') throw error
      const own = { attempts, latencyMs: Number(latencyMs ?? 0) }
      throw withDetails(error, { ...sum(before, own), elapsedMs: clock.monotonic() - started })
    }
  }

  #baseOf({ connectTo }: CxoneCall, { apiBase }: Grant): string {
    return connectTo ? namedBase(apiBase, this.#options.pinning) : apiBase
  }

  #finish({ call, path }: Prepared, grant: Grant, exchange: Exchange): CxoneAnswer {
    const { response, attempts, latencyMs, elapsedMs } = exchange
    const { status, headers, body, address } = response
    const base = this.#baseOf(call, grant)
    const fail = (make: (answered: Answered) => PaletteError): never => {
      const { tokens, clock } = this.#options
      const token = maskOf([grant.accessToken])
      throw make({
        method: call.method,
        url: base + path,
        exchange,
        mask: (text) => token(tokens.mask(text)),
        nowMs: clock.now(),
      })
    }
    const good = status >= 200 && status < 300
    if (!good && !call.accept?.includes(status)) fail(answerError)
    // Of an accepted refusal the status is what counts: its body may be a page of a proxy.
    const parsed = parseBody(body)
    const json = parsed === undefined && !good ? null : parsed
    if (json === undefined) return fail((answered) => unexpectedAnswer(answered, 'its body is no JSON'))
    const wrong = good ? call.check?.(json) : undefined
    if (wrong !== undefined) fail((answered) => unexpectedAnswer(answered, wrong))
    const url = safeUrl(base + path)
    const tenant = grant.claims.tenantId ?? grant.claims.tenant
    const known = { status, url, base, headers, json, attempts, latencyMs, elapsedMs }
    if (tenant === undefined && address === undefined) return known
    return {
      ...known,
      ...(tenant === undefined ? {} : { tenant }),
      ...(address === undefined ? {} : { address }),
    }
  }
}

type Count = Pick<Exchange, 'attempts' | 'latencyMs'>

const NONE: Count = { attempts: 0, latencyMs: 0 }

const sum = (before: Count, own: Count): Count => ({
  attempts: before.attempts + own.attempts,
  latencyMs: before.latencyMs + own.latencyMs,
})

function prepare(call: CxoneCall, started: number): Prepared {
  const path = expandPath(call.path, call.params)
  const query = queryString(call.query)
  const headers: Record<string, string> = { Accept: 'application/json' }
  const body = call.bodyJson ?? (call.body === undefined ? undefined : toJson(call.body, 'body'))
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (call.headers) addHeaders(headers, call.headers)
  if (call.idempotencyKey !== undefined) headers['Idempotency-Key'] = call.idempotencyKey
  if (call.correlationId !== undefined) Object.assign(headers, correlationHeaders(call.correlationId))
  return { call, started, path: join(path, query), headers, body }
}

const join = (path: string, query: string): string =>
  query === '' || !path.includes('?') ? path + query : `${path}&${query.slice(1)}`

function addHeaders(headers: Record<string, string>, more: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(more)) {
    const known = name.toLowerCase()
    if (RESERVED.has(known))
      throw inputError(`headers.${name}`, `Header \`${name}\` is set by the node and cannot be given`)
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw inputError(`headers.${name}`, `Expected header \`${name}\` to be text, got ${show(value)}`)
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(String(value)))
      throw inputError(
        `headers.${name}`,
        `Header \`${name.slice(0, 80)}\` holds characters that no header can`,
      )
    headers[known === 'content-type' ? 'Content-Type' : name] = String(value)
  }
}

/** The JSON of a body: null without one, undefined for what is no JSON. */
function parseBody(body: Buffer): unknown {
  if (body.length === 0) return null
  try {
    const text = body.toString()
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) as unknown
  } catch {
    return undefined
  }
}
