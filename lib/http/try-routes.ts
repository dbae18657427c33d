import type { Dispatcher } from 'undici'
import type { Clock } from '../ports.ts'
import { GIVEN_UP, type Attempt } from './attempt.ts'
import { CONNECT_MS } from './connect-target.ts'
import type { Route } from './connections.ts'
import { isPassing, networkError } from './failure.ts'

/** What {@link tryRoutes} needs besides. */
interface Bounds {
  readonly clock: Clock
  /** Milliseconds of the whole attempt. */
  readonly timeoutMs: number
  /** Whether the client is closed: then nothing new is begun. */
  readonly isClosed: () => boolean
}

/**
 * Sends an attempt by the first of its routes that a connection can be made on. As long as nothing was sent the next one is taken
 * after a failure, and after a fair share of the time; not after a wrong certificate, which is no bad luck.
 */
export function tryRoutes(
  attempt: Attempt,
  options: Dispatcher.DispatchOptions,
  routes: readonly Route[],
  { clock, timeoutMs, isClosed }: Bounds,
): void {
  const deadline = clock.monotonic() + timeoutMs
  const start = (at: number): void => {
    const route = routes[at]
    if (!route) throw new TypeError('there is at least one address')
    attempt.address = route.address
    const left = routes.length - at
    if (left === 1) {
      route.dispatcher().dispatch(options, attempt)
      return
    }
    const canGoOn = (): boolean => attempt.isOpen && !isClosed()
    const tried = new Try(attempt, canGoOn, () => start(at + 1))
    if (!route.isOpen) tried.limit(clock, Math.min(CONNECT_MS, (deadline - clock.monotonic()) / left))
    route.dispatcher().dispatch(options, tried)
  }
  start(0)
}

/** An attempt on a route that is not the last one. */
class Try implements Dispatcher.DispatchHandler {
  readonly #attempt: Attempt
  readonly #canGoOn: () => boolean
  readonly #goOn: () => void
  #cancelTimer: (() => void) | undefined
  #isSent = false
  #isLeft = false

  constructor(attempt: Attempt, canGoOn: () => boolean, goOn: () => void) {
    this.#attempt = attempt
    this.#canGoOn = canGoOn
    this.#goOn = goOn
  }

  limit(clock: Clock, ms: number): void {
    this.#cancelTimer = clock.after(Math.max(1, ms), () => this.#leave())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The connection came too late: nothing must be sent on it any more.
    if (this.#isLeft) {
      controller.abort(GIVEN_UP)
      return
    }
    this.#isSent = true
    this.#cancelTimer?.()
    this.#attempt.onRequestStart(controller)
  }

  onResponseStart(...args: Parameters<Attempt['onResponseStart']>): void {
    this.#attempt.onResponseStart(...args)
  }

  onResponseData(...args: Parameters<Attempt['onResponseData']>): void {
    this.#attempt.onResponseData(...args)
  }

  onResponseEnd(): void {
    this.#attempt.onResponseEnd()
  }

  onResponseError(controller: unknown, error: Error): void {
    if (this.#isLeft) return
    if (this.#isSent || !isPassing(networkError(error, ''))) this.#fail(controller, error)
    else if (!this.#leave()) this.#fail(controller, error)
  }

  #fail(controller: unknown, error: Error): void {
    this.#cancelTimer?.()
    this.#attempt.onResponseError(controller, error)
  }

  #leave(): boolean {
    if (this.#isLeft || this.#isSent || !this.#canGoOn()) return false
    this.#isLeft = true
    this.#cancelTimer?.()
    this.#goOn()
    return true
  }
}
