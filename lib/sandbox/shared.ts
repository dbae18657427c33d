import { configError } from '../errors.ts'
import { startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts'

/** A share in the process's one sandbox. */
export interface SandboxLease {
  readonly sandbox: Sandbox
  /** Gives the share back; the sandbox stops with the last one. Idempotent. */
  release(): Promise<void>
}

let running: Promise<Sandbox> | undefined
let users = 0
/** Starts and stops follow one another: a fixed port is free again before it is taken anew. */
let stopping: Promise<void> = Promise.resolve()

/**
 * The one sandbox of this process: started with the first user and stopped with the last. `options` count for the
 * first user only.
 *
 * @throws `CONFIG_INVALID` with `details.field` `port` when the port is taken, or the sandbox already runs on
 * another port than the one asked for.
 */
export async function acquireSandbox(options: SandboxOptions = {}): Promise<SandboxLease> {
  users += 1
  let sandbox: Sandbox
  try {
    running ??= stopping.then(() => startSandbox(options))
    sandbox = await running
    checkPort(sandbox, options.port)
  } catch (error) {
    await giveBack()
    throw error
  }
  let released: Promise<void> | undefined
  return { sandbox, release: () => (released ??= giveBack()) }
}

function checkPort({ info }: Sandbox, port = 0): void {
  if (port === 0 || port === info.port) return
  throw configError(
    'port',
    `The sandbox already runs on port ${info.port}: leave the port ${port} out, or use that one`,
  )
}

async function giveBack(): Promise<void> {
  users -= 1
  if (users > 0 || !running) return
  const last = running
  running = undefined
  stopping = last.then(
    (sandbox) => sandbox.close(),
    () => undefined, // it never started
  )
  await stopping
}
