import type { AuditFacts } from './audit.ts'

/** What a handler may use while it works on one message. */
export interface Context {
  /** Aborted when the node is closed. */
  readonly signal: AbortSignal
  /** UUID of `msg.cxone.correlationId`; send it along on every outgoing call. */
  readonly correlationId: string
  /** Bulk work: shows `done/total` as a blue dot. */
  progress(done: number, total: number): void
  /** Something is not as it should be but the work goes on (retry, stale copy): yellow ring. */
  degraded(text: string): void
  /** The status text once this message is done; `degraded` where it was done, but not as it should be. */
  summary(text: string, kind?: 'ready' | 'degraded'): void
  /** Facts for the node's own audit record, and nothing secret. */
  audit(facts: AuditFacts): void
}

/** The context of one message, with what its handler told. */
export class MessageContext implements Context {
  correlationId = ''
  kind: 'ready' | 'degraded' = 'ready'
  text = 'done'
  facts: AuditFacts = {}
  /** Whether the trail has the record of this message: it gets no second one. */
  isRecorded = false
  readonly signal: AbortSignal
  readonly #show: (kind: 'busy' | 'degraded', text: string) => void

  constructor(show: (kind: 'busy' | 'degraded', text: string) => void, signal: AbortSignal) {
    this.#show = show
    this.signal = signal
  }

  progress(done: number, total: number): void {
    this.#show('busy', `${done}/${total}`)
  }

  degraded(text: string): void {
    this.#show('degraded', text)
  }

  summary(text: string, kind: 'ready' | 'degraded' = 'ready'): void {
    this.text = text
    this.kind = kind
  }

  audit(facts: AuditFacts): void {
    this.facts = { ...this.facts, ...facts }
  }
}
