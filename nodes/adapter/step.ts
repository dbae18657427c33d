import type { PaletteError } from '../../lib/errors.ts'
import type { Message } from './types.ts'

/** Writes the details of a step under `msg.cxone.<step>`; what other steps wrote stays. Returns the same message. */
export function writeStep(msg: Message, step: string, details: unknown): Message {
  ;(msg.cxone ??= {})[step] = details
  return msg
}

/** What a node makes of a message that may change nothing outside, instead of its work. */
export const simulateStep =
  (step: string) =>
  (msg: Message): Message =>
    writeStep(Object.assign(msg, { payload: {} }), step, { status: 'simulated' })

/**
 * Leaves the failure under `msg.cxone.error`, for Catch nodes: of an error's own properties Node-RED hands them
 * `code` and `cause`, but no `details`.
 */
export function writeFailure(msg: Message, { code, message, details }: PaletteError): void {
  const place: unknown = msg.cxone
  if (typeof place !== 'object' || place === null || Array.isArray(place)) return
  Object.assign(place, { error: { code, message, details } })
}
