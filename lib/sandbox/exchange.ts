import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../ports.ts'
import type { CallLog, RecordedCall } from './call-log.ts'
import { deliver, faultReply } from './deliver.ts'
import type { FaultQueue } from './fault-queue.ts'
import type { FaultStep } from './fault-script.ts'
import { HttpRefusal, refusal, type Reply, type SandboxRequest } from './http-types.ts'
import { readBody } from './read-body.ts'
import type { RouteMatch, Router } from './router.ts'

const MAX_RECORDED_PATH = 500
const LOOPBACK_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i

/** What one exchange of request and answer works with. */
export interface ExchangeParts {
  readonly router: Router
  readonly faults: FaultQueue
  readonly calls: CallLog
  readonly clock: Clock
  readonly onCall?: ((call: RecordedCall) => void) | undefined
  /** The server's own base URL. */
  readonly url: string
  /** Aborted when the server closes. */
  readonly signal: AbortSignal
}

interface Outcome {
  readonly route: string
  /** Undefined: the connection is cut. */
  readonly reply?: Reply
  readonly fault?: FaultStep | undefined
}

/** Answers one request: scripted fault, route, delivery, record. Never rejects. */
export async function answerRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
  parts: ExchangeParts,
): Promise<void> {
  const at = parts.clock.now()
  const begin = parts.clock.monotonic()
  response.on('error', () => undefined) // the caller went away in the midst of the answer
  const correlationId = incoming.headers.correlationid
  if (typeof correlationId === 'string') response.setHeader('CorrelationId', correlationId)
  const { route, reply, fault } = await decide(incoming, parts)
  try {
    if (reply) await deliver(response, reply, fault, parts)
    else response.destroy()
  } catch {
    response.destroy() // the server closes
  }
  if (route === 'sandbox') return
  const note = reply?.note ?? (fault && 'fault')
  const call: RecordedCall = {
    method: incoming.method ?? '',
    path: (incoming.url ?? '').slice(0, MAX_RECORDED_PATH),
    route,
    status: reply && fault?.drop === undefined ? reply.status : 0,
    at,
    latencyMs: parts.clock.monotonic() - begin,
    ...(note === undefined ? {} : { note }),
  }
  parts.calls.add(call)
  parts.onCall?.(call)
}

async function decide(incoming: IncomingMessage, parts: ExchangeParts): Promise<Outcome> {
  const { method = 'GET', headers, url = '/' } = incoming
  const { path, query } = splitUrl(url)
  let body: Buffer
  let match: RouteMatch
  try {
    body = await readBody(incoming)
    match = parts.router.find(method, path)
  } catch (error) {
    return error instanceof HttpRefusal ? { route: 'none', reply: error.reply } : { route: 'none' }
  }
  const { route, params } = match
  const fault = route.name === 'sandbox' ? undefined : parts.faults.take(route.name)
  const base = baseUrl(headers.host, parts.url)
  const reply = await work(match, { method, path, query, params, headers, body, baseUrl: base, fault }, parts)
  return reply ? { route: route.name, reply, fault } : { route: route.name, fault }
}

async function work(
  { route }: RouteMatch,
  request: SandboxRequest,
  { clock, signal }: ExchangeParts,
): Promise<Reply | undefined> {
  const { fault } = request
  try {
    if (fault?.delayMs !== undefined) await clock.sleep(fault.delayMs, signal)
    if (fault?.drop === 'drop') return undefined
    return (fault && faultReply(fault, clock)) ?? (await route.handle(request))
  } catch (error) {
    if (error instanceof HttpRefusal) return error.reply
    if (signal.aborted) return undefined
    return refusal(500, 'sandbox_defect', error instanceof Error ? error.message : String(error)).reply
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
function baseUrl(host: string | undefined, url: string): string {
  return host !== undefined && LOOPBACK_HOST.test(host) ? `http://${host}` : url
}
