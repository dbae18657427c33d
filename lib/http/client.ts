import { abortedError, inputError, show, type PaletteError } from '../errors.ts'
import type { Clock, HttpRequest, HttpResponse, HttpSend } from '../ports.ts'
import { abortReason } from '../concurrency/abort.ts'
import { Attempt, type Settle } from './attempt.ts'
import { Connections, type ConnectionOptions } from './connections.ts'
import { tryRoutes } from './try-routes.ts'

/** An HTTP/1.1 client with kept-alive connections. */
export interface HttpClient {
  /** See {@link HttpSend}: one attempt, no redirect followed. */
  readonly send: HttpSend
  /** Ends all connections; what is in flight fails with `ABORTED`. May be called twice. */
  close(): Promise<void>
}

/** What {@link createHttpClient} needs. */
export interface HttpClientOptions extends ConnectionOptions {
  readonly clock: Clock
}

/**
 * Makes an HTTP client. undici is loaded and the connections are made with the first request.
 *
 * `send` fails with `TIMEOUT` (`details` `{url, timeoutMs}`), `ABORTED`, `CXONE_UNREACHABLE` (`{url, reason}`),
 * `CXONE_UNEXPECTED_RESPONSE` (body too large), `INPUT_INVALID` (no http(s) URL, a header that cannot be sent) or
 * `CONFIG_INVALID` (`connectTo` where a proxy stands between).
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const client = new Client(options)
  return { send: (request) => client.send(request), close: () => client.close() }
}

class Client {
  readonly #options: HttpClientOptions
  #loading: Promise<Connections> | undefined
  #connections: Connections | undefined
  #closed = false

  constructor(options: HttpClientOptions) {
    this.#options = options
  }

  send(request: HttpRequest): Promise<HttpResponse> {
    const connections = this.#connections
    return new Promise((resolve, reject) => {
      const settle: Settle = {
        resolve,
        reject: (error) => reject(this.#closed ? abortedError('The request') : error),
      }
      if (connections) this.#dispatch(connections, request, settle)
      else
        this.#load()
          .then((made) => this.#dispatch(made, request, settle))
          .catch(reject)
    })
  }

  #dispatch(connections: Connections, request: HttpRequest, settle: Settle): void {
    const url = URL.parse(request.url)
    if (this.#closed) settle.reject(abortedError('The request'))
    else if (request.signal?.aborted) settle.reject(abortReason(request.signal))
    else if (url?.protocol !== 'https:' && url?.protocol !== 'http:') settle.reject(notHttp(request.url))
    else {
      const options = {
        origin: url.origin,
        path: url.search ? url.pathname + url.search : url.pathname,
        method: request.method,
        headers: request.headers ?? null,
        body: request.body ?? null,
      }
      const { clock } = this.#options
      const { connectTo, timeoutMs } = request
      const routes = connectTo && connections.routes(url, connectTo)
      const attempt = new Attempt(request, clock, settle)
      if (routes) tryRoutes(attempt, options, routes, { clock, timeoutMs, isClosed: () => this.#closed })
      else connections.for(url).dispatch(options, attempt)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const connections = this.#connections ?? (await this.#loading)
    await connections?.close()
  }

  #load(): Promise<Connections> {
    this.#loading ??= import('undici').then((undici) => {
      this.#connections = new Connections(undici, this.#options)
      return this.#connections
    })
    return this.#loading
  }
}

const notHttp = (url: string): PaletteError =>
  inputError('url', `Expected an http or https URL, got ${show(url.split('?')[0])}`)
