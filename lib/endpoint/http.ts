import type { EventEmitter } from 'node:events'

/** The part of an incoming request that an endpoint uses; Node.js's and Express's have it. */
export interface IncomingRequest extends EventEmitter {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** The URL as it came, where a framework cuts `url`. */
  readonly originalUrl?: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined }
  /** The address of the caller as a framework knows it behind a proxy. */
  readonly ip?: string | undefined
  /** Whether somebody has read from the body already. */
  readonly readableDidRead: boolean
  /** Whether the whole body has come. */
  readonly complete: boolean
  /** What a body parser before us left. */
  readonly body?: unknown
  /** The raw body, where a body parser kept it. */
  readonly rawBody?: unknown
  resume(): unknown
  pause(): unknown
  destroy(): unknown
}

/** The part of an outgoing response that an endpoint uses. */
export interface OutgoingResponse extends EventEmitter {
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly statusCode: number
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown
  write(text: string): unknown
  end(text?: string): unknown
  destroy(): unknown
}

/** The value of a header that comes once. */
export function headerOf(request: Pick<IncomingRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : value?.[0]
}
