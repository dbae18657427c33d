import type { Message } from './types.ts'

/** Writes the details of a step under `msg.cxone.<step>`; what other steps wrote stays. Returns the same message. */
export function writeStep(msg: Message, step: string, details: unknown): Message {
  ;(msg.cxone ??= {})[step] = details
  return msg
}
