import { basename, join } from 'node:path'
import { collect } from '../../lib/bulk/item-source.ts'
import { BulkJournal } from '../../lib/bulk/journal.ts'
import { keepable } from '../../lib/bulk/journal-text.ts'
import { readJournal, type JournaledRun } from '../../lib/bulk/read-journal.ts'
import { newCorrelationId } from '../../lib/correlation/correlation.ts'
import { diskFault } from '../../lib/disk-fault.ts'
import { systemClock, systemFiles } from '../../lib/system.ts'
import type { BulkHandler, BulkList, BulkTask } from './bulk.ts'
import { workList } from './list-run.ts'
import type { Context } from './message-context.ts'
import type { Message, Node, Outputs } from './types.ts'

/** Where runs happen and are kept. */
export interface RunPlace {
  readonly node: Node
  /** The folder of the node's journals. */
  readonly folder: string
  /** Whether a later deployment will carry its runs on: the node is being closed, and was not taken out of the flow. */
  readonly isPaused: () => boolean
}

interface Pending<T, R> {
  readonly run: JournaledRun<T, R>
  readonly path: string
}

/** The runs of a node: begins, cancels and carries them on. */
export class NodeRuns<T, S, R> {
  readonly #task: BulkTask<T, S, R>
  readonly #place: RunPlace
  /** What cancels a run, by its id. */
  readonly #orders = new Map<string, AbortController>()
  readonly #pending = new WeakMap<Message, Pending<T, R>>()

  constructor(task: BulkTask<T, S, R>, place: RunPlace) {
    this.#task = task
    this.#place = place
  }

  /** Works on a message: an order to cancel, a run to carry on, or whatever the node does. */
  handle(msg: Message, context: Context, handler: BulkHandler<T, S>): Promise<Outputs | null> | null {
    if (msg['cancel'] === true) return this.#cancel(msg, context)
    const pending = this.#pending.get(msg)
    if (pending) return this.#carryOn(msg, context, pending)
    return handler(msg, context, (list) => this.#begin(msg, context, list))
  }

  /** Takes up the runs that a restart or redeploy has interrupted. What cannot be read is told, and left as it is. */
  async resume(): Promise<void> {
    const { folder } = this.#place
    const names = await this.#readable(folder, async () =>
      (await systemFiles.stat(folder)) ? systemFiles.list(folder) : [],
    )
    // A message may have begun a run already: that one is in work, and not interrupted.
    const left = (names ?? []).filter((name) => !this.#orders.has(basename(name, '.jsonl')))
    for (const name of left) if (name.endsWith('.jsonl')) await this.#takeUp(join(folder, name))
  }

  async #takeUp(path: string): Promise<void> {
    const { node } = this.#place
    const run = await this.#readable(path, () => readJournal<T, R>(systemFiles, path))
    if (!run) return
    node.log(`carries on bulk run ${run.header.id}: ${run.settled.size} of ${run.header.total} are done`)
    const msg = { ...run.header.message } as Message
    this.#pending.set(msg, { run, path })
    node.receive(msg)
  }

  async #readable<Value>(path: string, read: () => Promise<Value | undefined>): Promise<Value | undefined> {
    let why = 'it is no journal'
    try {
      const value = await read()
      if (value !== undefined) return value
    } catch (error) {
      why = diskFault(error)
    }
    this.#place.node.warn(`Bulk runs in ${path} cannot be carried on: ${why}. It is left as it is`)
    return undefined
  }

  // `msg.cxone.bulk.id`, as progress messages carry it, means that run alone.
  #cancel(msg: Message, context: Context): null {
    const { id } = (msg.cxone?.['bulk'] ?? {}) as { id?: unknown }
    const meant = [...this.#orders].filter(([run]) => id === undefined || id === run)
    for (const [, order] of meant) order.abort()
    context.summary(meant.length === 0 ? 'nothing to cancel' : 'cancelling')
    return null
  }

  #begin(msg: Message, context: Context, list: BulkList<T, S>): Promise<Outputs | null> {
    const id = newCorrelationId()
    const begunMs = systemClock.now()
    return this.#ordered(id, async (order) => {
      const job = { ...list, id, begunMs, order, journal: undefined, resumed: undefined }
      if (!this.#task.journal) return workList<T, S, R>(this.#task, this.#place, msg, context, job)
      // What a stream has not given yet would be lost with the process: it is read to its end first.
      const items = await collect(list.items, AbortSignal.any([order, context.signal]))
      if (items.length === 0)
        return workList<T, S, R>(this.#task, this.#place, msg, context, { ...job, items })
      const message = keepable({ ...msg, payload: undefined }) // the results take its place
      const header = { id, target: this.#task.target, begunMs, shared: list.shared, message }
      const path = join(this.#place.folder, `${id}.jsonl`)
      const { isRepeatable = true } = this.#task
      const journal = await BulkJournal.create<R>(systemFiles, path, header, items, {
        place: list.place,
        isRepeatable,
      })
      return workList(this.#task, this.#place, msg, context, { ...job, items, journal })
    })
  }

  #carryOn(msg: Message, context: Context, { run, path }: Pending<T, R>): Promise<Outputs | null> {
    const { id, begunMs, shared } = run.header
    const { isRepeatable = true } = this.#task
    return this.#ordered(id, async (order) => {
      const journal = await BulkJournal.reopen<R>(systemFiles, path, run.size, { isRepeatable })
      const { items } = run
      const job = { id, begunMs, items, place: 'items', shared: shared as S, order, journal, resumed: run }
      return workList(this.#task, this.#place, msg, context, job)
    })
  }

  async #ordered<Result>(id: string, work: (order: AbortSignal) => Promise<Result>): Promise<Result> {
    const order = new AbortController()
    this.#orders.set(id, order)
    try {
      return await work(order.signal)
    } finally {
      this.#orders.delete(id)
    }
  }
}
