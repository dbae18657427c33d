import type { RuntimeMessage } from '../flowtest/runtime-message.ts'
import type { Clock } from '../ports.ts'
import type { Journey } from './journey.ts'

const SWEEP_MS = 5000
/** How long a trace stays open to what goes on in its context after its nodes were done. */
export const LINGER_MS = 60_000
/** After this time a message counts as a new one: loops and sockets would go on for ever. */
export const MAX_AGE_MS = 600_000

/** The traces that are kept and still under way, by the ids of their messages. */
export class ActiveJourneys {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>
  readonly #all = new Set<Journey>()
  readonly #byMessage = new Map<string, Journey>()
  #cancelSweep: (() => void) | undefined

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#all.size === 0
  }

  of({ _msgid }: RuntimeMessage): Journey | undefined {
    return _msgid === undefined ? undefined : this.#byMessage.get(_msgid)
  }

  /** A message of a trace is under way. */
  add(journey: Journey, { _msgid }: RuntimeMessage): void {
    this.#all.add(journey)
    if (_msgid !== undefined && !journey.messageIds.has(_msgid)) {
      journey.messageIds.add(_msgid)
      this.#byMessage.set(_msgid, journey)
    }
    this.#cancelSweep ??= this.#clock.after(SWEEP_MS, this.#sweep)
  }

  remove(journey: Journey): void {
    if (!this.#all.delete(journey)) return
    for (const id of journey.messageIds) if (this.#byMessage.get(id) === journey) this.#byMessage.delete(id)
    journey.messageIds.clear()
    journey.close()
  }

  close(): void {
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
    for (const journey of this.#all) this.remove(journey)
  }

  readonly #sweep = (): void => {
    this.#cancelSweep = undefined
    const now = this.#clock.monotonic()
    for (const journey of this.#all) {
      const age = now - journey.startedMs
      if (age > MAX_AGE_MS || (age - journey.durationMs > LINGER_MS && !journey.isWorking))
        this.remove(journey)
      else journey.endSpans(age - SWEEP_MS)
    }
    if (!this.isEmpty) this.#cancelSweep = this.#clock.after(SWEEP_MS, this.#sweep)
  }
}
