import { validate } from 'uuid'
import { inputError, show } from '../errors.ts'
import { systemRandom } from '../system.ts'
import { processV7 } from '../uuid/timeline.ts'

/** A new correlation id: a UUIDv7 (RFC 9562) that increases within the process, also when the clock steps back. */
export const newCorrelationId = (): string => processV7()

/**
 * The correlation id that a message carries.
 *
 * @throws `INPUT_INVALID` when it is there and no UUID: it becomes a trace id and a header.
 */
export function readCorrelationId(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && validate(value)) return value.toLowerCase()
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
