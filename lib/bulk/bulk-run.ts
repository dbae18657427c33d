import { ERROR_TABLE, isPaletteError, PaletteError } from '../errors.ts'
import { withDetails } from '../http/retry.ts'
import { inDoubt, notStarted, type BulkItem, type Settled } from './item.ts'
import { itemKey } from './item-key.ts'
import { ItemSource, type BulkItems, type Pulled } from './item-source.ts'
import { LimitedCalls } from './limited-calls.ts'
import type { BulkEnd, BulkOptions, BulkOutcome, BulkProgress, BulkWork } from './options.ts'
import { RateMeter } from './rate-meter.ts'

/**
 * Works on a list or stream of items, so many at a time; their results keep the order of the items, and one that fails
 * stops no other. A 429 that one of them meets pauses them all. Nothing but the results grows with the items.
 */
export class BulkRun<T, R> {
  readonly #source: ItemSource<T>
  readonly #work: BulkWork<T, R>
  readonly #options: BulkOptions<T, R>
  readonly #limits: LimitedCalls
  readonly #meter: RateMeter
  readonly #results: BulkItem<R>[] = []
  /** Ends waits between items. */
  readonly #stop = new AbortController()
  /** Ends the calls of items in work. */
  readonly #abort = new AbortController()
  readonly #sums = { done: 0, failed: 0, attempts: 0, latencyMs: 0 }
  #cancelGrace: (() => void) | undefined
  #end: BulkEnd = 'finished'
  #fault: unknown

  constructor(items: BulkItems<T>, work: BulkWork<T, R>, options: BulkOptions<T, R>) {
    this.#source = new ItemSource(items)
    this.#work = work
    this.#options = options
    this.#limits = new LimitedCalls(options, () => this.#tell())
    for (const [index, settled] of options.resumed?.settled ?? []) this.#count(index, settled)
    this.#meter = new RateMeter(options.clock, this.#sums.done)
    if (options.stopOnError && this.#sums.failed > 0) this.#finish('failed-item')
  }

  /**
   * Resolves once every item has its result.
   *
   * @throws the first fault of the journal, the records or the stream. No further item is started then; `details` has
   * `done`, `failed` and `items`, the results in order with null for those that have none.
   */
  async run(): Promise<BulkOutcome<R>> {
    const { concurrency } = this.#options
    const lanes = Math.min(concurrency, this.#source.total ?? concurrency)
    await Promise.all(Array.from({ length: lanes }, () => this.#lane()))
    this.#source.close()
    this.#cancelGrace?.()
    const { done, failed, attempts, latencyMs } = this.#sums
    if (this.#fault !== undefined) throw this.#withResults(this.#fault)
    return { results: this.#results, end: this.#end, total: done, failed, attempts, latencyMs }
  }

  /**
   * Starts no further item. Those in work may end within `graceMs`; then their calls are aborted. With `suspended` the
   * rest is left to a later run that resumes this one, and gets neither result nor record. Of several calls the first
   * says how the run ends, the last how long the grace is.
   */
  stop(end: 'cancelled' | 'suspended', graceMs: number): void {
    this.#finish(end)
    const abort = (): void => this.#abort.abort(new PaletteError('ABORTED', 'The run was stopped'))
    this.#cancelGrace?.()
    if (graceMs <= 0) abort()
    else this.#cancelGrace = this.#options.clock.after(graceMs, abort)
  }

  /** How far the run is. */
  get progress(): BulkProgress {
    const { done, failed } = this.#sums
    const { total } = this.#source
    const rate = this.#meter.at(done)
    const left = rate !== undefined && rate > 0 && total !== undefined ? (total - done) / rate : undefined
    return {
      id: this.#options.id,
      done,
      failed,
      ...(total === undefined ? {} : { total }),
      ...(rate === undefined ? {} : { ratePerS: round(rate) }),
      ...(left === undefined ? {} : { leftS: Math.ceil(left) }),
      ...(this.#limits.pausedS > 0 ? { pausedS: this.#limits.pausedS } : {}),
    }
  }

  async #lane(): Promise<void> {
    try {
      for (let pulled = await this.#pull(); pulled; pulled = await this.#pull()) {
        if (this.#isClosedTo(pulled.index)) await this.#giveUp(pulled)
        else await this.#one(pulled)
      }
    } catch (error) {
      this.#break(error)
    }
  }

  async #pull(): Promise<Pulled<T> | undefined> {
    await this.#limits.ready(this.#stop.signal)
    for (;;) {
      if (this.#isSuspended()) return undefined
      const pulled = await this.#source.next()
      if (pulled === undefined || !this.#options.resumed?.settled.has(pulled.index)) return pulled
    }
  }

  // What a killed run had in work when one failed is still looked after: it may have been done.
  #isClosedTo(index: number): boolean {
    if (!this.#stop.signal.aborted) return false
    return !(this.#end === 'failed-item' && this.#options.resumed?.started.has(index))
  }

  #isSuspended(): boolean {
    return this.#end === 'suspended' || this.#fault !== undefined
  }

  async #one(pulled: Pulled<T>): Promise<void> {
    const { journal, resumed, isRepeatable = true } = this.#options
    const { item, index } = pulled
    if (resumed?.started.has(index) && !isRepeatable) return this.#settle(pulled, inDoubt(index))
    await journal?.started(index)
    if (this.#isClosedTo(index)) return this.#giveUp(pulled)
    const settled = await this.#limits.work(this.#stop.signal, async () =>
      this.#work(item, {
        index,
        key: itemKey(this.#options.id, index),
        signal: this.#abort.signal,
        pace: this.#limits.pace,
      }),
    )
    if (this.#end === 'suspended' && mayPass(settled, isRepeatable)) return // left to the run that resumes this one
    await this.#settle(pulled, this.#abort.signal.aborted && isAborted(settled) ? inDoubt(index) : settled)
  }

  // The result is safe before its record is written: a run that is resumed knows of which items to look for records.
  async #settle({ item, index }: Pulled<T>, settled: Settled<R>): Promise<void> {
    const { journal, record, stopOnError } = this.#options
    this.#count(index, settled)
    this.#tell()
    if (stopOnError && !settled.result.ok) this.#finish('failed-item')
    try {
      await journal?.finished(index, settled)
    } catch (error) {
      this.#break(error) // the item is done all the same, and gets its record
    }
    await record?.(index, settled, item)
  }

  async #giveUp(pulled: Pulled<T>): Promise<void> {
    if (this.#isSuspended()) return
    const wasStarted = this.#options.resumed?.started.has(pulled.index) ?? false
    await this.#settle(pulled, wasStarted ? inDoubt(pulled.index) : notStarted(pulled.index))
  }

  #count(index: number, { result, attempts, latencyMs }: Settled<R>): void {
    this.#results[index] = result
    this.#sums.done += 1
    if (!result.ok) this.#sums.failed += 1
    this.#sums.attempts += attempts
    this.#sums.latencyMs += latencyMs
  }

  #tell(): void {
    this.#options.onProgress?.(this.progress)
  }

  #finish(end: BulkEnd): void {
    if (this.#stop.signal.aborted) return
    this.#end = end
    this.#stop.abort()
    // The rest of a list gets results; what a stream would still give is nobody's item.
    if (this.#source.total === undefined) this.#source.close()
  }

  #break(error: unknown): void {
    this.#fault ??= error
    this.#finish('cancelled')
  }

  #withResults(fault: unknown): unknown {
    if (!isPaletteError(fault)) return fault
    const { done, failed } = this.#sums
    return withDetails(fault, {
      done,
      failed,
      items: Array.from(this.#results.keys(), (index) => this.#results[index] ?? null),
    })
  }
}

const isAborted = ({ result }: Settled<unknown>): boolean => !result.ok && result.error.code === 'ABORTED'

/** Whether an item failed only because everything around it is being closed, or may have. */
const mayPass = (settled: Settled<unknown>, isRepeatable: boolean): boolean =>
  isAborted(settled) ||
  (isRepeatable && !settled.result.ok && ERROR_TABLE[settled.result.error.code].retryable)

const round = (rate: number): number => Math.round(rate * 10) / 10
