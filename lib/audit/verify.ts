import { show } from '../errors.ts'
import { GENESIS, hashOf, RECORD_VERSION, type Head } from './record.ts'

/** What {@link verifyTrail} found. */
export interface Verification {
  readonly ok: boolean
  /** Records that are in order, before the first that is not. */
  readonly records: number
  /** Line of the first broken record, counted from 1. */
  readonly brokenAt?: number
  readonly reason?: string
  /** False where no record carries a hash (`chain: false`): then only the numbers were checked. */
  readonly chained: boolean
  /** Number of the first record: above 1 where older files were removed. */
  readonly firstSeq?: number
  /** The last record in order. Kept elsewhere, it shows later whether the end of the trail was cut off. */
  readonly head?: Head
}

/**
 * Checks the lines of a trail, oldest first, over all of its files: each record unchanged, numbers without a gap, each
 * `prev` the hash of the record before. Blank lines do not count. A trail that starts above 1 is checked from there.
 */
export async function verifyTrail(lines: Iterable<string> | AsyncIterable<string>): Promise<Verification> {
  let line = 0
  let records = 0
  let firstSeq: number | undefined
  let head: Head | undefined
  const found = (): Verification => ({
    ok: true,
    records,
    chained: head?.hash !== undefined,
    ...(firstSeq === undefined ? {} : { firstSeq }),
    ...(head ? { head } : {}),
  })
  for await (const text of lines) {
    line += 1
    if (text.trim() === '') continue
    const next = checkLine(text, head)
    if (typeof next === 'string') return { ...found(), ok: false, brokenAt: line, reason: next }
    records += 1
    firstSeq ??= next.seq
    head = next
  }
  return found()
}

/** The head that a line makes, or the reason why it does not continue `before`. */
export function checkLine(text: string, before: Head | undefined): Head | string {
  const record = parse(text)
  if (!record) return `expected a record, got ${show(text)}`
  const { v, seq, prev, hash } = record
  if (v !== RECORD_VERSION) return `expected version ${RECORD_VERSION}, got ${show(v)}`
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1)
    return `expected a record number, got ${show(seq)}`
  if (before && seq !== before.seq + 1) return `expected record ${before.seq + 1}, got record ${seq}`
  if (hash === undefined && prev === undefined) {
    return before?.hash === undefined ? { seq, hash: undefined } : `record ${seq} has no hash`
  }
  return checkLink(record, seq, prev, before) ?? { seq, hash: hash as string }
}

function checkLink(
  record: Readonly<Record<string, unknown>>,
  seq: number,
  prev: unknown,
  before: Head | undefined,
): string | undefined {
  const isFirst = before ? before.hash === undefined : seq === 1
  const expected = isFirst ? GENESIS : before?.hash
  if (expected !== undefined && prev !== expected) {
    return `record ${seq} does not follow the record before it: expected prev ${expected}, got ${show(prev)}`
  }
  return record['hash'] === hashQuietly(record) ? undefined : `record ${seq} was changed after it was written`
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

// A forged record may have no canonical form, or be nested deeper than the stack.
function hashQuietly(record: Readonly<Record<string, unknown>>): string | undefined {
  try {
    return hashOf(Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'hash')))
  } catch {
    return undefined
  }
}
