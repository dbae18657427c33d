import { systemClock } from '../../lib/system.ts'
import type { Node } from './types.ts'

const INTERVAL_MS = 250

type Look = readonly [fill: 'green' | 'blue' | 'yellow' | 'red', shape: 'dot' | 'ring']
const LOOKS = {
  ready: ['green', 'dot'],
  busy: ['blue', 'dot'],
  degraded: ['yellow', 'ring'],
  failed: ['red', 'ring'],
} as const satisfies Record<string, Look>

/** The status grammar of the palette, see the contract. */
export type StatusKind = keyof typeof LOOKS

/** Writes a node's status at most four times a second; the last state always gets shown. */
export class StatusWriter {
  readonly #node: Pick<Node, 'status'>
  readonly #after: typeof systemClock.after
  #shown = ''
  #kind: StatusKind = 'ready'
  #text = ''
  #cancel: (() => void) | undefined
  #closed = false

  constructor(node: Pick<Node, 'status'>, after: typeof systemClock.after = systemClock.after) {
    this.#node = node
    this.#after = after
  }

  set(kind: StatusKind, text: string): void {
    this.#kind = kind
    this.#text = text
    if (this.#cancel === undefined && !this.#closed) this.#write()
  }

  /** Stops showing: a node that is gone has no status. */
  close(): void {
    this.#closed = true
    this.#cancel?.()
    this.#cancel = undefined
  }

  #write(): void {
    const key = `${this.#kind} ${this.#text}`
    if (key === this.#shown) return
    this.#shown = key
    const [fill, shape] = LOOKS[this.#kind]
    this.#node.status({ fill, shape, text: this.#text })
    this.#cancel = this.#after(INTERVAL_MS, () => {
      this.#cancel = undefined
      this.#write()
    })
  }
}
