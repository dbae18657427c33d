import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red'

export type { Node, NodeAPI, NodeDef }

/** A message as it travels through a flow, with the place where our nodes write. */
export interface Message extends NodeMessage {
  cxone?: Record<string, unknown>
  [property: string]: unknown
}

/** What a handler sends: the message for the first output, or one entry an output (null: nothing there). */
export type Outputs = Message | readonly (Message | null)[]
