import type { Dispatcher } from 'undici'
import { PaletteError } from '../errors.ts'
import type { Clock, HttpRequest, HttpResponse } from '../ports.ts'
import { abortReason } from '../concurrency/abort.ts'
import { networkError } from './failure.ts'
import { withDetails } from './retry.ts'
import { safeUrl } from './safe-url.ts'

const DEFAULT_MAX_RESPONSE_BYTES = 16 * 1024 * 1024
const EMPTY = Buffer.alloc(0)
/** Why a request that was given up is aborted. */
export const GIVEN_UP = new Error('the caller has given up')

/** How an attempt ends, exactly once. */
export interface Settle {
  resolve(response: HttpResponse): void
  reject(error: PaletteError): void
}

/**
 * One request on the wire, as undici's dispatch handler. It collects the body itself: building a stream for an answer
 * that is read as a whole costs more than the rest of the attempt. One timer covers all of it, the wait for a free
 * connection included.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  /** The one of the request's `connectTo` that is tried. */
  address: string | undefined
  readonly #request: HttpRequest
  readonly #settle: Settle
  readonly #clock: Clock
  readonly #started: number
  readonly #limit: number
  #controller: Dispatcher.DispatchController | undefined
  readonly #cancelTimer: () => void
  #onAbort: (() => void) | undefined
  #open = true
  #status = 0
  #headers: HttpResponse['headers'] = {}
  #first: Buffer | undefined
  #more: Buffer[] | undefined
  #size = 0

  constructor(request: HttpRequest, clock: Clock, settle: Settle) {
    this.#request = request
    this.#settle = settle
    this.#clock = clock
    this.#started = clock.monotonic()
    this.#limit = request.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES
    this.#cancelTimer = clock.after(request.timeoutMs, () => this.#giveUp(this.#timeout()))
    const { signal } = request
    if (!signal) return
    this.#onAbort = () => this.#giveUp(abortReason(signal))
    signal.addEventListener('abort', this.#onAbort)
  }

  /** Whether nothing is decided yet. */
  get isOpen(): boolean {
    return this.#open
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // It was given up while it waited for a connection: nothing must be sent any more.
    if (!this.#open) controller.abort(GIVEN_UP)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#status = status
    this.#headers = flat(headers)
    if (Number(this.#headers['content-length']) > this.#limit && this.#request.method !== 'HEAD')
      this.#giveUp(this.#tooLarge())
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > this.#limit) this.#giveUp(this.#tooLarge())
    else if (!this.#first) this.#first = chunk
    else (this.#more ??= [this.#first]).push(chunk)
  }

  onResponseEnd(): void {
    if (!this.#end()) return
    const body = this.#more ? Buffer.concat(this.#more, this.#size) : (this.#first ?? EMPTY)
    const latencyMs = this.#clock.monotonic() - this.#started
    const response = { status: this.#status, headers: this.#headers, body, latencyMs }
    const { address } = this
    this.#settle.resolve(address === undefined ? response : { ...response, address })
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#end()) this.#settle.reject(this.#placed(networkError(error, this.#request.url)))
  }

  #giveUp(error: PaletteError): void {
    if (!this.#end()) return
    this.#controller?.abort(GIVEN_UP)
    this.#settle.reject(this.#placed(error))
  }

  #placed(error: PaletteError): PaletteError {
    const { address } = this
    return address === undefined ? error : withDetails(error, { address })
  }

  #end(): boolean {
    if (!this.#open) return false
    this.#open = false
    this.#cancelTimer()
    if (this.#onAbort) this.#request.signal?.removeEventListener('abort', this.#onAbort)
    return true
  }

  #timeout(): PaletteError {
    const { url, timeoutMs } = this.#request
    const where = safeUrl(url)
    const got = this.#status ? `only a part of the answer (status ${this.#status})` : 'no answer'
    const message = `Got ${got} from ${where} within ${timeoutMs} ms; check the peer, or raise the time-out`
    return new PaletteError('TIMEOUT', message, { details: { url: where, timeoutMs } })
  }

  #tooLarge(): PaletteError {
    const where = safeUrl(this.#request.url)
    return new PaletteError(
      'CXONE_UNEXPECTED_RESPONSE',
      `The answer of ${where} is larger than ${this.#limit} bytes; ask for less of it`,
      { details: { url: where, status: this.#status, maxResponseBytes: this.#limit } },
    )
  }
}

function flat(headers: Record<string, string | string[] | undefined>): HttpResponse['headers'] {
  for (const name in headers) {
    const value = headers[name]
    if (Array.isArray(value)) headers[name] = value.join(', ')
  }
  return headers as HttpResponse['headers']
}
