import { abortReason } from './abort.ts'

interface Flight<T> {
  readonly result: Promise<T>
  readonly abort: AbortController
  waiters: number
}

/**
 * Joins calls of one key that are made while one runs: all get the same result. A caller that gives up takes only
 * itself out; the work is aborted when the last one has gone.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>()

  /**
   * Joins the call `key`, or starts it.
   *
   * @param start gets the signal of the joint work, not the caller's.
   * @throws what `start` throws; the abort reason of the caller's own signal.
   */
  async run(key: string, start: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) throw abortReason(signal)
    const flight = this.#flights.get(key) ?? this.#begin(key, start)
    flight.waiters += 1
    if (!signal) return flight.result
    return this.#wait(key, flight, signal)
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const abort = new AbortController()
    const result = start(abort.signal).finally(() => this.#forget(key, flight))
    const flight: Flight<T> = { result, abort, waiters: 0 }
    this.#flights.set(key, flight)
    result.catch(() => undefined) // each waiter reports it, and there may be none left
    return flight
  }

  #wait(key: string, flight: Flight<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(abortReason(signal))
        flight.waiters -= 1
        if (flight.waiters > 0) return
        this.#forget(key, flight)
        flight.abort.abort(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      void flight.result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    })
  }

  #forget(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }
}
