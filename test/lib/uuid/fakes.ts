import { Readable } from 'node:stream'
import type { Clock, Files, Random } from '../../../lib/ports.ts'

/** A clock that stands still until it is set. Sleeping takes no time. */
export function fakeClock(start: number): Clock & { ms: number; slept: number } {
  return {
    ms: start,
    slept: 0,
    now() {
      return this.ms
    },
    monotonic() {
      return this.ms
    },
    sleep(_ms, signal) {
      this.slept += 1
      return signal?.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve()
    },
    after: () => () => undefined,
  }
}

/** Bytes that count up. */
export function countingRandom(): Random {
  let next = 0
  return { bytes: (n) => Uint8Array.from({ length: n }, () => next++ & 0xff), uniform: () => 0 }
}

/** The same bytes each time: every UUID is a duplicate. */
export const stuckRandom: Random = { bytes: (n) => new Uint8Array(n).fill(7), uniform: () => 0 }

/** A disk of small files. `full` makes writes fail; `writes` counts those that worked. */
export function fakeFiles(content: Record<string, string> = {}): Files & {
  content: Record<string, string>
  full: boolean
  writes: number
} {
  const none = (): never => {
    throw new Error('not used')
  }
  return {
    content,
    full: false,
    writes: 0,
    read: (path) => Promise.resolve(content[path] as string),
    readStream: () => Readable.from([]),
    async writeAtomic(path, data) {
      await Promise.resolve()
      if (this.full) throw new Error('ENOSPC: no space left on device')
      this.writes += 1
      content[path] = data
    },
    openAppend: none,
    list: none,
    makeFolder: none,
    rename: none,
    remove: none,
    stat: (path) =>
      Promise.resolve(path in content ? { size: String(content[path]).length, mtimeMs: 0 } : undefined),
  }
}
