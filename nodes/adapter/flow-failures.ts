import { processExchanges, type Exchange, type MaybeAnswer } from '../../lib/endpoint/exchange.ts'
import type { NodeAPI } from './types.ts'

/** What the runtime's hooks tell; only what is used. */
interface CompleteEvent {
  readonly msg: MaybeAnswer
  readonly error?: unknown
}
interface ReceiveEvent {
  readonly msg: MaybeAnswer
  readonly destination: { readonly node: { readonly type: string } }
}
interface Hooks {
  add(name: string, callback: (event: never) => void): void
  remove(name: string): void
}

const COMPLETED = 'onComplete.cxone-endpoint'
const CAUGHT = 'onReceive.cxone-endpoint'

/**
 * Answers requests whose message has failed in a node, of whatever palette, and that no Catch node has taken. Node-RED hands a
 * failure to its Catch nodes in the very turn in which the node reports it: at the end of the turn, it is known.
 */
class FlowFailures {
  readonly #hooks: Hooks
  readonly #failing = new Map<Exchange, unknown>()
  #users = 0
  #isListening = false

  constructor(hooks: Hooks) {
    this.#hooks = hooks
  }

  /** @returns ends the watch of one user. */
  watch(): () => void {
    this.#users += 1
    if (this.#users === 1) this.#hooks.add(COMPLETED, this.#onComplete)
    return () => {
      this.#users -= 1
      if (this.#users === 0) this.#hooks.remove(COMPLETED)
    }
  }

  // One parameter: hooks of two are asynchronous.
  readonly #onComplete = ({ msg, error }: CompleteEvent): void => {
    if (!error) return
    const exchange = processExchanges.of(msg)
    if (!exchange) return
    if (!this.#isListening) {
      this.#isListening = true
      this.#hooks.add(CAUGHT, this.#onReceive)
      queueMicrotask(() => this.#settle())
    }
    this.#failing.set(exchange, error)
  }

  readonly #onReceive = ({ msg, destination }: ReceiveEvent): void => {
    const exchange = destination.node.type === 'catch' ? processExchanges.of(msg) : undefined
    if (exchange) this.#failing.delete(exchange)
  }

  #settle(): void {
    this.#isListening = false
    this.#hooks.remove(CAUGHT)
    const failing = [...this.#failing]
    this.#failing.clear()
    for (const [exchange, error] of failing) exchange.fail(error)
  }
}

const known = new WeakMap<object, FlowFailures>()

/** Watches the failures of the flows of this runtime while an endpoint is there. @returns ends it. */
export function watchFailures(RED: NodeAPI): () => void {
  const { hooks } = RED as unknown as { readonly hooks: Hooks }
  const failures = known.get(hooks) ?? new FlowFailures(hooks)
  known.set(hooks, failures)
  return failures.watch()
}
