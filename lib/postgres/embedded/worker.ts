// Runs in a worker thread: PGlite, spoken to in PostgreSQL's own protocol. A query of PGlite blocks its thread.
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'

/** What a worker tells first: that it is ready, or why not. */
export type WorkerNews =
  | { readonly news: 'ready' }
  | { readonly news: 'failed'; readonly reason: string; readonly isMissing: boolean }

/** What is used of PGlite. */
interface RunningPglite {
  execProtocolRawStream(message: Uint8Array, options: { onRawData(data: Uint8Array): void }): Promise<void>
  dumpDataDir(compression: 'none'): Promise<Blob>
  close(): Promise<void>
}

/** What a worker is given. */
export interface WorkerData {
  /** Absolute folder, or `memory://`. */
  readonly dataDir: string
  /** What a database in memory begins as, instead of an empty one. */
  readonly copy: Blob | undefined
}

async function open({ dataDir, copy }: WorkerData): Promise<RunningPglite> {
  const { PGlite } = await import('@electric-sql/pglite')
  if (dataDir.startsWith('memory:')) return PGlite.create({ dataDir, ...(copy && { loadDataDir: copy }) })
  // Tells of a database that was interrupted while it was made: that one is made anew.
  const mark = `${dataDir}.making`
  if (existsSync(mark)) await rm(dataDir, { recursive: true, force: true })
  if (existsSync(join(dataDir, 'PG_VERSION'))) return PGlite.create({ dataDir })
  await mkdir(dataDir, { recursive: true })
  if ((await readdir(dataDir)).length > 0)
    throw new Error('it holds other files and no database; choose an empty folder')
  await writeFile(mark, '')
  const made = await PGlite.create({ dataDir })
  await rm(mark)
  return made
}

async function serve(): Promise<void> {
  const port = parentPort
  if (!port) return
  const tell = (news: WorkerNews): void => port.postMessage(news)
  let database: RunningPglite
  try {
    database = await open(workerData as WorkerData)
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    tell({ news: 'failed', reason: message ?? String(error), isMissing })
    return
  }
  const onRawData = (data: Uint8Array): void => {
    const copy = data.slice() // its memory is used again
    port.postMessage(copy, [copy.buffer])
  }
  let last: Promise<void> = Promise.resolve()
  port.on('message', (message: Uint8Array | 'close' | 'copy') => {
    last = last.then(async () => {
      if (message === 'copy') port.postMessage(await database.dumpDataDir('none'))
      else if (message !== 'close') await database.execProtocolRawStream(message, { onRawData })
      else {
        await database.close()
        port.close()
      }
    })
  })
  tell({ news: 'ready' })
}

void serve()
