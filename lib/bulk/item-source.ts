import { abortReason } from '../concurrency/abort.ts'
import { inputError } from '../errors.ts'
import { redactText } from '../redact/redact.ts'

/** Items to work on. A stream of objects is an `AsyncIterable`. */
export type BulkItems<T> = readonly T[] | Iterable<T> | AsyncIterable<T>

/** An item and its place in the list. */
export interface Pulled<T> {
  readonly item: T
  readonly index: number
}

/** Hands items out one by one, in order, as they are asked for: what nobody asks for is not read from a stream. */
export class ItemSource<T> {
  /** Undefined while a stream has not ended. */
  total: number | undefined
  readonly #items: BulkItems<T>
  readonly #iterator: Iterator<T> | AsyncIterator<T>
  readonly #waiting = new Set<() => void>()
  #last: Promise<unknown> = Promise.resolve()
  #next = 0
  #closed = false

  constructor(items: BulkItems<T>) {
    this.#items = items
    this.#iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
    if (Array.isArray(items)) this.total = items.length
  }

  /** Undefined at the end, or once the source is closed. @throws `INPUT_INVALID` when the stream breaks. */
  async next(): Promise<Pulled<T> | undefined> {
    if (this.#closed) return undefined
    const step = await this.#step()
    if (step === undefined) return undefined
    if (!step.done) return { item: step.value, index: this.#next++ }
    this.total = this.#next
    return undefined
  }

  /** Stops reading, without waiting for a stream that gives nothing. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const wake of this.#waiting) wake()
    const stream = this.#items as { destroy?: () => void }
    if (this.#isAsync() && typeof stream.destroy === 'function') stream.destroy()
    else void Promise.resolve(this.#iterator.return?.()).catch(() => undefined)
  }

  async #step(): Promise<IteratorResult<T> | undefined> {
    try {
      return await (this.#isAsync() ? this.#whileOpen() : this.#iterator.next())
    } catch (error) {
      const reason = redactText(error instanceof Error ? error.message : String(error))
      throw inputError('items', `The stream of items broke after ${this.#next}: ${reason}`, error)
    }
  }

  #isAsync(): boolean {
    return Symbol.asyncIterator in this.#items
  }

  // One at a time: not every iterator bears to be asked again before it has answered.
  async #whileOpen(): Promise<IteratorResult<T> | undefined> {
    const { promise: closed, resolve: wake } = Promise.withResolvers<undefined>()
    const ask = async (): Promise<IteratorResult<T> | undefined> => {
      try {
        return this.#closed ? undefined : await this.#iterator.next()
      } catch (error) {
        if (this.#closed) return undefined // a stream that is destroyed says so
        throw error
      }
    }
    const step = this.#last.then(ask)
    this.#last = step.catch(() => undefined)
    const end = (): void => wake(undefined)
    this.#waiting.add(end)
    try {
      return await Promise.race([step, closed])
    } finally {
      this.#waiting.delete(end)
    }
  }
}

/** Reads all items. @throws `INPUT_INVALID` when a stream breaks; the reason of the signal. */
export async function collect<T>(items: BulkItems<T>, signal: AbortSignal): Promise<readonly T[]> {
  if (Array.isArray(items)) return items as readonly T[]
  const source = new ItemSource(items)
  const close = (): void => source.close()
  if (signal.aborted) close()
  signal.addEventListener('abort', close, { once: true })
  const all: T[] = []
  for (let pulled = await source.next(); pulled; pulled = await source.next()) all.push(pulled.item)
  signal.removeEventListener('abort', close)
  if (signal.aborted) throw abortReason(signal)
  return all
}
