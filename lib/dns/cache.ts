import type { Answer } from './answer.ts'

/** An answer and when it came. */
interface Entry {
  readonly answer: Answer
  /** Unix milliseconds. */
  readonly storedAt: number
}

/** An answer that is still good, and until when. */
export interface CachedAnswer {
  readonly answer: Answer
  /** Unix milliseconds. */
  readonly expiresAt: number
}

/** Keeps DNS answers, positive and negative, until their TTL is over. */
export interface DnsCache {
  /** @param ttlOverrideS counts instead of the records' TTL, except for a name that does not exist. */
  get(key: string, now: number, ttlOverrideS: number | undefined): CachedAnswer | undefined
  set(key: string, answer: Answer, now: number): void
}

const MAX_ENTRIES = 20_000
const MAX_OCTETS = 16 * 1024 * 1024
/** Added to the length of the message: what the entry itself takes. */
const ENTRY_OCTETS = 400

/**
 * Until when an answer may be used (Unix milliseconds). A name that does not exist may come into being: no override for
 * it. No override reaches beyond the signatures.
 */
export function usableUntil(answer: Answer, since: number, ttlOverrideS: number | undefined): number {
  const seconds = answer.exists ? (ttlOverrideS ?? answer.ttl) : answer.ttl
  return Math.min(since + seconds * 1000, answer.validUntil)
}

/**
 * A cache bounded by count and memory; the least recently used answers go first. Each reader's own override decides what
 * is still good, so an answer may be kept beyond its TTL.
 */
export async function createDnsCache(): Promise<DnsCache> {
  const { LRUCache } = await import('lru-cache')
  const entries = new LRUCache<string, Entry>({
    max: MAX_ENTRIES,
    maxSize: MAX_OCTETS,
    sizeCalculation: ({ answer }) => answer.octets + ENTRY_OCTETS,
  })
  return {
    get(key, now, ttlOverrideS) {
      const entry = entries.get(key)
      if (!entry) return undefined
      const expiresAt = usableUntil(entry.answer, entry.storedAt, ttlOverrideS)
      // An entry from the future: the clock was set back, and nobody knows how old it is.
      return now < expiresAt && now >= entry.storedAt ? { answer: entry.answer, expiresAt } : undefined
    },
    set(key, answer, now) {
      entries.set(key, { answer, storedAt: now })
    },
  }
}

let shared: Promise<DnsCache> | undefined

/** The cache of this process, made on first use. Keys name the servers and the mode, so that nodes do not mix. */
export const sharedDnsCache = (): Promise<DnsCache> => (shared ??= createDnsCache())
