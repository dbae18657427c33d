import type { Clock, Files, Locks } from '../ports.ts'

/** How often a holder shows that it lives, and after how long without a sign its lock counts as left behind. */
const BEAT_MS = 10_000
const STALE_MS = 30_000

/** Who holds a lock, as its file tells. */
export interface Holder {
  readonly host: string
  readonly pid: number
  readonly instance: string
}

/** The ports of a {@link FileLock}. */
export interface LockPorts {
  readonly files: Pick<Files, 'read' | 'rename' | 'remove' | 'stat'>
  readonly locks: Locks
  readonly clock: Pick<Clock, 'now' | 'after'>
}

/**
 * A lock file: at most one process writes what it stands for. A lock is left behind, and taken over, when its process
 * is gone from this machine, or when it has shown no sign of life for 30 s (another machine, an id in use again).
 */
export class FileLock {
  readonly #path: string
  readonly #ports: LockPorts
  #lastBeat: number | undefined
  #cancelBeat: (() => void) | undefined

  constructor(path: string, ports: LockPorts) {
    this.#path = path
    this.#ports = ports
  }

  /** Takes the lock: `held` when this object has it already, `taken` when it got it now; else its holder. */
  async acquire(): Promise<'held' | 'taken' | Holder> {
    if (await this.#isStillOurs()) return 'held'
    const { locks } = this.#ports
    const content = JSON.stringify(locks.owner)
    if (!(await locks.createNew(this.#path, content))) {
      const holder = await this.#removeIfStale()
      if (holder) return holder
      if (!(await locks.createNew(this.#path, content))) {
        return (await this.#holder()) ?? UNKNOWN // another one was faster
      }
    }
    this.#lastBeat = this.#ports.clock.now()
    this.#scheduleBeat()
    return 'taken'
  }

  /** Gives the lock back; harmless where it is not held. */
  async release(): Promise<void> {
    this.#cancelBeat?.()
    const wasHeld = this.#lastBeat !== undefined
    this.#lastBeat = undefined
    if (wasHeld && this.#isOurs(await this.#holder())) await this.#ports.files.remove(this.#path)
  }

  // A process that was stopped for long must look again: the lock may have been taken over.
  async #isStillOurs(): Promise<boolean> {
    if (this.#lastBeat === undefined) return false
    if (this.#ports.clock.now() - this.#lastBeat < STALE_MS) return true
    return this.#beat()
  }

  #scheduleBeat(): void {
    this.#cancelBeat?.()
    this.#cancelBeat = this.#ports.clock.after(BEAT_MS, () => {
      void this.#beat()
    })
  }

  /** Shows a sign of life; false when the lock was taken over, or given back meanwhile. */
  async #beat(): Promise<boolean> {
    const isOurs = this.#isOurs(await this.#holder())
    if (this.#lastBeat === undefined || !isOurs) {
      this.#lastBeat = undefined
      return false
    }
    const now = this.#ports.clock.now()
    const touched = await this.#ports.locks.touch(this.#path).then(
      () => true,
      () => false, // the next beat tries again; after 30 s without one, acquire() looks first
    )
    if (touched) this.#lastBeat = now
    this.#scheduleBeat()
    return true
  }

  /** Takes a stale lock away; returns the holder of one that is not. */
  async #removeIfStale(): Promise<Holder | undefined> {
    const holder = await this.#holder()
    if (!(await this.#isStale(holder))) return holder ?? UNKNOWN
    // Renamed first: of two processes that find it stale, one moves it, and the other one looks at what it moved.
    const moved = `${this.#path}.${this.#ports.locks.owner.instance}`
    try {
      await this.#ports.files.rename(this.#path, moved)
    } catch {
      return this.#holder()
    }
    const taken = await this.#read(moved)
    if (taken?.instance !== holder?.instance) {
      await this.#ports.files.rename(moved, this.#path)
      return taken ?? UNKNOWN
    }
    await this.#ports.files.remove(moved)
    return undefined
  }

  async #isStale(holder: Holder | undefined): Promise<boolean> {
    const { locks, files, clock } = this.#ports
    if (this.#isOurs(holder)) return false
    const { host, pid } = locks.owner
    if (holder?.host === host && (holder.pid === pid || !locks.isAlive(holder.pid))) return true
    const stat = await files.stat(this.#path)
    return stat === undefined || clock.now() - stat.mtimeMs > STALE_MS
  }

  #isOurs(holder: Holder | undefined): boolean {
    return holder?.instance === this.#ports.locks.owner.instance
  }

  #holder(): Promise<Holder | undefined> {
    return this.#read(this.#path)
  }

  async #read(path: string): Promise<Holder | undefined> {
    try {
      const { host, pid, instance } = JSON.parse(await this.#ports.files.read(path)) as Record<
        string,
        unknown
      >
      if (typeof host !== 'string' || typeof pid !== 'number' || typeof instance !== 'string')
        return undefined
      return { host, pid, instance }
    } catch {
      return undefined // gone, or just being written
    }
  }
}

const UNKNOWN: Holder = { host: 'unknown', pid: 0, instance: '' }
