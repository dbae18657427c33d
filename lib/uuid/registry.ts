const WORDS = 4 // of 32 bits in a UUID
const FIRST_ROOM = 1024

/**
 * Remembers UUIDs, the oldest of which go when it is full. A million take 24 MB: the values stand in a ring in order
 * of arrival, and an open-addressed table (linear probing, at most half full) holds their places in the ring. Both
 * grow by doubling.
 */
export class UuidRegistry {
  readonly #capacity: number
  #room: number
  #ring: Uint32Array
  /** Place in the ring plus one; 0 is free. */
  #table: Uint32Array
  #mask: number
  #size = 0
  /** Where the next value goes; once full, also the oldest. */
  #next = 0

  /** @param capacity the most UUIDs to remember, from 1. */
  constructor(capacity: number) {
    this.#capacity = capacity
    this.#room = Math.min(capacity, FIRST_ROOM)
    this.#ring = new Uint32Array(this.#room * WORDS)
    this.#table = new Uint32Array(tableSize(this.#room))
    this.#mask = this.#table.length - 1
  }

  /** How many UUIDs are remembered. */
  get size(): number {
    return this.#size
  }

  /** Memory in use, in bytes. */
  get byteLength(): number {
    return this.#ring.byteLength + this.#table.byteLength
  }

  /**
   * Remembers a UUID.
   *
   * @param id its 16 bytes as four words.
   * @returns false when it is known already.
   */
  add(id: Uint32Array): boolean {
    if (this.#table[this.#find(id, 0)] !== 0) return false
    if (this.#size === this.#room) this.#makeRoom()
    const at = this.#next
    this.#ring.set(id, at * WORDS)
    this.#table[this.#find(id, 0)] = at + 1
    this.#next = at + 1 === this.#capacity ? 0 : at + 1
    this.#size += 1
    return true
  }

  /** The slot that holds the value at `ids[from]`, or the free slot where it belongs. */
  #find(ids: Uint32Array, from: number): number {
    const ring = this.#ring
    let slot = hash(ids, from) & this.#mask
    for (;;) {
      const place = this.#table[slot] as number
      if (place === 0 || isSame(ring, (place - 1) * WORDS, ids, from)) return slot
      slot = (slot + 1) & this.#mask
    }
  }

  #makeRoom(): void {
    if (this.#room < this.#capacity) this.#grow()
    else this.#forgetOldest()
  }

  #grow(): void {
    const old = this.#ring
    this.#room = Math.min(this.#room * 2, this.#capacity)
    this.#ring = new Uint32Array(this.#room * WORDS)
    this.#ring.set(old)
    const size = tableSize(this.#room)
    this.#table = new Uint32Array(size)
    this.#mask = size - 1
    for (let at = 0; at < this.#size; at++) this.#table[this.#find(old, at * WORDS)] = at + 1
  }

  #forgetOldest(): void {
    this.#release(this.#find(this.#ring, this.#next * WORDS))
    this.#size -= 1
  }

  // Frees a slot and moves back what stands behind it only because of a collision, so that no gap cuts a chain.
  #release(slot: number): void {
    const table = this.#table
    const mask = this.#mask
    let free = slot
    for (let at = (free + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const place = table[at] as number
      const home = hash(this.#ring, (place - 1) * WORDS) & mask
      if (((at - home) & mask) < ((at - free) & mask)) continue
      table[free] = place
      free = at
    }
    table[free] = 0
  }
}

const tableSize = (room: number): number => 2 ** Math.ceil(Math.log2(room * 2))

// All words count and are mixed: UUIDs of one node and day differ in few bits.
function hash(ids: Uint32Array, from: number): number {
  let h = 0
  for (let i = from; i < from + WORDS; i++) {
    h = Math.imul(h ^ (ids[i] as number), 0x9e3779b1)
    h ^= h >>> 15
  }
  h = Math.imul(h, 0x85ebca6b)
  return h ^ (h >>> 13)
}

function isSame(a: Uint32Array, at: number, b: Uint32Array, from: number): boolean {
  for (let i = 0; i < WORDS; i++) if (a[at + i] !== b[from + i]) return false
  return true
}
