import type { RuntimeMessage } from '../flowtest/runtime-message.ts'

/** A node, as the runtime's hooks hand it over; only what is used. */
export interface HookNode {
  readonly id: string
  readonly type: string
  readonly name?: string | undefined
  /** The tab or the subflow instance that it lies in. */
  readonly z?: string | undefined
}

/** An event of `onSend` (a list of them), `preDeliver`: one message on one wire. */
export interface SendEvent {
  readonly msg: RuntimeMessage
  readonly source: { readonly node: HookNode; readonly port: number }
}

/** An event of `onReceive` and `postReceive`. */
export interface ReceiveEvent {
  readonly msg: RuntimeMessage
  readonly destination: { readonly node: HookNode }
}

/** An event of `onComplete`. */
export interface CompleteEvent {
  readonly msg: RuntimeMessage
  readonly node: { readonly node: HookNode }
  readonly error?: unknown
}
