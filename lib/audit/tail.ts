import type { Files } from '../ports.ts'
import { START, type Head } from './record.ts'
import { rotatedFiles } from './rotation.ts'
import { checkLine } from './verify.ts'

/** Larger than any record: details are cut to far less. */
const WINDOW_BYTES = 1_048_576

/** The end of a trail's file. */
export interface Tail {
  /** The last whole record; undefined in an empty file. */
  readonly head: Head | undefined
  /** Bytes up to the end of the last whole record. */
  readonly size: number
  /** What a crash has left behind that: a record that was never acknowledged. Empty in a file that was closed well. */
  readonly torn: string
  /** Why the records before the end are not in order; undefined where they are. */
  readonly damage?: string
}

const EMPTY: Tail = { head: undefined, size: 0, torn: '' }

/** Reads the end of one file. A file that is not there is empty. */
export async function readTail(files: Pick<Files, 'stat' | 'readStream'>, path: string): Promise<Tail> {
  const stat = await files.stat(path)
  if (!stat || stat.size === 0) return EMPTY
  const from = Math.max(0, stat.size - WINDOW_BYTES)
  const chunks: Buffer[] = []
  for await (const chunk of files.readStream(path, from)) chunks.push(Buffer.from(chunk))
  const window = Buffer.concat(chunks)
  const end = endOfRecords(window)
  if (end === 0 && from > 0) return { ...EMPTY, size: stat.size, damage: 'it does not end with a record' }
  const lines = window
    .subarray(0, end)
    .toString('utf8')
    .split('\n')
    .slice(from > 0 ? 1 : 0)
  const torn = window.subarray(end).toString('utf8')
  return { ...lastHead(lines), size: from + end, torn }
}

// A power cut may leave zeros where the disk had space but no data yet; JSON text holds none.
function endOfRecords(window: Buffer): number {
  const zero = window.indexOf(0)
  return window.lastIndexOf(0x0a, zero === -1 ? window.length : zero) + 1
}

function lastHead(lines: readonly string[]): Pick<Tail, 'head' | 'damage'> {
  let head: Head | undefined
  for (const line of lines) {
    if (line.trim() === '') continue
    const next = checkLine(line, head)
    if (typeof next === 'string') return { head, damage: next }
    head = next
  }
  return { head }
}

/** The record that the next one of the trail at `path` follows, over all of its files. */
export async function lastOfTrail(
  files: Pick<Files, 'stat' | 'readStream' | 'list'>,
  path: string,
  active: Tail,
): Promise<Head> {
  if (active.head) return active.head
  const newest = (await rotatedFiles(files, path)).at(-1)
  if (!newest) return START
  const { head } = await readTail(files, newest.path)
  return head ?? { seq: newest.lastSeq, hash: undefined }
}
