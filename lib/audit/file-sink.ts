import { dirname } from 'node:path'
import { configError, PaletteError } from '../errors.ts'
import type { AppendFile, Clock, Files, Locks, Logger } from '../ports.ts'
import { isoTime } from '../system.ts'
import { FileLock } from './file-lock.ts'
import { findRecords } from './find-records.ts'
import type { Head } from './record.ts'
import { removeExpired, rotatedName } from './rotation.ts'
import type { Sink } from './sink.ts'
import { lastOfTrail, readTail } from './tail.ts'

/** How a trail is kept in files. */
export interface FileSinkOptions {
  /** Absolute path of the file that is written; closed files lie beside it. */
  readonly path: string
  /** `fsync`: a record is on the disk before it is acknowledged. `write`: handed to the operating system. */
  readonly durability: 'fsync' | 'write'
  /** The file is closed once it is this large, in bytes; 0: never. */
  readonly rotateBytes: number
  /** The file is closed with the day (UTC). */
  readonly rotateDaily: boolean
  /** Closed files are removed after so many days; 0: never. */
  readonly retainDays: number
  readonly chain: boolean
}

/** The ports of {@link FileSink}. */
export interface FileSinkPorts {
  readonly files: Files
  readonly locks: Locks
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly log: Logger
}

/**
 * Records in a file, one writer at a time. What a failed write has left is cut off before the next one, so that a
 * full disk never breaks the chain; a file that was removed or changed from outside is told and carried on.
 */
export class FileSink implements Sink {
  readonly name: string
  readonly #options: FileSinkOptions
  readonly #ports: FileSinkPorts
  readonly #lock: FileLock
  #file: AppendFile | undefined
  #head: Head | undefined
  /** Bytes of the file that hold whole, acknowledged records. */
  #size = 0
  /** Whether there may be more behind them, to be cut off. */
  #hasRest = false
  #separator = ''
  /** The day of the last record in the file. */
  #day = ''
  #rotateNow = false
  #prunedOn = ''
  #rotationFailed = false

  constructor(options: FileSinkOptions, ports: FileSinkPorts) {
    this.name = options.path
    this.#options = options
    this.#ports = ports
    this.#lock = new FileLock(`${options.path}.lock`, ports)
  }

  async ready(): Promise<Head> {
    if ((await this.#acquire()) === 'taken') await this.#forget()
    const head = (this.#head ??= await this.#recover())
    const today = isoTime(this.#ports.clock.now()).slice(0, 10)
    if (this.#isRotationDue(today)) await this.#rotate(head)
    if (this.#options.retainDays > 0 && this.#prunedOn !== today) await this.#prune(today)
    const stat = await this.#ports.files.stat(this.name)
    if (!this.#file || this.#hasRest || stat?.size !== this.#size) await this.#reopen(stat !== undefined)
    return head
  }

  async append(text: string, last: Head): Promise<void> {
    const file = this.#file
    if (!file) throw new PaletteError('AUDIT_UNAVAILABLE', `The audit trail ${this.name} is not open`)
    const data = this.#separator + text
    try {
      await file.append(data)
      if (this.#options.durability === 'fsync') await file.sync()
    } catch (error) {
      this.#hasRest = true
      await this.#discardRest(file)
      throw error
    }
    this.#size += Buffer.byteLength(data)
    this.#separator = ''
    this.#head = last
    this.#day = isoTime(this.#ports.clock.now()).slice(0, 10)
  }

  find(ids: ReadonlySet<string>, sinceMs: number): Promise<ReadonlySet<string>> {
    return findRecords(this.#ports.files, this.name, ids, sinceMs)
  }

  async close(): Promise<void> {
    await this.#closeFile()
    await this.#lock.release()
  }

  async #acquire(): Promise<'held' | 'taken'> {
    const holder = await this.#lock.acquire()
    if (typeof holder === 'string') return holder
    if (holder.instance === this.#ports.locks.owner.instance) {
      throw configError('path', `Property \`path\`: another audit-trail node already writes ${this.name}`)
    }
    throw new PaletteError(
      'AUDIT_UNAVAILABLE',
      `The audit trail ${this.name} is written by another process (${holder.pid} on ${holder.host}): ` +
        'give each runtime a path of its own',
      { details: { path: this.name, pid: holder.pid, host: holder.host } },
    )
  }

  // While another process had the lock, it may have gone on with the trail.
  async #forget(): Promise<void> {
    this.#head = undefined
    await this.#closeFile()
  }

  async #recover(): Promise<Head> {
    const { files, log } = this.#ports
    const tail = await readTail(files, this.name)
    if (tail.damage !== undefined) throw damaged(this.name, tail.damage)
    if (tail.torn !== '') {
      await files.writeAtomic(`${this.name}.torn`, tail.torn)
      log.warn(
        `${this.name} ended with a half-written record, now in ${this.name}.torn: it was never acknowledged`,
      )
    }
    await files.makeFolder(dirname(this.name))
    const stat = await files.stat(this.name)
    const head = await lastOfTrail(files, this.name, tail)
    this.#size = tail.size
    this.#hasRest = tail.torn !== ''
    this.#day = stat ? isoTime(stat.mtimeMs).slice(0, 10) : ''
    // Within one file either all records are chained, or none.
    this.#rotateNow = tail.head !== undefined && (tail.head.hash !== undefined) !== this.#options.chain
    return head
  }

  async #reopen(exists: boolean): Promise<void> {
    await this.#closeFile()
    const file = await this.#ports.files.openAppend(this.name)
    this.#file = file
    const size = await file.size()
    if (this.#hasRest && size > this.#size) await file.truncate(this.#size)
    else if (size !== this.#size) {
      this.#ports.log.warn(
        exists
          ? `${this.name} was changed by something else; the trail goes on behind it`
          : `${this.name} was removed; the trail goes on in a new file`,
      )
      this.#separator = size > 0 ? '\n' : ''
      this.#size = size
    }
    this.#hasRest = false
  }

  #isRotationDue(today: string): boolean {
    const { rotateBytes, rotateDaily } = this.#options
    if (this.#size === 0 || this.#hasRest) return false
    if (this.#rotateNow) return true
    return (rotateBytes > 0 && this.#size >= rotateBytes) || (rotateDaily && this.#day !== today)
  }

  // A folder that does not allow it must not stop the trail: the file then grows on.
  async #rotate(head: Head): Promise<void> {
    const target = rotatedName(this.name, this.#day, head.seq)
    try {
      if (await this.#ports.files.stat(target)) throw new Error(`${target} exists already`)
      await this.#ports.files.rename(this.name, target)
    } catch (error) {
      if (!this.#rotationFailed)
        this.#ports.log.warn(`${this.name} could not be closed: ${(error as Error).message}`)
      this.#rotationFailed = true
      return
    }
    this.#rotationFailed = this.#rotateNow = false
    await this.#closeFile()
    this.#size = 0
  }

  async #prune(today: string): Promise<void> {
    const { files, clock, log } = this.#ports
    this.#prunedOn = today
    try {
      await removeExpired(files, this.name, this.#options.retainDays, clock.now())
    } catch (error) {
      log.warn(`Old files of ${this.name} could not be removed: ${(error as Error).message}`)
    }
  }

  // After a failed sync nobody knows what the disk holds: the file is opened anew, and its end looked at.
  async #discardRest(file: AppendFile): Promise<void> {
    try {
      await file.truncate(this.#size)
    } catch {
      // ready() tries again
    }
    await this.#closeFile()
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => undefined) // what was acknowledged is written
  }
}

const damaged = (path: string, damage: string): PaletteError =>
  new PaletteError(
    'AUDIT_UNAVAILABLE',
    `The audit trail ${path} was changed after it was written: ${damage}. Keep the file as evidence in another folder; the trail then goes on in a new one`,
    { details: { path, damage } },
  )
