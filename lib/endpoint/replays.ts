import type { Clock } from '../ports.ts'
import type { Answer } from './answer.ts'

/** Answers that one endpoint keeps at most. */
const MAX_ENTRIES = 10_000
const MAX_BYTES = 32 * 1024 * 1024

interface Kept {
  readonly answer: Answer
  readonly fingerprint: string
  readonly bytes: number
  readonly until: number
}

/**
 * Answers that are kept for a while, for requests that come again. All are kept equally long, so the oldest is the first to go;
 * it also goes when there are too many.
 */
export class Replays {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #ttlMs: number
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  constructor(ttlMs: number, clock: Pick<Clock, 'monotonic'>) {
    this.#ttlMs = ttlMs
    this.#clock = clock
  }

  get(key: string): Kept | undefined {
    const found = this.#kept.get(key)
    if (!found) return undefined
    if (found.until > this.#clock.monotonic()) return found
    this.delete(key)
    return undefined
  }

  /** @param fingerprint of the request that the answer is for. */
  set(key: string, fingerprint: string, answer: Answer): void {
    this.delete(key)
    // Texts take up to two bytes a character.
    const bytes = 2 * (key.length + fingerprint.length + answer.body.length)
    if (bytes > MAX_BYTES) return
    const now = this.#clock.monotonic()
    this.#kept.set(key, { answer, fingerprint, bytes, until: now + this.#ttlMs })
    this.#bytes += bytes
    for (const [oldest, { until }] of this.#kept) {
      if (until > now && this.#kept.size <= MAX_ENTRIES && this.#bytes <= MAX_BYTES) return
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const found = this.#kept.get(key)
    if (!found) return
    this.#kept.delete(key)
    this.#bytes -= found.bytes
  }
}
