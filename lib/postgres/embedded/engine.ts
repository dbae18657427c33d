import { Worker } from 'node:worker_threads'
import { configError, PaletteError } from '../../errors.ts'
import { Session } from '../wire/session.ts'
import type { WorkerData, WorkerNews } from './worker.ts'

/** How long PGlite may take to close its files before its thread is ended. */
const CLOSE_WAIT_MS = 5000

/** Where the engine keeps its data, and where its worker's file is. */
export interface EngineOptions extends WorkerData {
  readonly workerFile: string | URL
  readonly after: (ms: number, callback: () => void) => () => void
  /** Called once, when the thread has ended, however. */
  readonly onEnd: () => void
}

/** PGlite in a thread of its own, with one session. */
export class Engine {
  readonly session: Session
  /** Milliseconds that each statement may take; 0 = no limit. */
  limitMs = 0
  /** Whether a statement was stopped for it took too long. */
  hasTimedOut = false
  readonly #worker: Worker
  readonly #options: EngineOptions
  readonly #ended: Promise<void>
  #disarm: (() => void) | undefined

  constructor(options: EngineOptions) {
    this.#options = options
    const workerData: WorkerData = { dataDir: options.dataDir, copy: options.copy }
    this.#worker = new Worker(options.workerFile, { workerData, name: 'pglite' })
    this.session = new Session(options.dataDir, (bytes, steps) => this.#send(bytes, steps))
    let cause: unknown
    this.#worker.on('error', (error: unknown) => {
      cause = error
    })
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#disarm?.()
        this.session.lose(cause)
        options.onEnd()
        resolve()
      })
    })
  }

  /** Resolves when it takes statements. @throws `CONFIG_INVALID`, `PG_UNAVAILABLE` */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(openFailure(this.#options.dataDir, 'its thread ended'))
      this.#worker.once('exit', ended)
      this.#worker.once('message', (first: WorkerNews) => {
        this.#worker.off('exit', ended)
        if (first.news === 'ready') {
          this.#worker.on('message', (news: Uint8Array | Blob) => {
            if (news instanceof Uint8Array) this.#receive(news)
          })
          resolve()
        } else reject(first.isMissing ? missing() : openFailure(this.#options.dataDir, first.reason))
      })
    })
  }

  /** Copies all data, between two statements. @throws `PG_UNAVAILABLE` when the thread ends before. */
  async copy(): Promise<Blob> {
    const { promise, resolve } = Promise.withResolvers<Blob>()
    const listen = (news: Uint8Array | Blob): void => {
      if (news instanceof Blob) resolve(news)
    }
    this.#worker.on('message', listen)
    this.#worker.postMessage('copy')
    const lost = this.#ended.then(() => {
      throw openFailure(this.#options.dataDir, 'its thread ended')
    })
    try {
      return await Promise.race([promise, lost])
    } finally {
      this.#worker.off('message', listen)
    }
  }

  /** Ends the thread at once, whatever it does. Idempotent. */
  async kill(): Promise<void> {
    await this.#worker.terminate()
    await this.#ended
  }

  /** Closes the database's files, then the thread. Idempotent. */
  async close(): Promise<void> {
    if (this.session.isBusy) return this.kill()
    this.#worker.postMessage('close')
    const cancel = this.#options.after(CLOSE_WAIT_MS, () => void this.#worker.terminate())
    await this.#ended
    cancel()
  }

  #send(bytes: Buffer, steps: number): void {
    const copy = new Uint8Array(bytes) // the buffer goes on to be written to
    this.#worker.postMessage(copy, [copy.buffer])
    if (this.limitMs === 0 || steps === 0) return
    this.#disarm?.()
    this.#disarm = this.#options.after(this.limitMs * steps, () => {
      this.hasTimedOut = true
      void this.kill()
    })
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.session.receive(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    } catch (error) {
      this.session.lose(error)
      void this.kill()
    }
    if (!this.session.isBusy) this.#disarm?.()
  }
}

const missing = (): PaletteError =>
  configError(
    'mode',
    'Property `mode`: the embedded database is not installed; run `npm install @electric-sql/pglite` in the user directory, or use a server',
  )

const openFailure = (dataDir: string, reason: string): PaletteError =>
  new PaletteError('PG_UNAVAILABLE', `The embedded database in ${dataDir} does not open: ${reason}`, {
    details: { sqlstate: '08001', outcome: 'rolled back' },
  })
