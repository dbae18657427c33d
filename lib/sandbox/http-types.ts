import type { IncomingHttpHeaders } from 'node:http'
import type { FaultRoute, FaultStep } from './fault-script.ts'

/** One request as the sandbox's handlers see it: read to its end, path decoded. */
export interface SandboxRequest {
  readonly method: string
  /** As it came: undecoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** The `{name}` parts of the route, decoded; the rest of the path under `*`. */
  readonly params: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** `http://host:port` under which the caller reached the sandbox. */
  readonly baseUrl: string
  /** The fault that is scripted for this request. */
  readonly fault: FaultStep | undefined
}

/** What a handler answers. Objects are sent as JSON; text and buffers need a `content-type`. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object | string | Buffer
  /** A word for the list of calls: `replayed`, `duplicate`. */
  readonly note?: string
}

/** Answers one request. */
export type Handler = (request: SandboxRequest) => Reply | Promise<Reply>

/** One entry of the route table. */
export interface Route {
  /** Under which faults are scripted and calls are counted; `sandbox` routes have no faults and are not recorded. */
  readonly name: FaultRoute | 'sandbox'
  readonly method: string
  /** `/a/{id}/b`; a last segment `*` takes any rest, also none. */
  readonly pattern: string
  readonly handle: Handler
}

/** A refusal that a handler throws; it becomes the answer. */
export class HttpRefusal extends Error {
  readonly reply: Reply

  constructor(reply: Reply) {
    super(`HTTP ${reply.status}`)
    this.reply = reply
  }
}

/** An error answer in the form of the API routes. `more` goes into the body beside code and message. */
export function refusal(status: number, code: string, message: string, more: object = {}): HttpRefusal {
  return new HttpRefusal({ status, body: { error: code, message, ...more } })
}
