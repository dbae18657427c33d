import type { Clock } from '../ports.ts'

const SAMPLE_MS = 1000
const SAMPLES = 10

interface Sample {
  readonly atMs: number
  readonly count: number
}

/** How fast a count rises, over the last ten seconds. */
export class RateMeter {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #samples: Sample[] = []
  #first: Sample
  #last: Sample

  constructor(clock: Pick<Clock, 'monotonic'>, count = 0) {
    this.#clock = clock
    this.#first = this.#last = { atMs: clock.monotonic(), count }
  }

  /** Per second; undefined in the first second, when it says nothing yet. */
  at(count: number): number | undefined {
    const atMs = this.#clock.monotonic()
    if (atMs - this.#last.atMs >= SAMPLE_MS) {
      this.#last = { atMs, count }
      if (this.#samples.push(this.#last) > SAMPLES) this.#first = this.#samples.shift() ?? this.#first
    }
    const overMs = atMs - this.#first.atMs
    return overMs < SAMPLE_MS ? undefined : ((count - this.#first.count) / overMs) * 1000
  }
}
