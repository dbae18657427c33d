// Runs in a worker thread: PGlite, spoken to in PostgreSQL's own protocol. A query of PGlite blocks its thread.
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'

/** What a worker tells first: that it is ready, or why not. */
export type WorkerNews =
  | { readonly news: 'ready' }
  | { readonly news: 'failed'; readonly reason: string; readonly isMissing: boolean }

/** What is used of PGlite. */
interface RunningPglite {
  execProtocolRawStream(message: Uint8Array, options: { onRawData(data: Uint8Array): void }): Promise<void>
  close(): Promise<void>
}

async function open(dataDir: string): Promise<RunningPglite> {
  const { PGlite } = await import('@electric-sql/pglite')
  if (!dataDir.startsWith('memory:') && !existsSync(join(dataDir, 'PG_VERSION'))) {
    // Made beside and renamed: one that was interrupted while it was made is made anew.
    const fresh = `${dataDir}.new`
    await rm(fresh, { recursive: true, force: true })
    await mkdir(dirname(dataDir), { recursive: true })
    const made = await PGlite.create({ dataDir: fresh })
    await made.close()
    await rename(fresh, dataDir)
  }
  return PGlite.create({ dataDir })
}

async function serve(): Promise<void> {
  const port = parentPort
  if (!port) return
  const tell = (news: WorkerNews): void => port.postMessage(news)
  let database: RunningPglite
  try {
    database = await open((workerData as { dataDir: string }).dataDir)
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
  port.on('message', (message: Uint8Array | 'close') => {
    last = last.then(async () => {
      if (message !== 'close') return database.execProtocolRawStream(message, { onRawData })
      await database.close()
      port.close()
    })
  })
  tell({ news: 'ready' })
}

void serve()
