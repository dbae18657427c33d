// The only file of lib/ that touches the real clock, randomness and disk.
import { randomFillSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { lookup } from 'node:dns/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { AppendFile, Clock, Files, LookupAddresses, Random } from './ports.ts'

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {})
  },
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

const POOL_BYTES = 4096
let pool = new Uint8Array(0)
let poolAt = 0

/** The operating system's randomness; small requests are served from a refilled pool. */
export const systemRandom: Random = {
  bytes(n) {
    if (n > POOL_BYTES) return randomFillSync(new Uint8Array(n))
    if (poolAt + n > pool.length) {
      // A new buffer each time: slices that were handed out stay as they are.
      pool = randomFillSync(new Uint8Array(POOL_BYTES))
      poolAt = 0
    }
    const slice = pool.subarray(poolAt, poolAt + n)
    poolAt += n
    return slice
  },
  uniform: () => Math.random(),
}

/** Addresses as the operating system gives them. */
export const systemLookup: LookupAddresses = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address)

async function openAppend(path: string): Promise<AppendFile> {
  await mkdir(dirname(path), { recursive: true })
  const handle = await open(path, 'a+', 0o600)
  return {
    append: async (data) => {
      await handle.appendFile(data)
    },
    sync: () => handle.datasync(),
    size: async () => (await handle.stat()).size,
    truncate: (bytes) => handle.truncate(bytes),
    close: () => handle.close(),
  }
}

/** The machine's disk. */
export const systemFiles: Files = {
  read: (path) => readFile(path, 'utf8'),
  readStream: (path, start) => createReadStream(path, start === undefined ? {} : { start }),
  async writeAtomic(path, data) {
    await mkdir(dirname(path), { recursive: true })
    const temporary = `${path}.${process.pid}.tmp`
    await writeFile(temporary, data, { mode: 0o600, flush: true })
    await rename(temporary, path)
  },
  openAppend,
  list: (folder) => readdir(folder),
  makeFolder: async (folder) => {
    await mkdir(folder, { recursive: true })
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  stat: async (path) => {
    try {
      const { size, mtimeMs } = await stat(path)
      return { size, mtimeMs }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },
}
