import type { SeededRandom } from '../../random/seeded-random.ts'

/**
 * Which edge cases of a schema were shown. Each place has a list of them: limits, members of an enumeration, branches, absent
 * properties. They come first, one after the other; then chance decides.
 */
export class Walk {
  readonly #shown = new Map<string, number>()
  readonly #pending = new Map<string, number>()

  /** The next edge case of a place, as an index; undefined once all `count` were shown. */
  next(place: string, count: number): number | undefined {
    const at = this.#pending.get(place) ?? this.#shown.get(place) ?? 0
    if (at >= count) return undefined
    this.#pending.set(place, at + 1)
    return at
  }

  /** Forgets what was shown since the last {@link commit}. */
  restart(): void {
    this.#pending.clear()
  }

  commit(): void {
    for (const [place, at] of this.#pending) this.#shown.set(place, at)
    this.#pending.clear()
  }
}

/** The decisions of one value: edge cases first, then chance. */
export class Draw {
  readonly #random: SeededRandom
  readonly #walk: Walk

  constructor(random: SeededRandom, walk: Walk) {
    this.#random = random
    this.#walk = walk
  }

  /** From 0 (included) to 1 (excluded). */
  uniform(): number {
    return this.#random.uniform()
  }

  /** A whole number, both ends included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.#random.uniform() * (most - least + 1))
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)] as T
  }

  /** One of `count` ways at a place: each in turn at first. */
  choose(place: string, count: number): number {
    return this.#walk.next(place, count) ?? this.integer(0, count - 1)
  }

  /** The next edge case of a place that was not shown yet. */
  edge<T>(place: string, edges: readonly T[]): T | undefined {
    const at = this.#walk.next(place, edges.length)
    return at === undefined ? undefined : edges[at]
  }
}
