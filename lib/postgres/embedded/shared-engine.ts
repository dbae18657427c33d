import { FileLock } from '../../audit/file-lock.ts'
import { abortedError, configError, isPaletteError, type PaletteError } from '../../errors.ts'
import type { Clock, Files, Locks, Logger } from '../../ports.ts'
import { outputForm } from '../wire/work.ts'
import { WaitingLine } from '../waiting-line.ts'
import { Engine } from './engine.ts'
import { freshCopyOf, keepFreshCopy } from './fresh-copies.ts'
import { initialise } from './initialise.ts'

/** How an embedded database is set. */
export interface EmbeddedSettings {
  /** Absolute folder, or `memory://`: gone when it is closed. */
  readonly dataDir: string
  /** SQL for a new database. */
  readonly initSql: string
  readonly maxWaiting: number
  /** Milliseconds to wait for a turn. */
  readonly connectTimeoutMs: number
}

/** What the driver needs of the world. */
export interface EmbeddedPorts {
  readonly clock: Clock
  readonly files: Pick<Files, 'read' | 'rename' | 'remove' | 'stat'>
  readonly locks: Locks
  readonly log: Logger
  /** The built (or source) file of `worker.ts`. */
  readonly workerFile: string | URL
}

/** One folder's engine, for all who use that folder; one of them at a time. Started with the first use, and again when it fell. */
export class SharedEngine {
  readonly settings: EmbeddedSettings
  readonly #ports: EmbeddedPorts
  readonly #line: WaitingLine<undefined>
  readonly #lock: FileLock | undefined
  #isTaken = false
  #isClosed = false
  #engine: Promise<Engine> | undefined
  #running: Engine | undefined
  /** The one that is being started. */
  #starting: Engine | undefined
  /** A wrong `initSql` stays wrong until the next deploy. */
  #verdict: PaletteError | undefined

  constructor(settings: EmbeddedSettings, ports: EmbeddedPorts) {
    this.settings = settings
    this.#ports = ports
    const { connectTimeoutMs: patienceMs } = settings
    this.#line = new WaitingLine({ clock: ports.clock, patienceMs, what: 'the embedded database' })
    if (!this.isInMemory) this.#lock = new FileLock(`${settings.dataDir}.lock`, ports)
  }

  get isInMemory(): boolean {
    return this.settings.dataDir.startsWith('memory:')
  }

  get counts(): { readonly total: number; readonly idle: number; readonly waiting: number } {
    const total = this.#running ? 1 : 0
    return { total, idle: this.#isTaken ? 0 : total, waiting: this.#line.length }
  }

  /** Waits for the start, which takes some seconds, and for its turn. Give it back. */
  async take(signal?: AbortSignal): Promise<Engine> {
    signal?.throwIfAborted()
    if (this.#isClosed) throw abortedError('The statement')
    if (!this.#running) await this.#start(signal) // does not count as waiting in line
    if (this.#isTaken) await this.#line.join(this.settings.maxWaiting, signal)
    this.#isTaken = true
    try {
      const engine = await this.#start(signal)
      signal?.throwIfAborted()
      return engine
    } catch (error) {
      this.give()
      throw error
    }
  }

  give(): void {
    if (!this.#line.serve(undefined)) this.#isTaken = false
  }

  /** Idempotent. What is in work is cut. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#line.close()
    await this.#starting?.kill()
    await this.#running?.close()
    await this.#lock?.release()
  }

  // The start goes on when its first caller leaves: the next one needs it as well.
  async #start(signal: AbortSignal | undefined): Promise<Engine> {
    if (this.#verdict) throw this.#verdict
    const starting = (this.#engine ??= this.#open())
    if (this.#running || !signal) return starting
    const { promise, reject } = Promise.withResolvers<never>()
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([starting, promise])
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  async #open(): Promise<Engine> {
    const { dataDir, initSql } = this.settings
    let engine: Engine | undefined
    try {
      await this.#takeLock()
      const { workerFile, clock, log } = this.#ports
      const onEnd = (): void => this.#fell(engine)
      if (this.#isClosed) throw abortedError('The statement')
      const copy = this.isInMemory ? freshCopyOf(initSql) : undefined
      const started = (engine = new Engine({ dataDir, copy, workerFile, after: clock.after, onEnd }))
      this.#starting = started
      await started.ready()
      await started.session.run(outputForm, { commits: false })
      await initialise(started.session, initSql)
      if (this.isInMemory) await keepFreshCopy(initSql, () => started.copy())
      log.info(`The embedded PostgreSQL database in ${dataDir} is open`)
      this.#running = engine
      return engine
    } catch (error) {
      this.#engine = undefined
      if (isPaletteError(error) && error.details['field'] === 'initSql') this.#verdict = error
      await engine?.kill()
      await this.#lock?.release()
      throw error
    } finally {
      this.#starting = undefined
    }
  }

  #fell(engine: Engine | undefined): void {
    if (!engine || this.#running !== engine) return
    this.#running = undefined
    this.#engine = undefined
    if (this.isInMemory && !this.#isClosed)
      this.#ports.log.warn(
        'The embedded database in memory was ended; its data is lost, and `initSql` runs again',
      )
  }

  async #takeLock(): Promise<void> {
    const holder = await this.#lock?.acquire()
    if (holder === undefined || holder === 'held' || holder === 'taken') return
    throw configError(
      'dataDir',
      `Property \`dataDir\`: ${this.settings.dataDir} is in use by process ${holder.pid} on ${holder.host}; choose another folder, or use a server`,
    )
  }
}
