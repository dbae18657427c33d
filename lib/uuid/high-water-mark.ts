import { isAbsolute } from 'node:path'
import { show } from '../errors.ts'
import type { Clock, Files, Logger } from '../ports.ts'
import type { Timeline } from './timeline.ts'

/** How much time one write reserves. */
const BLOCK_MS = 10_000
/** A new block is reserved when less than this is left: more than one run of ids takes. */
const MARGIN_MS = 1000
/** A mark that is further ahead of the clock than this is worth a warning. */
const AHEAD_MS = 60_000
/** The largest time that 48 bits hold, less room to go on. */
const MAX_MS = 2 ** 48 - 2 ** 32

/** What a high-water mark needs. */
export interface MarkPorts {
  readonly files: Files
  readonly clock: Clock
  readonly log: Logger
  readonly timeline: Timeline
}

/**
 * Keeps UUIDv7 increasing across restarts: the file says which time no id has reached yet, and is written ahead in
 * blocks, so that not each id costs a write. A process that dies loses at most the rest of its block: its successor
 * begins behind it, up to 10 s ahead of the clock.
 */
export class HighWaterMark {
  readonly #ports: MarkPorts
  readonly #path: string
  #reservedMs = 0
  #writing: Promise<void> | undefined
  #closed: Promise<void> | undefined
  #failed = false

  private constructor(ports: MarkPorts, path: string) {
    this.#ports = ports
    this.#path = path
  }

  /** Reads the mark of the process before, and moves the timeline behind it. A file that cannot be read is told and passed over. */
  static async open(ports: MarkPorts, path: string): Promise<HighWaterMark> {
    if (!isAbsolute(path)) throw new TypeError(`Expected an absolute path, got ${show(path)}`)
    const mark = new HighWaterMark(ports, path)
    await mark.#load()
    return mark
  }

  /** Ids may carry times up to this, and none beyond. */
  get limitMs(): number {
    return this.#reservedMs - 1
  }

  /** False while the mark cannot be written: ids go on, but may repeat times after a restart. */
  get isDurable(): boolean {
    return !this.#failed
  }

  /** Makes sure that there is reserved time: undefined when there is, else resolves once it is. Call it before each run of ids. */
  reserve(): Promise<void> | undefined {
    if (this.#isEnough()) return undefined
    return this.#reserveMore()
  }

  /** Gives back what is reserved and not used. Idempotent. */
  close(): Promise<void> {
    return (this.#closed ??= this.#giveBack())
  }

  #isEnough(): boolean {
    const { clock, timeline } = this.#ports
    return Math.max(clock.now(), timeline.ms) + MARGIN_MS < this.#reservedMs
  }

  async #reserveMore(): Promise<void> {
    while (this.#writing) await this.#writing // another message is at it
    if (this.#isEnough()) return
    const { clock, timeline } = this.#ports
    const until = Math.max(clock.now(), timeline.ms) + BLOCK_MS
    await this.#write(until)
  }

  async #giveBack(): Promise<void> {
    while (this.#writing) await this.#writing
    if (this.#reservedMs === 0) return
    await this.#write(this.#ports.timeline.ms + 1)
  }

  async #write(untilMs: number): Promise<void> {
    const { files } = this.#ports
    const settled = (error?: unknown): void => {
      if (error === undefined) this.#failed = false
      else this.#warnOnce(error)
      this.#reservedMs = untilMs // also without a disk: ids go on
      this.#writing = undefined
    }
    this.#writing = files
      .writeAtomic(this.#path, `${JSON.stringify({ untilMs })}\n`)
      .then(() => settled(), settled)
    await this.#writing
  }

  #warnOnce(error: unknown): void {
    if (!this.#failed) {
      const reason = (error as Error).message
      this.#ports.log.warn(
        `${this.#path} cannot be written, UUIDv7 may not increase across a restart: ${reason}`,
      )
    }
    this.#failed = true
  }

  async #load(): Promise<void> {
    const { clock, files, log, timeline } = this.#ports
    try {
      if (!(await files.stat(this.#path))) return
      const untilMs = readMark(await files.read(this.#path))
      const ahead = untilMs - clock.now()
      if (ahead > AHEAD_MS)
        log.warn(`UUIDv7 run ${Math.round(ahead / 1000)} s ahead of the clock: it has been set back`)
      timeline.notBefore(untilMs)
    } catch (error) {
      const reason = (error as Error).message
      log.warn(`${this.#path} cannot be read, UUIDv7 begin at the clock's time: ${reason}`)
    }
  }
}

function readMark(text: string): number {
  const { untilMs } = (JSON.parse(text) ?? {}) as { untilMs?: unknown }
  if (typeof untilMs === 'number' && Number.isInteger(untilMs) && untilMs >= 0 && untilMs < MAX_MS)
    return untilMs
  throw new RangeError(`expected \`untilMs\` to be Unix milliseconds, got ${show(untilMs)}`)
}
