/** One request that the sandbox answered. */
export interface RecordedCall {
  readonly method: string
  /** With the query; at most 500 characters. */
  readonly path: string
  /** Route name, for the count of calls and for faults; `none` when no route fits. */
  readonly route: string
  /** 0 when the connection was cut instead of an answer. */
  readonly status: number
  /** Unix milliseconds of the arrival. */
  readonly at: number
  readonly latencyMs: number
  /** `replayed`, `duplicate`, `fault`. */
  readonly note?: string
}

/** The last calls, oldest first; older ones are dropped. */
export class CallLog {
  readonly #capacity: number
  readonly #calls: RecordedCall[] = []
  #next = 0
  readonly #counts = new Map<string, number>()

  constructor(capacity = 1000) {
    this.#capacity = capacity
  }

  add(call: RecordedCall): void {
    this.#calls[this.#next] = call
    this.#next = (this.#next + 1) % this.#capacity
    this.#counts.set(call.route, (this.#counts.get(call.route) ?? 0) + 1)
  }

  list(): readonly RecordedCall[] {
    const oldest = this.#calls.length < this.#capacity ? 0 : this.#next
    return [...this.#calls.slice(oldest), ...this.#calls.slice(0, oldest)]
  }

  /** Calls per route since the last {@link clear}, also those that {@link list} has dropped. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }

  clear(): void {
    this.#calls.length = 0
    this.#next = 0
    this.#counts.clear()
  }
}
