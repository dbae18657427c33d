import type { DnsRequest } from './request.ts'
import { copyResult, type DnsResult, type Summary } from './result.ts'

/** A result that was given before. */
interface Kept {
  readonly summary: Summary
  /** Unix milliseconds. */
  readonly storedAt: number
  /** How often it was given since. */
  hits: number
  isRefreshing: boolean
}

const MAX_RESULTS = 5000
/** A result that was given so often is asked for again before it is over, in the last tenth of its life. */
const HOT_HITS = 3
const REFRESH_SHARE = 0.1
/** What is given beyond its time says so, and is asked for again soon (RFC 8767, section 4). */
const STALE_TTL_S = 30

/**
 * Keeps whole results for look-ups that repeat: putting one together from kept answers costs many times more than
 * handing it out. Bounded; the oldest go first.
 */
export class KeptResults {
  readonly #staleMs: number
  readonly #kept = new Map<string, Kept>()

  /** @param staleMs how long after its time a result may still be given when no server answers. */
  constructor(staleMs: number) {
    this.#staleMs = staleMs
  }

  /** The result for an equal request, if it is still good; `isDue`: it is worth to be asked for again now. */
  find(key: string, now: number): { readonly result: DnsResult; readonly isDue: boolean } | undefined {
    const kept = this.#kept.get(key)
    if (!kept) return undefined
    const { summary, storedAt } = kept
    // A result from the future: the clock was set back, and nobody knows how old it is.
    if (now >= summary.expiresAt || now < storedAt) return undefined
    kept.hits += 1
    const left = (summary.expiresAt - now) / (summary.expiresAt - storedAt)
    const isDue = kept.hits >= HOT_HITS && left < REFRESH_SHARE && !kept.isRefreshing
    if (isDue) kept.isRefreshing = true
    const ttl = Math.ceil((summary.expiresAt - now) / 1000)
    return { result: copyResult(summary.result, ttl), isDue }
  }

  /** The result for an equal request that is over, but not for too long, nor its signatures. */
  findStale(key: string, now: number): DnsResult | undefined {
    const kept = this.#kept.get(key)
    if (!kept || now < kept.storedAt) return undefined
    const { result, expiresAt, validUntil } = kept.summary
    if (now >= Math.min(expiresAt + this.#staleMs, validUntil)) return undefined
    return Object.assign(copyResult(result, STALE_TTL_S), { stale: true })
  }

  set(key: string, summary: Summary, now: number): void {
    this.#kept.delete(key)
    if (summary.expiresAt <= now) return
    if (this.#kept.size >= MAX_RESULTS) this.#dropOldest()
    this.#kept.set(key, { summary, storedAt: now, hits: 0, isRefreshing: false })
  }

  #dropOldest(): void {
    for (const key of this.#kept.keys()) {
      this.#kept.delete(key)
      return
    }
  }
}

/** Requests of one key have the same result. */
export const requestKey = ({ domain, recordTypes, ttlOverrideS, dnssecRequired }: DnsRequest): string =>
  `${domain} ${recordTypes.join()} ${ttlOverrideS ?? ''} ${dnssecRequired ? '!' : ''}`
