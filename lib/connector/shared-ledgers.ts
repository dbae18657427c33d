import type { Logger } from '../ports.ts'
import { systemFiles } from '../system.ts'
import { FileLedger, MemoryLedger, type Ledger } from './ledger.ts'

interface Shared {
  readonly ledger: Promise<FileLedger>
  users: number
}

// One a file and process: all nodes add to the same one.
const open = new Map<string, Shared>()
// Sandboxes forget their connectors, and so do we.
const memory = new MemoryLedger()

/**
 * The ledger of a file, shared by all its users in this process; without a path, one that lasts as long as the process.
 *
 * @throws `JOURNAL_UNAVAILABLE`
 */
export async function useLedger(
  path: string | undefined,
  logger: Pick<Logger, 'warn'>,
): Promise<{ readonly value: Ledger; release(): Promise<void> }> {
  if (path === undefined) return { value: memory, release: () => Promise.resolve() }
  const shared = open.get(path) ?? { ledger: load(path, logger), users: 0 }
  open.set(path, shared)
  shared.users += 1
  const release = async (): Promise<void> => {
    shared.users -= 1
    if (shared.users > 0) return
    if (open.get(path) === shared) open.delete(path)
    await (await shared.ledger).close()
  }
  try {
    return { value: await shared.ledger, release }
  } catch (error) {
    open.delete(path)
    throw error
  }
}

async function load(path: string, logger: Pick<Logger, 'warn'>): Promise<FileLedger> {
  const ledger = new FileLedger(path, { files: systemFiles, logger })
  await ledger.load()
  return ledger
}
