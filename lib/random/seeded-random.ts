/** A source of numbers that look random and are the same for the same seed. Not for secrets. */
export interface SeededRandom {
  /** From 0 (included) to 1 (excluded). */
  uniform(): number
  fill<T extends Uint8Array>(bytes: T): T
}

/** Mulberry32: 32 bits of state, good enough to fill test data. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    uniform: () => next() / 4_294_967_296,
    fill(bytes) {
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = next() & 0xff
      return bytes
    },
  }
}
