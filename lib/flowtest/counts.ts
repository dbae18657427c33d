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

const add = (counts: Record<string, number>, key: string, by: number): void => {
  counts[key] = (counts[key] ?? 0) + by
}

/** Counts what a run reaches, in the terms of the flow file. */
export class ReachCounter {
  readonly counts: Counts = noCounts()
  readonly #topology: Topology
  readonly #wires: ReadonlyMap<string, readonly Wire[]>
  readonly #links: ReadonlyMap<string, Wire>

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

  /** A node received a message, or sent one of its own accord. */
  node(id: string): void {
    if (this.#topology.nodes.has(id)) add(this.counts.nodes, id, 1)
  }

  /** A `link in` node received a message from a `link out` or `link call` node. */
  link(from: string, to: string): void {
    const wire = this.#links.get(`${from} ${to}`)
    if (wire) add(this.counts.wires, wire.key, 1)
  }

  failure(id: string, code: string): void {
    add(this.counts.failures, `${id} ${code}`, 1)
  }

  /**
   * A node sent `messages` at an output. What a subflow instance itself sends enters its subflow; what a node inside sends to
   * an output of the subflow leaves at that output of the instance.
   *
   * @param runningId as the runtime knows the node.
   */
  sent(runningId: string, port: number, messages: number): void {
    const running = this.#topology.running.get(runningId)
    if (!running) return
    const template = subflowOf(this.#topology.stored.get(running.id)?.type ?? '')
    if (template === undefined) this.#leave(runningId, port, messages)
    else this.#follow(template, port, [...running.path, runningId], messages)
  }

  #leave(runningId: string, port: number, messages: number): void {
    const running = this.#topology.running.get(runningId)
    if (!running) return
    const outputs = this.#topology.nodes.get(running.id)?.outputs ?? 0
    if (port < outputs) add(this.counts.outputs, `${running.id}:${port}`, messages)
    this.#follow(running.id, port, running.path, messages)
  }

  #follow(from: string, port: number, path: readonly string[], messages: number): void {
    for (const wire of this.#wires.get(`${from}:${port}`) ?? []) {
      add(this.counts.wires, wire.key, messages)
      const instance = path.at(-1)
      if (wire.toPort !== undefined && instance !== undefined) this.#leave(instance, wire.toPort, messages)
    }
  }
}

/** Adds `more` to `into`. */
export function addCounts(into: Counts, more: Counts): void {
  for (const kind of ['nodes', 'outputs', 'wires', 'failures'] as const) {
    for (const [key, count] of Object.entries(more[kind])) add(into[kind], key, count)
  }
}
