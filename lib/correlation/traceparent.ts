import type { SpanParent } from './active-trace.ts'

/** What another system tells of its part of a trace. */
export interface RemoteParent extends SpanParent {
  /** 32 hex digits. */
  readonly traceId: string
}

const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/
/** The specification asks for 512 characters at least. */
const MAX_TRACESTATE = 2048

/**
 * Reads the headers of W3C Trace Context (level 1, of which later levels must be readable too); undefined where `traceparent`
 * is missing or malformed, which the specification tells to ignore.
 *
 * @param headers names in lower case.
 * @see https://www.w3.org/TR/trace-context-1/#traceparent-header
 */
export function readTraceparent(headers: Readonly<Record<string, unknown>>): RemoteParent | undefined {
  const { traceparent, tracestate } = headers
  if (typeof traceparent !== 'string' || traceparent.length > 512) return undefined
  const [, version, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  if (version === '00' && traceparent.length !== 55) return undefined
  const isSampled = (parseInt(flags, 16) & 1) === 1
  return { traceId, spanId, isSampled, tracestate: isTracestate(tracestate) ? tracestate : undefined }
}

/** The value of a `traceparent` header, version 00. */
export const traceparentOf = (traceId: string, spanId: string, isSampled: boolean): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`

/**
 * Where a message came from: the parent that the HTTP request names which brought it (`msg.req`), or its own headers
 * (`msg.headers`, as nodes for queues set them).
 */
export function remoteParentOf(message: object): RemoteParent | undefined {
  const { req, headers } = message as {
    readonly req?: { readonly headers?: unknown }
    readonly headers?: unknown
  }
  return parentIn(req?.headers) ?? parentIn(headers)
}

const parentIn = (headers: unknown): RemoteParent | undefined =>
  typeof headers === 'object' && headers !== null
    ? readTraceparent(headers as Readonly<Record<string, unknown>>)
    : undefined

// Its members are the other systems' own; only what cannot be a header at all is refused.
const isTracestate = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TRACESTATE && /^[\x20-\x7e]+$/.test(value)
