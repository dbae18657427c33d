import { processExchanges } from '../../lib/endpoint/exchange.ts'
import type { AuditFacts, Auditor, ItemRecord } from './audit.ts'
import type { StatusKind } from './status.ts'
import type { Message, Outputs } from './types.ts'

/** What a handler may use while it works on one message. */
export interface Context {
  /** Aborted when the node is closed, or the deadline of the request that the message belongs to has passed. */
  readonly signal: AbortSignal
  /** Whether nothing outside may be changed: the request came by the `/simulate` path of an endpoint. */
  readonly isSimulated: boolean
  /** UUID of `msg.cxone.correlationId`; send it along on every outgoing call. */
  readonly correlationId: string
  /** Work of many parts: shows `done/total`, and what is to be said of it, as a blue dot. */
  progress(done: number, total: number | undefined, more?: string): void
  /** Something is not as it should be but the work goes on (retry, stale copy): yellow ring. */
  degraded(text: string): void
  /** The status text once this message is done; `degraded` where it was done, but not as it should be. */
  summary(text: string, kind?: Exclude<StatusKind, 'busy'>): void
  /** Facts for the node's own audit record, and nothing secret. */
  audit(facts: AuditFacts): void
  /**
   * Writes the record of one part of the work; the message itself then gets none. Resolves once it is durable, with
   * false where the node has no trail.
   *
   * @throws `AUDIT_UNAVAILABLE`
   */
  auditItem(record: ItemRecord): Promise<boolean>
  /** Which of these records of parts the trail has, as far as it can be read; only those since then (Unix ms) are looked at. */
  audited(ids: ReadonlySet<string>, sinceMs: number): Promise<ReadonlySet<string>>
  /** Sends a message before the work is done. @throws `ABORTED` once the node is closed. */
  send(out: Outputs): void
}

/** What a context needs of its node. */
interface NodeHooks {
  readonly signal: AbortSignal
  /** Calls back when the node is closed. @returns takes the wish back. */
  readonly onClose: (callback: (reason: unknown) => void) => () => void
  readonly show: (kind: 'busy' | 'degraded', text: string) => void
  readonly send: (out: Outputs) => void
  readonly auditor: () => Auditor | undefined
}

/** The context of one message, with what its handler told. */
export class MessageContext implements Context {
  correlationId = ''
  kind: Exclude<StatusKind, 'busy'> = 'ready'
  text = 'done'
  facts: AuditFacts = {}
  /** Whether the trail has the record of this message: it gets no second one. */
  isRecorded = false
  readonly #hooks: NodeHooks
  readonly #msg: Message
  #signal: AbortSignal | undefined
  #forget: (() => void) | undefined

  constructor(hooks: NodeHooks, msg: Message) {
    this.#hooks = hooks
    this.#msg = msg
  }

  get signal(): AbortSignal {
    return (this.#signal ??= this.#openSignal())
  }

  get isSimulated(): boolean {
    const endpoint = this.#msg.cxone?.['endpoint'] as { simulate?: unknown } | null | undefined
    return endpoint?.simulate === true
  }

  /** What the audit record of the message says. */
  get recordFacts(): AuditFacts {
    if (!this.isSimulated) return this.facts
    return { ...this.facts, details: { ...this.facts.details, simulated: true } }
  }

  /** Nothing more will be asked: lets go of what could abort the signal. */
  close(): void {
    this.#forget?.()
  }

  progress(done: number, total: number | undefined, more?: string): void {
    const count = total === undefined ? `${done}` : `${done}/${total}`
    this.#hooks.show('busy', more === undefined ? count : `${count}, ${more}`)
  }

  degraded(text: string): void {
    this.#hooks.show('degraded', text)
  }

  summary(text: string, kind: Exclude<StatusKind, 'busy'> = 'ready'): void {
    this.text = text
    this.kind = kind
  }

  audit(facts: AuditFacts): void {
    this.facts = { ...this.facts, ...facts }
  }

  async auditItem({ error, id, latencyMs = 0, ...facts }: ItemRecord): Promise<boolean> {
    const auditor = this.#hooks.auditor()
    if (!auditor) return false
    this.isRecorded = true
    const loss = await auditor.write({ id, correlationId: this.correlationId, latencyMs, facts, error })
    if (loss) this.#hooks.show('degraded', 'audit record lost')
    return true
  }

  async audited(ids: ReadonlySet<string>, sinceMs: number): Promise<ReadonlySet<string>> {
    return (await this.#hooks.auditor()?.find(ids, sinceMs)) ?? new Set()
  }

  send(out: Outputs): void {
    this.#hooks.send(out)
  }

  // Made when it is asked for, with callbacks instead of `AbortSignal.any`: that would cost more than most messages.
  #openSignal(): AbortSignal {
    const { signal, onClose } = this.#hooks
    const exchange = signal.aborted ? undefined : processExchanges.of(this.#msg)
    const late = exchange ? undefined : processExchanges.stopReasonOf(this.#msg)
    if (late) return AbortSignal.abort(late)
    if (!exchange) return signal
    const abort = new AbortController()
    const stop = (reason: unknown): void => abort.abort(reason)
    const frees = [exchange.onStop(stop), onClose(stop)]
    this.#forget = () => frees.forEach((free) => free())
    return abort.signal
  }
}
