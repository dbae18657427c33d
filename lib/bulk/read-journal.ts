import type { Files } from '../ports.ts'
import type { Settled } from './item.ts'
import { JOURNAL_VERSION, type JournalHeader, type Mark } from './journal.ts'
import type { ResumedItems } from './options.ts'

/** A run as its journal tells it. */
export interface JournaledRun<T, R> extends ResumedItems<R> {
  readonly header: JournalHeader
  readonly items: readonly T[]
  readonly settled: Map<number, Settled<R>>
  readonly started: Set<number>
  /** Items whose audit record is certain to be written. */
  readonly recorded: Set<number>
  cancelled: boolean
  /** Bytes up to the end of the last whole line. */
  size: number
}

/**
 * Reads a journal up to its last whole line: what a crash has left behind that was never acknowledged.
 *
 * @returns undefined for a file that is no journal of ours.
 */
export async function readJournal<T, R>(
  files: Pick<Files, 'readStream'>,
  path: string,
): Promise<JournaledRun<T, R> | undefined> {
  let run: JournaledRun<T, R> | undefined
  const items: T[] = []
  let size = 0
  for await (const line of wholeLines(files.readStream(path))) {
    const value = parse(line)
    if (value === undefined) break
    size += line.byteLength + 1
    if (!run) {
      if (!isHeader(value)) return undefined
      run = {
        header: value,
        items,
        settled: new Map(),
        started: new Set(),
        recorded: new Set(),
        cancelled: false,
        size,
      }
    } else if (items.length < run.header.total) items.push(value as T)
    else apply(run, value as Mark)
  }
  if (!run || items.length < run.header.total) return undefined
  run.size = size
  return run
}

function apply<R>(run: JournaledRun<unknown, R>, mark: Mark): void {
  if ('started' in mark) run.started.add(mark.started)
  else if ('finished' in mark) {
    const { result, attempts, ms } = mark
    run.settled.set(mark.finished, { result: result as Settled<R>['result'], attempts, latencyMs: ms })
    run.started.delete(mark.finished)
  } else if ('recorded' in mark) run.recorded.add(mark.recorded)
  else run.cancelled = true
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8')) as unknown
  } catch {
    return undefined // zeros, where a power cut came before the data
  }
}

function isHeader(value: unknown): value is JournalHeader {
  if (typeof value !== 'object' || value === null) return false
  const { v, id, total } = value as Partial<JournalHeader>
  return v === JOURNAL_VERSION && typeof id === 'string' && typeof total === 'number'
}

async function* wholeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  for await (const chunk of chunks) {
    let from = 0
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, from)) {
      yield rest.length === 0
        ? bytes.subarray(from, end)
        : Buffer.concat([...rest, bytes.subarray(from, end)])
      rest = []
      from = end + 1
    }
    if (from < bytes.length) rest.push(bytes.subarray(from))
  }
}
