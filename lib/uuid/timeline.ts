import { v7 } from 'uuid'
import type { Clock } from '../ports.ts'
import { systemClock, systemRandom } from '../system.ts'

const V7_SLOTS = 2 ** 32

/**
 * Points in time that only go forward: a millisecond, and a slot within it. Where the clock stands still or steps back,
 * the slot counts up; where the slots are used up, the millisecond runs ahead of the clock (RFC 9562, 6.1 and 6.2).
 */
export class Timeline {
  readonly #clock: Clock
  readonly #slots: number
  #ms = 0
  #slot = 0

  /** @param slots how many slots a millisecond has. */
  constructor(clock: Clock, slots: number) {
    this.#clock = clock
    this.#slots = slots
  }

  /** Unix milliseconds of the last tick. */
  get ms(): number {
    return this.#ms
  }

  /** The slot of the last tick, from 0. */
  get slot(): number {
    return this.#slot
  }

  /**
   * Moves to a point after all before it.
   *
   * @param first the slot to begin a new millisecond with.
   * @param limit milliseconds that the clock is not believed beyond.
   */
  tick(first = 0, limit = Infinity): void {
    const now = Math.min(this.#clock.now(), limit)
    if (now > this.#ms) {
      this.#ms = now
      this.#slot = first
    } else if (++this.#slot >= this.#slots) {
      this.#ms += 1
      this.#slot = 0
    }
  }

  /** Begins anew at the clock's time, as in another process. */
  startOver(): void {
    this.#ms = 0
    this.#slot = 0
  }

  /** From now on all points are at `ms` or later. */
  notBefore(ms: number): void {
    if (ms <= this.#ms) return
    this.#ms = ms
    this.#slot = 0
  }
}

/** A timeline with the precision of UUIDv7 as `uuid` makes it: 32 bits within a millisecond. */
export const v7Timeline = (clock: Clock): Timeline => new Timeline(clock, V7_SLOTS)

/** The one timeline of all UUIDv7 of this process, so that they increase whoever makes them. */
export const processTimeline = v7Timeline(systemClock)

/**
 * The options of `uuid`'s `v7` for the next point of a timeline. Made by hand because `v7()` without options costs ten
 * times as much a call, and forgets its state with any option.
 *
 * @param random 16 random bytes. A new millisecond begins at a random slot of the lower half: hard to guess, and 2^31
 * more have room before the millisecond runs ahead.
 */
export function v7Options(
  timeline: Timeline,
  random: Uint8Array,
  limit?: number,
): { readonly msecs: number; readonly seq: number; readonly random: Uint8Array } {
  const [a, b, c, d] = [random[6], random[7], random[8], random[9]] as [number, number, number, number]
  const first = ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d
  timeline.tick(first, limit)
  return { msecs: timeline.ms, seq: timeline.slot, random }
}

/** A new UUIDv7 (RFC 9562) in canonical form that increases within the process, also when the clock steps back. */
export const processV7 = (): string => v7(v7Options(processTimeline, systemRandom.bytes(16)))
