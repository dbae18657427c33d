import type { Database, PoolCounts } from '../driver.ts'
import { poolExhausted } from '../failures.ts'

/** Sets of addresses whose connections are kept. */
const MAX_SETS = 16

interface Entry<T> {
  readonly database: T
  users: number
}

/**
 * One database at several sets of addresses: each set has connections of its own, used again whatever the order of its addresses. The
 * set that was used longest ago goes when there are too many.
 */
export class PinnedDatabases<T extends Pick<Database, 'counts' | 'close'>> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #open: (addresses: readonly string[]) => T

  constructor(open: (addresses: readonly string[]) => T) {
    this.#open = open
  }

  /**
   * Works with the database at some addresses; its connections stay for the next one.
   *
   * @throws `PG_POOL_EXHAUSTED` when as many other sets are in use as may be kept.
   */
  async use<R>(addresses: readonly string[], work: (database: T) => Promise<R>): Promise<R> {
    const key = [...addresses].sort().join(' ')
    const entry = this.#entries.get(key) ?? this.#newEntry(addresses)
    this.#entries.delete(key) // to the end: the map's order is the order of use
    this.#entries.set(key, entry)
    entry.users += 1
    try {
      return await work(entry.database)
    } finally {
      entry.users -= 1
    }
  }

  /** The counts of all sets. */
  counts(own: PoolCounts): PoolCounts {
    let { total, idle, waiting } = own
    for (const { database } of this.#entries.values()) {
      const counts = database.counts()
      total += counts.total
      idle += counts.idle
      waiting += counts.waiting
    }
    return { total, idle, waiting }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const all = [...this.#entries.values()]
    this.#entries.clear()
    await Promise.all(all.map(({ database }) => database.close()))
  }

  #newEntry(addresses: readonly string[]): Entry<T> {
    if (this.#entries.size >= MAX_SETS) this.#dropOldest()
    return { database: this.#open(addresses), users: 0 }
  }

  #dropOldest(): void {
    for (const [key, { database, users }] of this.#entries) {
      if (users > 0) continue
      this.#entries.delete(key)
      void database.close()
      return
    }
    throw poolExhausted(
      `The database is in use at ${MAX_SETS} different sets of addresses: work on fewer messages at a time, or look the name up less often`,
    )
  }
}
