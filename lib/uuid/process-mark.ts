import type { Logger } from '../ports.ts'
import { systemClock, systemFiles } from '../system.ts'
import { HighWaterMark } from './high-water-mark.ts'
import { processTimeline } from './timeline.ts'

/** A share in the process's high-water mark of one file. */
export interface MarkLease {
  readonly mark: HighWaterMark
  /** Gives the share back; the last one closes the mark. Idempotent. */
  release(): Promise<void>
}

interface Shared {
  readonly mark: Promise<HighWaterMark>
  users: number
}

const marks = new Map<string, Shared>()
/** A file is read again only after it was closed. */
let closing: Promise<void> = Promise.resolve()

/** The mark of {@link processTimeline} in the file `path` (absolute): opened for the first user, closed with the last. */
export async function acquireMark(path: string, log: Logger): Promise<MarkLease> {
  const ports = { files: systemFiles, clock: systemClock, timeline: processTimeline, log }
  const shared = marks.get(path) ?? { mark: closing.then(() => HighWaterMark.open(ports, path)), users: 0 }
  marks.set(path, shared)
  shared.users += 1
  let released: Promise<void> | undefined
  const mark = await shared.mark
  return { mark, release: () => (released ??= giveBack(path, shared)) }
}

async function giveBack(path: string, shared: Shared): Promise<void> {
  shared.users -= 1
  if (shared.users > 0) return
  marks.delete(path)
  closing = shared.mark.then((mark) => mark.close())
  await closing
}
