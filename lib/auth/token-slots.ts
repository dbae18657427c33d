import { createHash } from 'node:crypto'
import { SingleFlight } from '../concurrency/single-flight.ts'
import type { PaletteError } from '../errors.ts'
import type { Grant } from './grant.ts'

/** What is known for one set of credentials at one token endpoint, shared by all nodes that use it. */
export interface TokenSlot {
  grant: Grant | undefined
  /** A refusal of the credentials, answered from memory until this monotonic time. */
  refusal: { readonly error: PaletteError; readonly until: number } | undefined
  /** Until this monotonic time a token in its last seconds is used without asking again. */
  holdOffUntil: number
  /** A token that the API refused although it was new: asking for another would not help for a while. */
  refused: { readonly accessToken: string; readonly until: number } | undefined
  readonly flight: SingleFlight<Grant>
}

/** The slots of a process. A slot lives as long as somebody holds it. */
export class TokenSlots {
  readonly #slots = new Map<string, { readonly slot: TokenSlot; holders: number }>()

  /** The slot of a key, made for its first holder. */
  acquire(key: string): TokenSlot {
    const known = this.#slots.get(key)
    if (known) {
      known.holders += 1
      return known.slot
    }
    const slot: TokenSlot = {
      grant: undefined,
      refusal: undefined,
      holdOffUntil: 0,
      refused: undefined,
      flight: new SingleFlight(),
    }
    this.#slots.set(key, { slot, holders: 1 })
    return slot
  }

  /** Gives a slot back; the last holder's release forgets its token. */
  release(key: string): void {
    const known = this.#slots.get(key)
    if (!known) return
    known.holders -= 1
    if (known.holders === 0) this.#slots.delete(key)
  }
}

/** A key that tells apart what must not share a token, without holding a secret. */
export const slotKey = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
