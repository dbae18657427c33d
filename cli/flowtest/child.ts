// The process that runs flows under test; `pool.ts` starts it with the network guard preloaded.
import { join } from 'node:path'
import { LastNode } from './last-node.ts'
import { nodeHere } from '../../lib/flowtest/places.ts'
import { keepFreshCopies } from '../../lib/postgres/embedded/fresh-copies.ts'
import type { Order, Report, WorkerOptions } from './protocol.ts'
import { Worker } from './worker.ts'

keepFreshCopies()
const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions
const lastNode = new LastNode(join(options.folder, 'last-node'))
const report = (message: Report, sent?: () => void): void =>
  void process.send?.(message, undefined, undefined, sent)

function crash(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const node = /Function node(?: \w+)?:(\S+)/.exec(text)?.[1] ?? nodeHere()
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  report({ kind: 'crashed', message, ...(node === undefined ? {} : { node }) }, () => process.exit(1))
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)
process.on('disconnect', () => process.exit())

async function obey(worker: Worker, order: Order): Promise<Report> {
  if (order.kind === 'ping') return { kind: 'alive' }
  if (order.kind === 'run') return { kind: 'done', outcome: await worker.run(order.at) }
  if (order.kind === 'finish') {
    const profile = await worker.finish()
    return profile === undefined ? { kind: 'finished' } : { kind: 'finished', profile }
  }
  try {
    const { running } = await worker.load(order.job)
    lastNode.expect(running.keys())
    return { kind: 'loaded' }
  } catch (error) {
    return { kind: 'loaded', problem: error instanceof Error ? error.message : String(error) }
  }
}

void Worker.start(options, (runningId) => lastNode.note(runningId)).then((worker) => {
  process.on('message', (order: Order) => void obey(worker, order).then((answer) => report(answer)))
  report({ kind: 'ready', nodeRed: worker.version, looks: [...worker.looks] })
})
