// The only file of lib/ that touches the real clock, randomness and disk.
import { randomFillSync, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { getServers } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { hostname } from 'node:os'
import { getCACertificates } from 'node:tls'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { AppendFile, Clock, Files, Locks, LookupAddresses, Random } from './ports.ts'

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

/** Calls back when all that has arrived by now is handled, before the process waits again. */
export const systemSoon = (callback: () => void): void => {
  setImmediate(callback)
}

const POOL_BYTES = 4096
let pool = new Uint8Array(0)
let poolAt = 0

/** Throws the bytes away that were drawn ahead: what is drawn next comes from a source that was changed meanwhile. */
export const forgetRandomPool = (): void => {
  poolAt = pool.length
}

/** A Unix time in milliseconds as ISO 8601 text in UTC. */
export const isoTime = (ms: number): string => new Date(ms).toISOString()

/** ISO 8601 text as a Unix time in milliseconds; NaN for other text. */
export const unixTime = (iso: string): number => Date.parse(iso)

/** A Unix time in milliseconds as an HTTP date (RFC 9110, 5.6.7). */
export const httpDate = (ms: number): string => new Date(ms).toUTCString()

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

/** What reports say of this machine. */
export const systemMachine = {
  name: hostname(),
  software: `Node.js ${process.version} on ${process.platform}`,
} as const

/** Certificates of authorities (PEM): those that Node.js trusts, and those of the operating system. */
export const systemAuthorities = {
  trusted: (): readonly string[] => getCACertificates('default'),
  system: (): readonly string[] => getCACertificates('system'),
} as const

/** The proxy for https that the environment names, with the hosts that are reached without it. */
export function systemProxy(): { readonly url: string; readonly noProxy: readonly string[] } | undefined {
  const { env } = process
  const url = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? env['all_proxy'] ?? env['ALL_PROXY'] ?? ''
  if (url === '') return undefined
  const entries = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(/[\s,]+/).filter((entry) => entry !== '')
  // There, `example.com` is for the hosts below it too.
  const noProxy = entries.flatMap((entry) => (/^[.*]/.test(entry) ? [entry] : [entry, `.${entry}`]))
  return { url: url.includes('://') ? url : `http://${url}`, noProxy }
}

/** The DNS servers that this machine is set up with, as `ip` or `ip:port`. */
export const systemDnsServers = (): readonly string[] => getServers()

/** Addresses as the operating system gives them. */
export const systemLookup: LookupAddresses = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address)

// A new file is safe only once its entry in the folder is. Windows cannot sync folders, and need not.
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

async function openAppend(path: string): Promise<AppendFile> {
  await mkdir(dirname(path), { recursive: true })
  const handle = await open(path, 'a+', 0o600)
  await syncFolder(dirname(path))
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

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code

/** Lock files on the machine's disk. */
export const systemLocks: Locks = {
  owner: { host: hostname(), pid: process.pid, instance: randomUUID() },
  isAlive(pid) {
    try {
      return process.kill(pid, 0)
    } catch (error) {
      return isCode(error, 'EPERM')
    }
  },
  async createNew(path, data) {
    try {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, data, { flag: 'wx', mode: 0o600 })
      return true
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false
      throw error
    }
  },
  async touch(path) {
    const now = Date.now() / 1000
    await utimes(path, now, now)
  },
}

/** Writes to standard output; resolves once the text is handed to the operating system. */
export const systemStdout = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })
