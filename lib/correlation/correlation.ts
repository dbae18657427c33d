import { inputError, show } from '../errors.ts'
import { systemRandom } from '../system.ts'
import { processV7 } from '../uuid/timeline.ts'

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

/**
 * The headers that carry a correlation id to another system: `CorrelationId` (CXone) and `traceparent`
 * (W3C Trace Context level 1). The trace id is the correlation id without dashes.
 */
export function correlationHeaders(correlationId: string): Record<string, string> {
  const parent = Buffer.from(systemRandom.bytes(8)).toString('hex')
  return { CorrelationId: correlationId, traceparent: `00-${correlationId.replaceAll('-', '')}-${parent}-01` }
}

/**
 * The correlation id that a request of another system carries: its `CorrelationId` (CXone) or the trace id of its
 * `traceparent`; undefined where there is none that could be one.
 *
 * @param headers names in lower case.
 */
export function correlationOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const { correlationid, traceparent } = headers
  if (typeof correlationid === 'string' && UUID.test(correlationid)) return correlationid.toLowerCase()
  if (typeof traceparent !== 'string') return undefined
  const trace = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent)?.[1]
  return trace?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
