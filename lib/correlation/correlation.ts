import { inputError, show } from '../errors.ts'
import { systemRandom } from '../system.ts'
import { processV7 } from '../uuid/timeline.ts'
import { activeTrace, type SpanParent } from './active-trace.ts'
import { remoteParents } from './remote-parents.ts'
import { readTraceparent, traceparentOf } from './traceparent.ts'

/** A new correlation id: a UUIDv7 (RFC 9562) that increases within the process, also when the clock steps back. */
export const newCorrelationId = (): string => processV7()

// Of any version and variant: a trace id of another system is taken over as it is.
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * The correlation id that a message carries.
 *
 * @throws `INPUT_INVALID` when it is there and no UUID: it becomes a trace id and a header.
 */
export function readCorrelationId(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && UUID.test(value)) return value.toLowerCase()
  throw inputError(
    'msg.cxone.correlationId',
    `Expected \`msg.cxone.correlationId\` to be a UUID, got ${show(value)}`,
  )
}

/** A trace id (32 hex digits) in the form of a correlation id. */
const correlationIdOf = (traceId: string): string =>
  traceId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/**
 * The headers that carry a correlation id to another system: `CorrelationId` (CXone) and those of W3C Trace Context
 * level 1. The trace id is the correlation id without dashes. The parent is the span of the node that works, if the
 * message is traced; else that of the system that the id came from, unchanged; else a new one, not sampled, because
 * nothing is recorded.
 */
export function correlationHeaders(correlationId: string): Record<string, string> {
  const { spanId, isSampled, tracestate } = parentOf(correlationId)
  const traceparent = traceparentOf(correlationId.replaceAll('-', ''), spanId, isSampled)
  const headers = { CorrelationId: correlationId, traceparent }
  return tracestate === undefined ? headers : { ...headers, tracestate }
}

function parentOf(correlationId: string): SpanParent {
  const active = activeTrace()
  const span = active?.correlationId === correlationId ? active.span : undefined
  return span ?? remoteParents.of(correlationId) ?? newParent()
}

const newParent = (): SpanParent => ({
  spanId: Buffer.from(systemRandom.bytes(8)).toString('hex'),
  isSampled: false,
  tracestate: undefined,
})

/**
 * The correlation id that a request of another system carries: its `CorrelationId` (CXone) or the trace id of its
 * `traceparent`; undefined where there is none that could be one. What is sent out with this id then continues that trace.
 *
 * @param headers names in lower case.
 */
export function correlationOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const { correlationid } = headers
  const remote = readTraceparent(headers)
  const own =
    typeof correlationid === 'string' && UUID.test(correlationid) ? correlationid.toLowerCase() : undefined
  const id = own ?? (remote && correlationIdOf(remote.traceId))
  if (id !== undefined && remote) remoteParents.add(id, remote)
  return id
}

/**
 * The correlation id that came with a message from another system, where it has none of its own yet: in the HTTP request
 * that brought it (`msg.req`), or in its own `msg.headers`, as nodes of queues set them.
 */
export function arrivingCorrelationId(message: object): string | undefined {
  const { req, headers } = message as Partial<Record<string, { readonly headers?: unknown }>>
  return correlationIn(req?.headers) ?? correlationIn(headers)
}

/** The correlation id of a message, its own or the one that it came with; undefined where it has none yet. */
export function messageCorrelationId(message: object): string | undefined {
  const { cxone } = message as { readonly cxone?: { readonly correlationId?: unknown } | null }
  const own = cxone?.correlationId
  return typeof own === 'string' && UUID.test(own) ? own.toLowerCase() : arrivingCorrelationId(message)
}

const correlationIn = (headers: unknown): string | undefined =>
  typeof headers === 'object' && headers !== null
    ? correlationOf(headers as Readonly<Record<string, unknown>>)
    : undefined
