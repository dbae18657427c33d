import { GroupCommit } from '../concurrency/group-commit.ts'
import { diskFault } from '../disk-fault.ts'
import { PaletteError } from '../errors.ts'
import type { AppendFile, Files, Logger } from '../ports.ts'

/** What this machine last wrote to a connector. */
export interface LastWrite {
  /** Of what was written; undefined while the first write has no answer. */
  readonly fingerprint?: string | undefined
  /** Strong entity tag of the state after it, where the server gave one. */
  readonly etag?: string | undefined
  /** Of a write whose answer did not come: it may have been done. */
  readonly pending?: string | undefined
}

/** Remembers what was last written, to tell our own state of a connector from one that somebody else made. */
export interface Ledger {
  find(key: string): LastWrite | undefined
  /** Resolves once it is safe that a write (`pending`) is about to be made. @throws `JOURNAL_UNAVAILABLE` */
  begin(key: string, write: LastWrite): Promise<void>
  /** The state as it is now known to be ours. */
  settle(key: string, write: LastWrite): void
  /** Resolves once all is written. Idempotent. */
  close(): Promise<void>
}

/** Connectors that are remembered; the one written longest ago is forgotten first. */
const MAX_KEYS = 100_000
/** The file is written anew once it has this many lines more than twice the connectors. */
const SLACK_LINES = 10_000
const MAX_GROUP = 1024

/** Remembers for as long as the process runs. */
export class MemoryLedger implements Ledger {
  readonly #writes = new Map<string, LastWrite>()

  get size(): number {
    return this.#writes.size
  }

  find(key: string): LastWrite | undefined {
    return this.#writes.get(key)
  }

  begin(key: string, write: LastWrite): Promise<void> {
    this.settle(key, write)
    return Promise.resolve()
  }

  settle(key: string, write: LastWrite): void {
    this.#writes.delete(key) // to the end: the map's order is the order of writing
    this.#writes.set(key, write)
    const oldest = this.#writes.keys().next().value
    if (this.#writes.size > MAX_KEYS && oldest !== undefined) this.#writes.delete(oldest)
  }

  /** One line a connector, see {@link FileLedger}. */
  text(): string {
    let text = ''
    for (const [key, write] of this.#writes) text += lineOf(key, write)
    return text
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** What {@link FileLedger} needs. */
interface LedgerPorts {
  readonly files: Files
  readonly logger: Pick<Logger, 'warn'>
}

/**
 * Remembers over restarts: a line is added to a file before each write and after it, the last one of a connector counts.
 * Lines are handed to the operating system, so that a killed process loses none; a machine that loses its power may lose
 * the last ones, and the worst of that is a conflict that is told though there is none.
 */
export class FileLedger implements Ledger {
  readonly #path: string
  readonly #ports: LedgerPorts
  readonly #known = new MemoryLedger()
  readonly #commits = new GroupCommit<string, undefined>((lines) => this.#write(lines), MAX_GROUP)
  #file: AppendFile | undefined
  #lines = 0
  /** A line that was cut off by a crash must not swallow the next one. */
  #isTorn = false

  constructor(path: string, ports: LedgerPorts) {
    this.#path = path
    this.#ports = ports
  }

  /** Reads the file, if there is one. @throws `JOURNAL_UNAVAILABLE` */
  async load(): Promise<void> {
    const { files } = this.#ports
    try {
      const text = (await files.stat(this.#path)) ? await files.read(this.#path) : ''
      for (const line of text.split('\n')) this.#learn(line)
      this.#isTorn = text !== '' && !text.endsWith('\n')
    } catch (error) {
      throw this.#unavailable(error)
    }
  }

  find(key: string): LastWrite | undefined {
    return this.#known.find(key)
  }

  async begin(key: string, write: LastWrite): Promise<void> {
    this.#known.settle(key, write)
    await this.#commits.add(lineOf(key, write))
  }

  settle(key: string, write: LastWrite): void {
    this.#known.settle(key, write)
    // Lost, it costs one more question to the server: what was begun is in the file.
    this.#commits
      .add(lineOf(key, write))
      .catch((error: unknown) => this.#ports.logger.warn((error as Error).message))
  }

  async close(): Promise<void> {
    await this.#commits.idle()
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  #learn(line: string): void {
    const read = parseLine(line)
    if (!read) return
    this.#lines += 1
    this.#known.settle(read.key, read.write)
  }

  async #write(lines: readonly string[]): Promise<readonly undefined[]> {
    try {
      if (this.#lines + lines.length > 2 * this.#known.size + SLACK_LINES) await this.#rewrite()
      else {
        this.#file ??= await this.#ports.files.openAppend(this.#path)
        await this.#file.append((this.#isTorn ? '\n' : '') + lines.join(''))
        this.#isTorn = false
        this.#lines += lines.length
      }
      return []
    } catch (error) {
      this.#isTorn = true // a disk that fills up takes a part of a line
      throw this.#unavailable(error)
    }
  }

  async #rewrite(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
    await this.#ports.files.writeAtomic(this.#path, this.#known.text())
    this.#lines = this.#known.size
  }

  #unavailable(error: unknown): PaletteError {
    const what = `What is written to connectors cannot be kept in ${this.#path}: ${diskFault(error)}`
    return new PaletteError('JOURNAL_UNAVAILABLE', what, { details: { path: this.#path }, cause: error })
  }
}

const lineOf = (key: string, write: LastWrite): string => `${JSON.stringify({ key, ...write })}\n`

function parseLine(line: string): { key: string; write: LastWrite } | undefined {
  try {
    const { key, fingerprint, etag, pending } = JSON.parse(line) as Record<string, unknown>
    if (typeof key !== 'string') return undefined
    const texts = Object.entries({ fingerprint, etag, pending }).filter(
      ([, value]) => typeof value === 'string',
    )
    return { key, write: Object.fromEntries(texts) }
  } catch {
    return undefined
  }
}
