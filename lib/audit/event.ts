import { inputError, show } from '../errors.ts'
import type { AuditEntry, AuditLoss, AuditReceipt } from './entry.ts'

/** The longest event type, status and subject. */
const MAX_WORD = 200
const MAX_SUBJECT = 2000

/** An event of a flow's own, as its record tells it. */
export type FlowEvent = Pick<AuditEntry, 'eventType' | 'status' | 'subject' | 'details'>

/**
 * Reads a flow's event from values of any kind. A missing subject is none; numbers count as text.
 *
 * @param places where each value comes from, as errors name it (`msg.topic`)
 * @throws `INPUT_INVALID`
 */
export function readEvent(
  values: Readonly<Record<'eventType' | 'status' | 'subject' | 'details', unknown>>,
  places: Readonly<Record<'eventType' | 'status' | 'subject', string>>,
): FlowEvent {
  return {
    eventType: word(values.eventType, places.eventType),
    status: word(values.status, places.status),
    subject: subject(values.subject, places.subject),
    details: values.details,
  }
}

/** How a node's status shows what became of a record. */
export const describeResult = (
  result: AuditReceipt | AuditLoss,
): [text: string, kind: 'ready' | 'degraded'] =>
  'lost' in result ? ['record lost', 'degraded'] : [`#${result.seq}`, 'ready']

function word(value: unknown, place: string): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= MAX_WORD) return value
  throw inputError(
    place,
    `Expected \`${place}\` to be text of 1 to ${MAX_WORD} characters, got ${show(value)}`,
  )
}

function subject(value: unknown, place: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string' && value.length <= MAX_SUBJECT) return value
  throw inputError(
    place,
    `Expected \`${place}\` to be text of at most ${MAX_SUBJECT} characters, got ${show(value)}`,
  )
}
