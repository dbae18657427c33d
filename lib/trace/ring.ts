import type { Journey } from './journey.ts'

/** The newest traces, bounded in number and memory. */
export class TraceRing {
  readonly #kept = new Map<string, Journey>()
  readonly #limits: { readonly keep: number; readonly maxBytes: number }
  readonly #onEvict: (journey: Journey) => void
  #bytes = 0
  #version = 0

  constructor(
    limits: { readonly keep: number; readonly maxBytes: number },
    onEvict: (journey: Journey) => void,
  ) {
    this.#limits = limits
    this.#onEvict = onEvict
  }

  /** Changes with each change of a trace that is kept. */
  get version(): number {
    return this.#version
  }

  /** Newest first. */
  get all(): readonly Journey[] {
    return [...this.#kept.values()].reverse()
  }

  find(id: string): Journey | undefined {
    return this.#kept.get(id)
  }

  add(journey: Journey): void {
    this.#kept.set(journey.id, journey)
    this.grow(journey, journey.bytes)
  }

  /** A trace that may be kept has become larger. */
  grow(journey: Journey, bytes: number): void {
    if (!this.#kept.has(journey.id)) return
    this.#version += 1
    this.#bytes += bytes
    for (const oldest of this.#kept.values()) {
      if (this.#kept.size <= this.#limits.keep && this.#bytes <= this.#limits.maxBytes) return
      this.#evict(oldest)
    }
  }

  clear(): void {
    for (const journey of this.#kept.values()) this.#evict(journey)
  }

  #evict(journey: Journey): void {
    this.#kept.delete(journey.id)
    this.#bytes -= journey.bytes
    this.#version += 1
    this.#onEvict(journey)
  }
}
