import { GroupCommit } from '../concurrency/group-commit.ts'
import { diskFault } from '../disk-fault.ts'
import { PaletteError } from '../errors.ts'
import type { AppendFile, Files } from '../ports.ts'
import type { Settled } from './item.ts'
import { exactJson, maskedJson } from './journal-text.ts'
import type { RunJournal } from './options.ts'

/** The version of the file's form. */
export const JOURNAL_VERSION = 1

const MAX_GROUP = 1024

/** What a journal tells of its run besides the items. JSON values only. */
export interface JournalHeader {
  readonly v: number
  /** UUID of the run. */
  readonly id: string
  /** What the calls go to: a run is not carried on elsewhere. */
  readonly target: string
  readonly begunMs: number
  readonly total: number
  /** What all items share. */
  readonly shared: unknown
  /** The message that the results belong to. */
  readonly message: Readonly<Record<string, unknown>>
}

/** A line of a journal behind the items. */
export type Mark =
  | { readonly started: number }
  | { readonly finished: number; readonly result: unknown; readonly attempts: number; readonly ms: number }
  | { readonly recorded: number }
  | { readonly cancelled: true }

/** What a journal is told of its run. */
export interface JournalOptions {
  /**
   * Whether an item may be worked again with the same key. Then a mark is safe once the operating system has it, and the
   * disk follows at its own pace: a power cut costs the last few milliseconds of marks, whose items are repeated. Else each
   * mark is on the disk before its promise resolves.
   */
  readonly isRepeatable: boolean
}

/**
 * A bulk run in a file of JSON lines: the header, a line an item, then marks as the run goes. No kill of the process loses
 * a mark whose promise has resolved. Marks that come together share one write.
 */
export class BulkJournal<R> implements RunJournal<R> {
  readonly #files: Pick<Files, 'remove'>
  readonly #path: string
  readonly #file: AppendFile
  readonly #commits = new GroupCommit<Mark, undefined>((marks) => this.#append(marks), MAX_GROUP)
  /** After a failed write nobody knows how the file ends: nothing more is written. */
  #fault: PaletteError | undefined
  readonly #isRepeatable: boolean
  #syncing: Promise<PaletteError | undefined> | undefined
  #closed: Promise<void> | undefined

  private constructor(
    files: Pick<Files, 'remove'>,
    path: string,
    file: AppendFile,
    { isRepeatable }: JournalOptions,
  ) {
    this.#files = files
    this.#path = path
    this.#file = file
    this.#isRepeatable = isRepeatable
  }

  /**
   * Writes a new journal, whole or not at all.
   *
   * @param place where the items stand, as users write it (`msg.payload`).
   * @throws `JOURNAL_UNAVAILABLE`; `INPUT_INVALID` for items that JSON cannot hold, or that hold a secret.
   */
  static async create<R>(
    files: Files,
    path: string,
    header: Omit<JournalHeader, 'v' | 'total'>,
    items: readonly unknown[],
    { place, ...options }: JournalOptions & { readonly place: string },
  ): Promise<BulkJournal<R>> {
    const head: JournalHeader = { v: JOURNAL_VERSION, ...header, total: items.length }
    exactJson(head.shared, place)
    const lines = Array.from(items, (item, index) => `${exactJson(item, `${place}[${index}]`)}\n`)
    return guarded(path, async () => {
      await files.writeAtomic(path, `${JSON.stringify(head)}\n${lines.join('')}`)
      return new BulkJournal<R>(files, path, await files.openAppend(path), options)
    })
  }

  /** Goes on with a journal behind its last whole line. @throws `JOURNAL_UNAVAILABLE` */
  static async reopen<R>(
    files: Files,
    path: string,
    size: number,
    options: JournalOptions,
  ): Promise<BulkJournal<R>> {
    return guarded(path, async () => {
      const file = await files.openAppend(path)
      await file.truncate(size)
      return new BulkJournal<R>(files, path, file, options)
    })
  }

  started(index: number): Promise<void> {
    return this.#commits.add({ started: index })
  }

  finished(index: number, { result, attempts, latencyMs }: Settled<R>): Promise<void> {
    return this.#commits.add({ finished: index, result, attempts, ms: latencyMs })
  }

  /** The audit trail has the item's record. */
  recorded(index: number): Promise<void> {
    return this.#commits.add({ recorded: index })
  }

  /** The run was cancelled: a restart does not carry it on. */
  cancelled(): Promise<void> {
    return this.#commits.add({ cancelled: true })
  }

  /** Leaves the file to a later run. Idempotent. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  /** Ends the journal: the message has gone on. @throws when the file cannot be removed. */
  async remove(): Promise<void> {
    await this.close()
    await this.#files.remove(this.#path)
  }

  async #close(): Promise<void> {
    await this.#commits.idle()
    await this.#syncing
    await this.#file.close()
  }

  async #append(marks: readonly Mark[]): Promise<readonly undefined[]> {
    if (this.#fault) throw this.#fault
    try {
      await guarded(this.#path, () =>
        this.#file.append(marks.map((mark) => `${maskedJson(mark)}\n`).join('')),
      )
    } catch (error) {
      this.#fault = error as PaletteError
      throw error
    }
    const synced = this.#sync()
    if (this.#isRepeatable) return []
    const fault = await synced
    if (fault) throw fault
    return []
  }

  // One at a time. Where nobody waits for it, its failure is that of the next mark.
  #sync(): Promise<PaletteError | undefined> {
    return (this.#syncing ??= guarded(this.#path, () => this.#file.sync())
      .then(
        () => undefined,
        (error: unknown) => (this.#fault = error as PaletteError),
      )
      .finally(() => {
        this.#syncing = undefined
      }))
  }
}

async function guarded<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    throw new PaletteError(
      'JOURNAL_UNAVAILABLE',
      `The journal ${path} cannot be written: ${diskFault(error)}`,
      {
        details: { path },
        cause: error,
      },
    )
  }
}
