/** Hands on what is put in, in order, to one reader that waits for it. */
export class Channel<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = []
  #wake: () => void = () => undefined
  #isEnded = false
  #error: { readonly cause: unknown } | undefined

  put(item: T): void {
    this.#waiting.push(item)
    this.#wake()
  }

  /** No more will come. */
  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  /** The reader gets the error after what was put in before. */
  fail(cause: unknown): void {
    this.#error ??= { cause }
    this.end()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next !== undefined) yield next
      else if (this.#error) throw this.#error.cause
      else if (this.#isEnded) return
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}
