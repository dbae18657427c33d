/** One finished piece of work, as a trail records it. */
export interface AuditEntry {
  /** UUID of the record, for one that may have to be found again. Default: a new one. */
  readonly id?: string
  /** What happened: the type of the node, or a name of the flow's own. */
  readonly eventType: string
  /** `SUCCESS`, `FAILED`, or a word of the flow's own. */
  readonly status: string
  readonly correlationId: string
  /** Ids of the flow and the node that tell. */
  readonly flow: string
  readonly node: string
  /** The thing that was worked on: a data action id, a host name, an address without query. */
  readonly subject?: string | undefined
  readonly latencyMs?: number | undefined
  readonly attempts?: number | undefined
  /** Any value; it is copied, masked and cut to a bounded size before it is written. */
  readonly details?: unknown
}

/** The place of a written record in its trail. `hash` only in a chained trail. */
export interface AuditReceipt {
  readonly id: string
  readonly seq: number
  readonly hash?: string
}

/** A record that could not be written, in a trail that lets messages pass all the same (`onFailure: warn`). */
export interface AuditLoss {
  readonly lost: true
  readonly reason: string
}

/** Where nodes write what they did. */
export interface AuditTrail {
  /**
   * Resolves once the record is durable.
   *
   * @throws `AUDIT_UNAVAILABLE` when it cannot be, unless the trail is set to lose records.
   */
  write(entry: AuditEntry): Promise<AuditReceipt | AuditLoss>
  /** Which of these ids have a record, among those written since then (Unix ms). Missing where a trail cannot be read. */
  find?(ids: ReadonlySet<string>, sinceMs: number): Promise<ReadonlySet<string>>
  /** Keeps the trail open, while it closes, until the returned function is called. */
  retain(): () => void
}
