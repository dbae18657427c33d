import { BulkRun } from '../../lib/bulk/bulk-run.ts'
import { abortReason } from '../../lib/concurrency/abort.ts'
import type { Settled } from '../../lib/bulk/item.ts'
import { recordId } from '../../lib/bulk/item-key.ts'
import type { BulkJournal } from '../../lib/bulk/journal.ts'
import type { BulkOutcome, BulkProgress } from '../../lib/bulk/options.ts'
import type { JournaledRun } from '../../lib/bulk/read-journal.ts'
import { systemClock, systemRandom } from '../../lib/system.ts'
import type { BulkList, BulkTask } from './bulk.ts'
import { itemRecord, progressMessage, showProgress, summarize } from './bulk-report.ts'
import type { Context } from './message-context.ts'
import type { RunPlace } from './node-runs.ts'
import { writeStep } from './step.ts'
import type { Message, Outputs } from './types.ts'

/** How long items in work may go on once their run is cancelled. */
const CANCEL_GRACE_MS = 5000
/** The same for a run that the next deployment carries on; Node-RED waits 15 s for a node to close. */
const SUSPEND_GRACE_MS = 10_000
/** The machine's clock may have been set back since the run began: records are looked for in files a day older. */
const CLOCK_SLACK_MS = 86_400_000

/** One run of a node. */
export interface Job<T, S, R> extends BulkList<T, S> {
  readonly id: string
  /** Unix time. */
  readonly begunMs: number
  /** Aborted when a message cancels the run. */
  readonly order: AbortSignal
  readonly journal: BulkJournal<R> | undefined
  readonly resumed: JournaledRun<T, R> | undefined
}

/** Works on the list of a message, and gives the message with the results; null where a later deployment will send it. */
export async function workList<T, S, R>(
  task: BulkTask<T, S, R>,
  place: RunPlace,
  msg: Message,
  context: Context,
  job: Job<T, S, R>,
): Promise<Outputs | null> {
  const { journal } = job
  const record = recorder(task, context, job)
  const run = makeRun(task, msg, context, job, record)
  const isLeft = (): boolean => journal !== undefined && place.isPaused()
  const release = obey(run, task, job, context, isLeft)
  let outcome: BulkOutcome<R>
  try {
    await recordMissing(context, job, record)
    outcome = await run.run()
  } catch (error) {
    await remove(place, journal) // the message fails now, and not once more after a restart
    throw error
  } finally {
    release()
  }
  if (isLeft()) {
    await journal?.close()
    return null
  }
  // The node was taken out of the flow, or nobody waits for the answer any more.
  if (context.signal.aborted) {
    await remove(place, journal)
    throw abortReason(context.signal, 'The message')
  }
  finish(task, msg, context, job, outcome)
  if (!journal) return msg
  try {
    context.send(msg)
  } finally {
    await remove(place, journal) // what could not be sent fails now, and not once more after a restart
  }
  return null
}

type RecordItem<T, R> = (index: number, settled: Settled<R>, item: T) => Promise<void>

function makeRun<T, S, R>(
  task: BulkTask<T, S, R>,
  msg: Message,
  context: Context,
  job: Job<T, S, R>,
  record: RecordItem<T, R>,
): BulkRun<T, R> {
  const { concurrency, stopOnError, isRepeatable = true } = task
  const { id, items, shared, journal, resumed } = job
  const { correlationId } = context
  const onRetry = (attempt: number, _waitMs: number, reason: string): void => {
    if (reason !== 'status 429') context.degraded(`retry ${attempt}`) // a pause of all is told instead
  }
  return new BulkRun(items, (item, call) => task.work(item, shared, { ...call, correlationId, onRetry }), {
    id,
    concurrency,
    stopOnError,
    isRepeatable,
    ...(journal ? { journal } : {}),
    ...(resumed ? { resumed } : {}),
    record,
    onProgress: progressTeller(task.progress, msg, context),
    clock: systemClock,
    random: systemRandom,
  })
}

function progressTeller(each: number, msg: Message, context: Context): (progress: BulkProgress) => void {
  let told = 0
  return (progress) => {
    showProgress(context, progress)
    const { done, total } = progress
    if (each === 0 || done < told + each || done === total || context.signal.aborted) return
    told = done
    context.send(progressMessage(msg, progress))
  }
}

// Ends the run when a message cancels it or the node closes; a journal then keeps the rest for the next deployment.
function obey<T, S, R>(
  run: BulkRun<T, R>,
  { target }: BulkTask<T, S, R>,
  { order, journal, resumed }: Job<T, S, R>,
  { signal }: Context,
  isLeft: () => boolean,
): () => void {
  const cancel = (): void => {
    journal?.cancelled().catch(() => undefined) // without a journal the run ends all the same
    run.stop('cancelled', CANCEL_GRACE_MS)
  }
  const close = (): void => (isLeft() ? run.stop('suspended', SUSPEND_GRACE_MS) : run.stop('cancelled', 0))
  if (resumed && (resumed.cancelled || resumed.header.target !== target)) run.stop('cancelled', 0)
  if (order.aborted) cancel()
  if (signal.aborted) close()
  order.addEventListener('abort', cancel, { once: true })
  signal.addEventListener('abort', close, { once: true })
  return () => {
    order.removeEventListener('abort', cancel)
    signal.removeEventListener('abort', close)
  }
}

function recorder<T, S, R>(
  task: BulkTask<T, S, R>,
  context: Context,
  { id, shared, journal }: Job<T, S, R>,
): RecordItem<T, R> {
  return async (index, settled, item) => {
    const at = { run: id, index, subject: task.subject(item, shared) }
    const isKept = await context.auditItem(itemRecord(recordId(id, index), at, settled))
    if (isKept) journal?.recorded(index).catch(() => undefined) // the next item finds the journal broken
  }
}

// Of an item whose record a crash may have cut off, the trail tells whether it has it.
async function recordMissing<T, S, R>(
  context: Context,
  { id, begunMs, items, resumed }: Job<T, S, R>,
  record: RecordItem<T, R>,
): Promise<void> {
  const missing = [...(resumed?.settled ?? [])].filter(([index]) => !resumed?.recorded.has(index))
  if (missing.length === 0) return
  const found = await context.audited(
    new Set(missing.map(([index]) => recordId(id, index))),
    begunMs - CLOCK_SLACK_MS,
  )
  for (const [index, settled] of missing)
    if (!found.has(recordId(id, index))) await record(index, settled, (items as readonly T[])[index] as T)
}

function finish<T, S, R>(
  task: BulkTask<T, S, R>,
  msg: Message,
  context: Context,
  { id, begunMs, shared, resumed }: Job<T, S, R>,
  outcome: BulkOutcome<R>,
): void {
  const { results, total, failed, end } = outcome
  msg.payload = results
  const told = { id, done: total, total, failed, end, isFinal: true }
  writeStep(msg, 'bulk', resumed ? { ...told, resumed: true } : told)
  task.finish(msg, { ...outcome, elapsedMs: Math.max(0, systemClock.now() - begunMs) }, shared)
  summarize(context, outcome)
}

async function remove({ node }: RunPlace, journal: BulkJournal<unknown> | undefined): Promise<void> {
  try {
    await journal?.remove()
  } catch (error) {
    node.warn(`The journal of a bulk run that has ended could not be removed: ${(error as Error).message}`)
  }
}
