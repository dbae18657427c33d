interface Waiting<T, R> {
  readonly item: T
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

/**
 * Commits items in groups: all that arrive while a commit runs share the next one. Order is kept, one commit runs at a
 * time, and a group fails as a whole.
 */
export class GroupCommit<T, R> {
  readonly #commit: (items: readonly T[]) => Promise<readonly R[]>
  readonly #maxGroup: number
  #waiting: Waiting<T, R>[] = []
  #running: Promise<void> | undefined

  constructor(commit: (items: readonly T[]) => Promise<readonly R[]>, maxGroup: number) {
    this.#commit = commit
    this.#maxGroup = maxGroup
  }

  /** How many items wait for the next commit. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Resolves with the item's result once its group is committed. */
  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves once nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    await Promise.resolve() // items of the same turn share the first group
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, this.#maxGroup)
      this.#waiting = this.#waiting.slice(this.#maxGroup)
      try {
        const results = await this.#commit(group.map(({ item }) => item))
        for (const [index, { resolve }] of group.entries()) resolve(results[index] as R)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#running = undefined
  }
}
