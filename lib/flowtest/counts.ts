import { subflowOf } from './subflows.ts'
import type { Topology, Wire } from './topology.ts'

/** How often each part of a flow was reached; parts that were not are left out. Counts of several runs are added up. */
export interface Counts {
  readonly nodes: Record<string, number>
  /** By `node:output`, outputs from 0. */
  readonly outputs: Record<string, number>
  /** By {@link Wire.key}. */
  readonly wires: Record<string, number>
  /** By `node code`. */
  readonly failures: Record<string, number>
}

export const noCounts = (): Counts => ({ nodes: {}, outputs: {}, wires: {}, failures: {} })

interface Counter {
  count: number
}

/** Counters by key, made when they are first asked for. */
class Tally {
  readonly #counters = new Map<string, Counter>()

  counter(key: string): Counter {
    const known = this.#counters.get(key)
    if (known) return known
    const counter = { count: 0 }
    this.#counters.set(key, counter)
    return counter
  }

  get counts(): Record<string, number> {
    const reached = [...this.#counters].filter(([, { count }]) => count > 0)
    return Object.fromEntries(reached.map(([key, { count }]) => [key, count]))
  }
}

/** Counts what a run reaches, in the terms of the flow file. */
export class ReachCounter {
  readonly #topology: Topology
  readonly #wires: ReadonlyMap<string, readonly Wire[]>
  readonly #links: ReadonlyMap<string, Wire>
  readonly #tallies = { nodes: new Tally(), outputs: new Tally(), wires: new Tally(), failures: new Tally() }
  /** What a message passes behind each output of a running node. */
  readonly #ways = new Map<string, (readonly Counter[] | undefined)[]>()

  constructor(topology: Topology) {
    this.#topology = topology
    const { wires } = topology
    this.#wires = Map.groupBy(
      wires.filter(({ kind }) => kind === 'wire'),
      ({ from, port }) => `${from}:${port}`,
    )
    this.#links = new Map(
      wires.filter(({ kind }) => kind === 'link').map((wire) => [`${wire.from} ${wire.to}`, wire]),
    )
  }

  get counts(): Counts {
    const { nodes, outputs, wires, failures } = this.#tallies
    return {
      nodes: nodes.counts,
      outputs: outputs.counts,
      wires: wires.counts,
      failures: failures.counts,
    }
  }

  /** A node received a message, or sent one of its own accord. */
  node(id: string): void {
    if (this.#topology.nodes.has(id)) this.#tallies.nodes.counter(id).count += 1
  }

  /** A `link in` node received a message from a `link out` or `link call` node. */
  link(from: string, to: string): void {
    const wire = this.#links.get(`${from} ${to}`)
    if (wire) this.#tallies.wires.counter(wire.key).count += 1
  }

  failure(id: string, code: string): void {
    this.#tallies.failures.counter(`${id} ${code}`).count += 1
  }

  /**
   * A node sent a message at an output. What a subflow instance itself sends enters its subflow; what a node inside sends to
   * an output of the subflow leaves at that output of the instance.
   *
   * @param runningId as the runtime knows the node.
   */
  sent(runningId: string, port: number): void {
    let ways = this.#ways.get(runningId)
    if (!ways) this.#ways.set(runningId, (ways = []))
    for (const counter of (ways[port] ??= this.#way(runningId, port))) counter.count += 1
  }

  #way(runningId: string, port: number): readonly Counter[] {
    const running = this.#topology.running.get(runningId)
    if (!running) return []
    const template = subflowOf(this.#topology.stored.get(running.id)?.type ?? '')
    if (template === undefined) return this.#leave(runningId, port)
    return this.#follow(template, port, [...running.path, runningId])
  }

  #leave(runningId: string, port: number): readonly Counter[] {
    const running = this.#topology.running.get(runningId)
    if (!running) return []
    const outputs = this.#topology.nodes.get(running.id)?.outputs ?? 0
    const output = port < outputs ? [this.#tallies.outputs.counter(`${running.id}:${port}`)] : []
    return [...output, ...this.#follow(running.id, port, running.path)]
  }

  #follow(from: string, port: number, path: readonly string[]): readonly Counter[] {
    return (this.#wires.get(`${from}:${port}`) ?? []).flatMap(({ key, toPort }) => {
      const instance = path.at(-1)
      const beyond = toPort !== undefined && instance !== undefined ? this.#leave(instance, toPort) : []
      return [this.#tallies.wires.counter(key), ...beyond]
    })
  }
}

/** Adds `more` to `into`. */
export function addCounts(into: Counts, more: Counts): void {
  for (const kind of ['nodes', 'outputs', 'wires', 'failures'] as const) {
    for (const [key, count] of Object.entries(more[kind])) {
      into[kind][key] = (into[kind][key] ?? 0) + count
    }
  }
}
