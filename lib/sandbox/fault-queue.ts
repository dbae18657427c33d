import {
  formatFaultScript,
  type FaultEntry,
  type FaultRoute,
  type FaultScript,
  type FaultStep,
} from './fault-script.ts'

/** The faults that still wait for their requests, per route and in order. */
export class FaultQueue {
  readonly #waiting = new Map<FaultRoute, FaultEntry[]>()

  /** Puts the steps of a script behind those that still wait on the same route. */
  add({ route, steps }: FaultScript): void {
    this.#waiting.set(route, [...(this.#waiting.get(route) ?? []), ...steps])
  }

  /** Takes the fault of the next request; undefined when none is scripted. */
  take(route: FaultRoute): FaultStep | undefined {
    const steps = this.#waiting.get(route)
    const first = steps?.[0]
    if (!steps || !first) return undefined
    if (first.times > 1) steps[0] = { ...first, times: first.times - 1 }
    else if (steps.length > 1) steps.shift()
    else this.#waiting.delete(route)
    return first
  }

  /** What still waits, as scripts. */
  list(): readonly string[] {
    return [...this.#waiting].map(([route, steps]) => formatFaultScript({ route, steps }))
  }

  clear(): void {
    this.#waiting.clear()
  }
}
