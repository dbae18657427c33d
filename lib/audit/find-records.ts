import { dirname } from 'node:path'
import type { Files } from '../ports.ts'
import { rotatedFiles } from './rotation.ts'

/** A record's line begins so, see `placeRecord`. */
const LINE_START = /^\{"v":\d+,"id":"([^"]+)"/
/** Enough of a line to hold its id. */
const START_LENGTH = 80
/** A file's time of change may lie a little behind the clock. */
const MARGIN_MS = 1000

/** Which of these ids have a record in the files of a trail that were written to since `sinceMs` (Unix). */
export async function findRecords(
  files: Pick<Files, 'list' | 'stat' | 'readStream'>,
  path: string,
  ids: ReadonlySet<string>,
  sinceMs: number,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const closed = (await files.stat(dirname(path))) ? await rotatedFiles(files, path) : []
  for (const file of [path, ...closed.map((rotated) => rotated.path).reverse()]) {
    const stat = await files.stat(file)
    if (!stat) continue // it was closed, and no record has come since
    if (stat.mtimeMs < sinceMs - MARGIN_MS || found.size === ids.size) break // the rest is older still
    for await (const start of lineStarts(files.readStream(file))) {
      const id = LINE_START.exec(start)?.[1]
      if (id !== undefined && ids.has(id)) found.add(id)
    }
  }
  return found
}

async function* lineStarts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let start = ''
  for await (const chunk of chunks) {
    const lines = Buffer.from(chunk).toString('latin1').split('\n')
    for (const [index, line] of lines.entries()) {
      if (index > 0) {
        yield start
        start = ''
      }
      if (start.length < START_LENGTH) start += line.slice(0, START_LENGTH - start.length)
    }
  }
  yield start
}
