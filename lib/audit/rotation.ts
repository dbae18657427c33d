import { basename, dirname, extname, join } from 'node:path'
import type { Files } from '../ports.ts'

/** A closed file of a trail. */
export interface RotatedFile {
  readonly path: string
  /** Number of its last record. */
  readonly lastSeq: number
}

const SEQ_DIGITS = 12

/**
 * The name that a trail's file gets when it is closed: `audit.jsonl` becomes `audit-2026-11-21-000000004711.jsonl`
 * after the day and the number of its last record, so that names sort as the records do.
 */
export function rotatedName(path: string, day: string, lastSeq: number): string {
  const extension = extname(path)
  const stem = basename(path, extension)
  return join(dirname(path), `${stem}-${day}-${String(lastSeq).padStart(SEQ_DIGITS, '0')}${extension}`)
}

/** The closed files of the trail at `path`, oldest first. */
export async function rotatedFiles(
  files: Pick<Files, 'list'>,
  path: string,
): Promise<readonly RotatedFile[]> {
  const extension = extname(path)
  const stem = `${basename(path, extension)}-`
  const found: RotatedFile[] = []
  for (const name of await files.list(dirname(path))) {
    if (!name.startsWith(stem) || !name.endsWith(extension)) continue
    const [, seq] =
      /^\d{4}-\d\d-\d\d-(\d{12,})$/.exec(name.slice(stem.length, name.length - extension.length)) ?? []
    if (seq !== undefined) found.push({ path: join(dirname(path), name), lastSeq: Number(seq) })
  }
  return found.sort((a, b) => a.lastSeq - b.lastSeq)
}

const DAY_MS = 86_400_000

/** Removes closed files whose last record is older than `retainDays`; returns how many. */
export async function removeExpired(
  files: Pick<Files, 'list' | 'stat' | 'remove'>,
  path: string,
  retainDays: number,
  now: number,
): Promise<number> {
  let removed = 0
  for (const file of await rotatedFiles(files, path)) {
    const stat = await files.stat(file.path)
    if (!stat || now - stat.mtimeMs <= retainDays * DAY_MS) break // the rest is younger still
    await files.remove(file.path)
    removed += 1
  }
  return removed
}
