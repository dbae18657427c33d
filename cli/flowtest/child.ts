// The process that runs flows under test; `pool.ts` starts it with the network guard preloaded.
import { AsyncLocalStorage } from 'node:async_hooks'
import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Order, Report, WorkerOptions } from './protocol.ts'
import { Worker } from './worker.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions
const lastNode = openSync(join(options.folder, 'last-node'), 'w')
const slot = Buffer.alloc(256)

// On disk, because a node that never lets go leaves no way to tell.
const mark = (runningId: string): void => {
  slot.fill(0).write(runningId)
  writeSync(lastNode, slot, 0, slot.length, 0)
  inside.enterWith(runningId)
}
const inside = new AsyncLocalStorage<string | undefined>()

const report = (message: Report, sent?: () => void): void =>
  void process.send?.(message, undefined, undefined, sent)

function crash(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const node = /Function node(?: \w+)?:(\S+)/.exec(text)?.[1] ?? inside.getStore()
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  report({ kind: 'crashed', message, ...(node === undefined ? {} : { node }) }, () => process.exit(1))
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)
process.on('disconnect', () => process.exit())

async function obey(worker: Worker, order: Order): Promise<Report> {
  if (order.kind === 'run') return { kind: 'done', outcome: await worker.run(order.at) }
  if (order.kind === 'finish') {
    const profile = await worker.finish()
    return profile === undefined ? { kind: 'finished' } : { kind: 'finished', profile }
  }
  try {
    await worker.load(order.job)
    return { kind: 'loaded' }
  } catch (error) {
    return { kind: 'loaded', problem: error instanceof Error ? error.message : String(error) }
  }
}

void Worker.start(options, mark).then((worker) => {
  process.on('message', (order: Order) => void obey(worker, order).then((answer) => report(answer)))
  report({ kind: 'ready', nodeRed: worker.version, looks: [...worker.looks] })
})
