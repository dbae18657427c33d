/** Each is some 40 MB. */
const MAX_COPIES = 4

/** New databases in memory, as they are once their `initSql` has run, by that SQL. */
const copies = new Map<string, Blob>()
let areKept = false

/**
 * From now on, the first database in memory with an `initSql` is copied, and the next ones in this process begin as its copy:
 * several times faster. For a process that starts the same flows again and again.
 *
 * @returns ends it, and forgets the copies.
 */
export function keepFreshCopies(): () => void {
  areKept = true
  return () => {
    areKept = false
    copies.clear()
  }
}

/** What a new database in memory with this `initSql` can begin as. */
export const freshCopyOf = (initSql: string): Blob | undefined => copies.get(initSql)

/** Keeps the copy of a new database, where copies are kept. @param copy makes it. */
export async function keepFreshCopy(initSql: string, copy: () => Promise<Blob>): Promise<void> {
  if (!areKept || copies.has(initSql) || copies.size >= MAX_COPIES) return
  copies.set(initSql, await copy())
}
