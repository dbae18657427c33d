// A bulk run of 2,000 executions at 16 in flight, without and with its journal, beside bare undici POSTs of the same
// process to the same sandbox, rounds in turn. Then the heap over a run of 10,000.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BulkRun } from '../lib/bulk/bulk-run.ts'
import { BulkJournal } from '../lib/bulk/journal.ts'
import { newCorrelationId } from '../lib/correlation/correlation.ts'
import { systemClock, systemFiles, systemRandom } from '../lib/system.ts'
import { ACTION, bare, INPUTS, ours, startServer } from './execute-sides.ts'
import { median, report } from './measure.ts'

const IN_FLIGHT = 16
const ITEMS = 2000
const ROUNDS = 9
const MB = 1024 * 1024

const server = await startServer('sandbox')
const sides = { ours: ours(server.url), bare: await bare(server.url) }
const folder = await mkdtemp(join(tmpdir(), 'cxone-bench-'))

async function bulk(count: number, journaled: boolean, onProgress?: () => void): Promise<void> {
  const id = newCorrelationId()
  const items = Array.from({ length: count }, () => INPUTS)
  const header = { id, target: 'auth', begunMs: Date.now(), shared: { id: ACTION }, message: {} }
  const path = join(folder, `${id}.jsonl`)
  const journal = journaled
    ? await BulkJournal.create<object>(systemFiles, path, header, items, {
        place: 'msg.payload',
        isRepeatable: true,
      })
    : undefined
  const run = new BulkRun<object, object>(
    items,
    async (inputs, { key, signal, pace }) => {
      const done = await sides.ours.execute(ACTION, inputs, { key, signal, pace, correlationId: id })
      return { ...done, value: done.values }
    },
    {
      ...{ id, concurrency: IN_FLIGHT, clock: systemClock, random: systemRandom },
      ...(journal ? { journal } : {}),
      ...(onProgress ? { onProgress } : {}),
    },
  )
  const { failed } = await run.run()
  if (failed > 0) throw new Error(`${failed} items failed`)
  await journal?.remove()
}

async function posts(): Promise<void> {
  let left = ITEMS
  const worker = async (): Promise<void> => {
    while (left-- > 0) await sides.bare.call()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}

async function rate(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return ITEMS / ((performance.now() - started) / 1000)
}

async function compare(name: string, journaled: boolean, target: number | undefined): Promise<void> {
  const rates: Record<'ours' | 'bare' | 'ratio', number[]> = { ours: [], bare: [], ratio: [] }
  for (let i = -1; i < ROUNDS; i += 1) {
    const ownFirst = i % 2 === 0
    const own = ownFirst ? await rate(() => bulk(ITEMS, journaled)) : undefined
    const beside = await rate(posts)
    const after = own ?? (await rate(() => bulk(ITEMS, journaled)))
    if (i < 0) continue
    rates.ours.push(after)
    rates.bare.push(beside)
    rates.ratio.push(after / beside)
  }
  report({
    name,
    unit: 'items/s',
    ours: median(rates.ours),
    bare: median(rates.bare),
    ratio: median(rates.ratio),
    ...(target === undefined ? {} : { target }),
  })
}

async function heapOfLargeRun(): Promise<void> {
  const heap = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed / MB
  }
  let done = 0
  let early = 0
  let late = 0
  await bulk(10_000, true, () => {
    done += 1
    if (done === 1000) early = heap()
    if (done === 10_000) late = heap()
  })
  report({
    name: 'heap growth from item 1,000 to 10,000 of a bulk run, results included',
    unit: 'MB',
    ours: late - early,
    target: 16,
    lowerIsBetter: true,
  })
}

await compare('bulk run of 2,000 executions over the sandbox, 16 in flight', false, 0.5)
await compare('the same with its journal on the disk', true, undefined)
await heapOfLargeRun()
await Promise.all([sides.ours.close(), sides.bare.close()])
await server.close()
await rm(folder, { recursive: true, force: true })
