import { correlationHeaders } from '../correlation/correlation.ts'
import { inputError, show, type PaletteError } from '../errors.ts'
import type { Grant } from '../auth/grant.ts'
import type { TokenSource } from '../auth/token-source.ts'
import { maskOf } from '../http/body-excerpt.ts'
import type { Exchange, RetryingSend, RetryPolicy } from '../http/retry.ts'
import { safeUrl } from '../http/safe-url.ts'
import type { Clock, HttpRequest } from '../ports.ts'
import type { CxoneAnswer, CxoneCall, CxoneClient } from './access.ts'
import { answerError, unexpectedAnswer, type Answered } from './answer-error.ts'
import { expandPath, queryString } from './path.ts'
import { toJson } from './to-json.ts'

/** What {@link createCxoneClient} needs. */
export interface CxoneClientOptions {
  readonly tokens: Pick<TokenSource, 'current' | 'get' | 'drop' | 'refuse' | 'mask'>
  readonly send: RetryingSend
  readonly clock: Clock
  readonly policy: RetryPolicy
  /** For calls that bring no time-out of their own, in milliseconds. */
  readonly timeoutMs: number
}

// What the client sets itself, or what would change where and how the request goes.
const RESERVED: ReadonlySet<string> = new Set([
  ...[
    'accept',
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
    const { tokens } = this.#options
    const prepared = prepare(call)
    const grant = tokens.current() ?? (await tokens.get(call.signal))
    const exchange = await this.#exchange(prepared, grant, this.#policy(call))
    if (exchange.response.status !== 401) return this.#finish(prepared, grant, exchange)
    return this.#again(prepared, grant, exchange)
  }

  // After a 401: once more with a new token, within the same budget of retries.
  async #again(prepared: Prepared, old: Grant, first: Exchange): Promise<CxoneAnswer> {
    const { tokens, clock } = this.#options
    if (!tokens.drop(old.accessToken)) return this.#finish(prepared, old, first)
    const started = clock.monotonic()
    const grant = await tokens.get(prepared.call.signal)
    const policy = this.#policy(prepared.call)
    const left = { ...policy, maxRetries: Math.max(0, policy.maxRetries - first.attempts + 1) }
    const second = await this.#exchange(prepared, grant, left)
    if (second.response.status === 401) tokens.refuse(grant.accessToken)
    return this.#finish(prepared, grant, {
      response: second.response,
      attempts: first.attempts + second.attempts,
      latencyMs: first.latencyMs + second.latencyMs,
      elapsedMs: first.elapsedMs + clock.monotonic() - started,
    })
  }

  #policy({ method, idempotencyKey }: CxoneCall): RetryPolicy {
    return idempotencyKey !== undefined || REPEATABLE.has(method) ? this.#options.policy : ONCE
  }

  #exchange(prepared: Prepared, grant: Grant, policy: RetryPolicy): Promise<Exchange> {
    const { call, headers, body, path } = prepared
    const request: HttpRequest = {
      method: call.method,
      url: grant.apiBase + path,
      headers: { ...headers, Authorization: `Bearer ${grant.accessToken}` },
      timeoutMs: call.timeoutMs ?? this.#options.timeoutMs,
      ...(body === undefined ? {} : { body }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    }
    return this.#options.send(request, { policy, onRetry: call.onRetry })
  }

  #finish({ call, path }: Prepared, grant: Grant, exchange: Exchange): CxoneAnswer {
    const { response, attempts, latencyMs, elapsedMs } = exchange
    const { status, headers, body } = response
    const fail = (make: (answered: Answered) => PaletteError): never => {
      const { tokens, clock } = this.#options
      const token = maskOf([grant.accessToken])
      throw make({
        method: call.method,
        url: grant.apiBase + path,
        exchange,
        mask: (text) => token(tokens.mask(text)),
        nowMs: clock.now(),
      })
    }
    const good = status >= 200 && status < 300
    if (!good && !call.accept?.includes(status)) fail(answerError)
    const json = parseBody(body)
    if (json === undefined) return fail((answered) => unexpectedAnswer(answered, 'its body is no JSON'))
    const wrong = good ? call.check?.(json) : undefined
    if (wrong !== undefined) fail((answered) => unexpectedAnswer(answered, wrong))
    const url = safeUrl(grant.apiBase + path)
    return { status, url, base: grant.apiBase, headers, json, attempts, latencyMs, elapsedMs }
  }
}

function prepare(call: CxoneCall): Prepared {
  const path = expandPath(call.path, call.params)
  const query = queryString(call.query)
  const headers: Record<string, string> = { Accept: 'application/json' }
  const body = call.bodyJson ?? (call.body === undefined ? undefined : toJson(call.body, 'body'))
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (call.headers) addHeaders(headers, call.headers)
  if (call.idempotencyKey !== undefined) headers['Idempotency-Key'] = call.idempotencyKey
  if (call.correlationId !== undefined) Object.assign(headers, correlationHeaders(call.correlationId))
  return { call, path: join(path, query), headers, body }
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
