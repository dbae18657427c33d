import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { configError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import type { CallLog } from './call-log.ts'
import { type RecordedCall } from './call-log.ts'
import { deliver, faultReply } from './deliver.ts'
import type { FaultQueue } from './fault-queue.ts'
import { HttpRefusal, refusal, type Reply, type SandboxRequest } from './http-types.ts'
import type { Router } from './router.ts'
import { type RouteMatch } from './router.ts'

const HOST = '127.0.0.1'
const MAX_BODY_BYTES = 1024 * 1024
const MAX_PATH = 500
/** Longer than usual clients keep idle connections, so that none is cut just when it is used again. */
const KEEP_ALIVE_MS = 65_000
const LOOPBACK_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i

/** What the HTTP side of the sandbox works with. */
export interface ServerParts {
  readonly router: Router
  readonly faults: FaultQueue
  readonly calls: CallLog
  readonly clock: Clock
  readonly onCall?: ((call: RecordedCall) => void) | undefined
}

/** A listening HTTP server. */
export interface RunningServer {
  readonly port: number
  readonly url: string
  /** Cuts all connections. */
  close(): Promise<void>
}

/**
 * Starts the HTTP side on 127.0.0.1.
 *
 * @throws `CONFIG_INVALID` with `details.field` `port` when the port is taken or not allowed.
 */
export async function startServer(port: number, parts: ServerParts): Promise<RunningServer> {
  const server = createServer((request, response) => {
    void answer(request, response, parts, url)
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const bound = await listen(server, port)
  const url = `http://${HOST}:${bound}`
  let closing: Promise<void> | undefined
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }))
  return { port: bound, url, close }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(port, error)))
    server.listen(port, HOST, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

function portError(port: number, cause: NodeJS.ErrnoException): Error {
  const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${cause.code ?? cause.message})`
  return configError(
    'port',
    `Port ${port} ${why}: stop the other program, or choose another port (0 for any)`,
    cause,
  )
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  parts: ServerParts,
  url: string,
): Promise<void> {
  const at = parts.clock.now()
  const begin = parts.clock.monotonic()
  const outcome: Outcome = { route: 'none', note: undefined, dropped: false }
  try {
    await exchange(incoming, response, parts, url, outcome)
  } catch (error) {
    await sendRefusal(response, error, parts.clock)
  }
  if (outcome.route === 'sandbox') return
  const call: RecordedCall = {
    method: incoming.method ?? '',
    path: (incoming.url ?? '').slice(0, MAX_PATH),
    route: outcome.route,
    status: outcome.dropped ? 0 : response.statusCode,
    at,
    latencyMs: parts.clock.monotonic() - begin,
    ...(outcome.note === undefined ? {} : { note: outcome.note }),
  }
  parts.calls.add(call)
  parts.onCall?.(call)
}

interface Outcome {
  route: string
  note: string | undefined
  dropped: boolean
}

async function exchange(
  incoming: IncomingMessage,
  response: ServerResponse,
  parts: ServerParts,
  url: string,
  outcome: Outcome,
): Promise<void> {
  const { path, query } = splitUrl(incoming.url ?? '/')
  const correlationId = incoming.headers.correlationid
  if (typeof correlationId === 'string') response.setHeader('CorrelationId', correlationId)
  const body = await readBody(incoming, response)
  const match = parts.router.find(incoming.method ?? 'GET', path)
  outcome.route = match.route.name
  const fault = match.route.name === 'sandbox' ? undefined : parts.faults.take(match.route.name)
  if (fault) outcome.note = 'fault'
  if (fault?.delayMs !== undefined) await parts.clock.sleep(fault.delayMs)
  if (fault?.drop === 'drop') {
    outcome.dropped = true
    response.socket?.destroy()
    return
  }
  const request = { method: incoming.method ?? 'GET', path, query, headers: incoming.headers, body }
  const reply = await work(
    match,
    { ...request, params: match.params, baseUrl: baseUrl(incoming, url), fault },
    parts,
  )
  outcome.note ??= reply.note
  await deliver(response, reply, fault, parts.clock)
  outcome.dropped = fault?.drop === 'drop-mid-body'
}

async function work(match: RouteMatch, request: SandboxRequest, parts: ServerParts): Promise<Reply> {
  const scripted = request.fault && faultReply(request.fault, parts.clock)
  if (scripted) return scripted
  try {
    return await match.route.handle(request)
  } catch (error) {
    if (error instanceof HttpRefusal) return error.reply
    throw error
  }
}

function splitUrl(url: string): { path: string; query: URLSearchParams } {
  // A proxy's client sends the absolute form (RFC 9112, 3.2.2).
  const local = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/?]*/i, '')
  const mark = local.indexOf('?')
  return mark < 0
    ? { path: local, query: new URLSearchParams() }
    : { path: local.slice(0, mark), query: new URLSearchParams(local.slice(mark + 1)) }
}

/** The base under which this caller can reach the sandbox again. A foreign `Host` is not repeated. */
function baseUrl({ headers }: IncomingMessage, url: string): string {
  const host = headers.host ?? ''
  return LOOPBACK_HOST.test(host) ? `http://${host}` : url
}

async function readBody(incoming: IncomingMessage, response: ServerResponse): Promise<Buffer> {
  if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge(response)
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > MAX_BODY_BYTES) throw tooLarge(response)
    pieces.push(piece)
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
}

function tooLarge(response: ServerResponse): HttpRefusal {
  // The rest of the body is not read, so the connection cannot be used again.
  response.setHeader('connection', 'close')
  return refusal(413, 'too_large', `Expected a body of at most ${MAX_BODY_BYTES} bytes`)
}

async function sendRefusal(response: ServerResponse, error: unknown, clock: Clock): Promise<void> {
  if (response.destroyed || response.headersSent) {
    response.destroy()
    return
  }
  const reply =
    error instanceof HttpRefusal
      ? error.reply
      : refusal(500, 'sandbox_defect', error instanceof Error ? error.message : String(error)).reply
  await deliver(response, reply, undefined, clock)
}
