import { createRedactor, redactText } from '../redact/redact.ts'
import { codeOf, textOf, type RuntimeMessage } from './runtime-message.ts'
import type { Stay } from './stations.ts'
import type { Fault } from './trace.ts'

const redact = createRedactor()

/** An error of a node as it is kept: without secrets. @param id of the node in the flow file. */
export const faultOf = (id: string, error: unknown, atMs: number): Fault => ({
  node: id,
  code: codeOf(error),
  message: redactText(textOf(error)),
  details: redact((error as { details?: unknown } | null)?.details),
  atMs,
  handled: false,
})

/** Whether a message tells of a failure of the node that sends it, as those of webhook-send do. */
export function tellsOfFailure(
  { station, message: taken, error: before }: Stay,
  sent: RuntimeMessage,
): boolean {
  const { error } = sent
  // One that came with the message is none of this node's.
  if (error === undefined || error === before) return false
  const code = codeOf(error)
  if (code === undefined || !station.modes.includes(code)) return false
  return taken === sent || codeOf(before) !== code
}
