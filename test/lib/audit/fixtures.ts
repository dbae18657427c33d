import { mkdtemp, readFile, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { AuditEntry } from '../../../lib/audit/entry.ts'
import { FileSink, type FileSinkOptions } from '../../../lib/audit/file-sink.ts'
import type { AuditRecord } from '../../../lib/audit/record.ts'
import { rotatedFiles } from '../../../lib/audit/rotation.ts'
import { openTrail, type OpenTrail, type TrailOptions } from '../../../lib/audit/trail.ts'
import type { AppendFile, Clock, Files, Locks } from '../../../lib/ports.ts'
import { systemFiles, systemLocks } from '../../../lib/system.ts'

/** A clock that stands still until a test moves it. */
export class ManualClock implements Pick<Clock, 'now' | 'after'> {
  #now = Date.UTC(2026, 10, 21, 12)
  #timers = new Set<{ at: number; callback: () => void }>()

  now = (): number => this.#now

  after = (ms: number, callback: () => void): (() => void) => {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Moves the time on without calling anybody back: what a stopped process sees. */
  jump(ms: number): void {
    this.#now += ms
  }

  advance(ms: number): void {
    this.#now += ms
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.#now)) {
      this.#timers.delete(timer)
      timer.callback()
    }
  }
}

/** Faults that a test switches on and off on an otherwise real disk. */
export interface Faults {
  /** Bytes that the disk still takes; then it is full, after a partial write. */
  room: number
  sync: boolean
  truncate: boolean
  rename: boolean
}

const failure = (code: string): Error => Object.assign(new Error(`${code}: made by the test`), { code })

/** The machine's disk with faults. */
function faultyFiles(): { files: Files; faults: Faults } {
  const faults: Faults = { room: Infinity, sync: false, truncate: false, rename: false }
  const wrap = (file: AppendFile): AppendFile => ({
    ...file,
    async append(data) {
      const bytes = Buffer.from(data)
      if (bytes.length <= faults.room) {
        faults.room -= bytes.length
        return file.append(data)
      }
      await file.append(bytes.subarray(0, faults.room).toString('latin1'))
      faults.room = 0
      throw failure('ENOSPC')
    },
    sync: () => (faults.sync ? Promise.reject(failure('EIO')) : file.sync()),
    truncate: (bytes) => (faults.truncate ? Promise.reject(failure('EIO')) : file.truncate(bytes)),
  })
  const files: Files = {
    ...systemFiles,
    openAppend: async (path) => wrap(await systemFiles.openAppend(path)),
    rename: (from, to) => (faults.rename ? Promise.reject(failure('EACCES')) : systemFiles.rename(from, to)),
  }
  return { files, faults }
}

export const entry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  eventType: 'action-execute',
  status: 'SUCCESS',
  correlationId: '0190b7a0-5c1e-7000-8000-0d4c1b2a3f4e',
  flow: 'f1',
  node: 'n1',
  subject: 'lookup-customer',
  latencyMs: 12.5,
  attempts: 1,
  details: { status: 200 },
  ...changes,
})

/** A folder for one test, and trails in it. */
export class Bench {
  readonly clock = new ManualClock()
  readonly files: Files
  readonly faults: Faults
  readonly logged: string[] = []
  readonly path: string
  readonly #root: string
  readonly #open: OpenTrail[] = []
  #ids = 0

  constructor(root: string) {
    this.#root = root
    this.path = join(root, 'audit', 'audit.jsonl')
    const { files, faults } = faultyFiles()
    this.files = files
    this.faults = faults
  }

  static async make(): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), 'cxone-audit-')))
  }

  sink(options: Partial<FileSinkOptions> = {}, locks: Locks = systemLocks): FileSink {
    const log = {
      info: (text: string) => void this.logged.push(text),
      warn: (text: string) => void this.logged.push(text),
    }
    return new FileSink(
      {
        path: this.path,
        durability: 'fsync',
        rotateBytes: 0,
        rotateDaily: false,
        retainDays: 0,
        chain: true,
        ...options,
      },
      { files: this.files, locks: timedLocks(locks, this.clock), clock: this.clock, log },
    )
  }

  async open(
    options: Partial<FileSinkOptions & TrailOptions> = {},
    locks: Locks = systemLocks,
  ): Promise<OpenTrail> {
    const trail = await openTrail(
      { chain: true, redact: {}, onFailure: 'fail', ...options },
      {
        sink: this.sink(options, locks),
        clock: this.clock,
        log: { info: (text) => void this.logged.push(text), warn: (text) => void this.logged.push(text) },
        newId: () => `id-${(this.#ids += 1)}`,
      },
    )
    this.#open.push(trail)
    return trail
  }

  /** The lines of all files of the trail, oldest first. */
  async lines(): Promise<string[]> {
    const names = (await rotatedFiles(systemFiles, this.path)).map(({ path }) => path)
    const texts = await Promise.all(
      [...names, this.path].map((path) => readFile(path, 'utf8').catch(() => '')),
    )
    return texts
      .join('')
      .split('\n')
      .filter((line) => line !== '')
  }

  async records(): Promise<AuditRecord[]> {
    return (await this.lines()).map((line) => JSON.parse(line) as AuditRecord)
  }

  async names(): Promise<string[]> {
    return (await readdir(dirname(this.path))).sort()
  }

  async clean(): Promise<void> {
    for (const trail of this.#open) await trail.close()
    await rm(this.#root, { recursive: true, force: true })
  }
}

/** Lock files whose time follows the clock of the test. */
export function timedLocks(locks: Locks, clock: ManualClock): Locks {
  const touch = (path: string): Promise<void> => utimes(path, clock.now() / 1000, clock.now() / 1000)
  return {
    ...locks,
    touch,
    async createNew(path, data) {
      const made = await locks.createNew(path, data)
      if (made) await touch(path)
      return made
    },
  }
}

/** Another process of this machine, or of another one. */
export const otherProcess = (changes: Partial<Locks['owner']> & { alive?: boolean } = {}): Locks => {
  const { alive = true, ...owner } = changes
  return {
    ...systemLocks,
    owner: { ...systemLocks.owner, pid: 4711, instance: 'other', ...owner },
    isAlive: () => alive,
  }
}
