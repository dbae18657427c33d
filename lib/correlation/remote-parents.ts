import type { RemoteParent } from './traceparent.ts'

const MAX_KEPT = 10_000

/** Keeps for each correlation id what the system that began it told of its trace; the oldest go. */
export class RemoteParents {
  readonly #kept = new Map<string, RemoteParent>()
  readonly #max: number

  constructor(max = MAX_KEPT) {
    this.#max = max
  }

  /** @param correlationId UUID in lower case; kept only where it is the trace id. */
  add(correlationId: string, parent: RemoteParent): void {
    if (parent.traceId !== correlationId.replaceAll('-', '')) return
    this.#kept.delete(correlationId)
    this.#kept.set(correlationId, parent)
    if (this.#kept.size <= this.#max) return
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest)
      return
    }
  }

  of(correlationId: string): RemoteParent | undefined {
    return this.#kept.size === 0 ? undefined : this.#kept.get(correlationId)
  }
}

/** Those of this process. */
export const remoteParents = new RemoteParents()
