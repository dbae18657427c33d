import { v1, v4, v6, v7 } from 'uuid'
import type { Clock, Random } from '../ports.ts'
import { UUID_BYTES } from './format.ts'
import type { HighWaterMark } from './high-water-mark.ts'
import { nameBased, type Given } from './name-based.ts'
import { Timeline, v7Options } from './timeline.ts'

/** Makes UUIDs of one version. */
export interface UuidSource {
  /** Must be waited for before each run of `next`, if it gives a promise. */
  prepare?(): Promise<void> | undefined
  /** Writes a new UUID. */
  next(into: Uint8Array): void
}

/** Version 4: 122 random bits. */
export const randomSource = (random: Random): UuidSource => ({
  next: (into) => void v4({ random: random.bytes(UUID_BYTES) }, into),
})

const TICKS_A_MS = 10_000
const NODE_BYTES = 6

/**
 * Versions 1 and 6: time in ticks of 100 ns, a clock sequence, and a random node id with the multicast bit set (RFC
 * 9562, 6.10), both new for each source: no address of this machine is given away. Times never go back, so that
 * version 6 increases.
 */
export function gregorianSource(version: '1' | '6', clock: Clock, random: Random): UuidSource {
  const timeline = new Timeline(clock, TICKS_A_MS)
  const [high = 0, low = 0, ...rest] = random.bytes(2 + NODE_BYTES)
  const node = Uint8Array.from(rest)
  node[0] = (node[0] as number) | 1
  const clockseq = ((high << 8) | low) & 0x3fff
  const make = version === '1' ? v1 : v6
  const unused = new Uint8Array(UUID_BYTES) // else uuid would draw random bytes for each id
  return {
    next(into) {
      timeline.tick()
      make({ msecs: timeline.ms, nsecs: timeline.slot, clockseq, node, random: unused }, into)
    },
  }
}

/** Version 7, increasing within the process and, by the mark, across restarts. */
export const sortableSource = (timeline: Timeline, mark: HighWaterMark, random: Random): UuidSource => ({
  prepare: () => mark.reserve(),
  next: (into) => void v7(v7Options(timeline, random.bytes(UUID_BYTES), mark.limitMs), into),
})

/** Versions 3 and 5: the same UUID again and again. @throws `UUID_INVALID` with `details.path` */
export function sourceOfName(version: '3' | '5', namespace: Given, name: Given): UuidSource {
  const id = new Uint8Array(UUID_BYTES)
  nameBased(version, namespace, name, id)
  return { next: (into) => into.set(id) }
}
