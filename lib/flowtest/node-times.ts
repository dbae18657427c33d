import type { FunctionTime } from './cpu-profile.ts'
import type { Topology } from './topology.ts'
import type { Trace } from './trace.ts'

/** Where the time of a flow went: one node. */
export interface NodeTime {
  readonly node: string
  readonly name: string
  readonly type: string
  readonly messages: number
  /** From entering to done, waiting included, milliseconds over all messages. */
  readonly elapsedMs: number
  /** Processor time of a Function node's own code with what it called; undefined for other nodes. */
  readonly cpuMs: number | undefined
}

/** The time that messages spent in each node, the longest first. */
export function nodeTimes(
  topology: Topology,
  traces: readonly Trace[],
  functions: readonly FunctionTime[] = [],
): readonly NodeTime[] {
  const times = new Map<string, { messages: number; elapsedMs: number }>()
  for (const { node, enteredMs, leftMs } of traces.flatMap(({ hops }) => hops)) {
    const time = times.get(node) ?? { messages: 0, elapsedMs: 0 }
    time.messages += 1
    if (leftMs !== undefined) time.elapsedMs += leftMs - enteredMs
    times.set(node, time)
  }
  const cpu = cpuOf(topology, functions)
  return [...times]
    .flatMap(([id, time]) => {
      const node = topology.nodes.get(id)
      return node ? [{ node: id, name: node.name, type: node.type, ...time, cpuMs: cpu.get(id) }] : []
    })
    .sort((a, b) => b.elapsedMs - a.elapsedMs)
}

// The longest function of a script is the one around the user's code.
function cpuOf(topology: Topology, functions: readonly FunctionTime[]): ReadonlyMap<string, number> {
  const scripts = new Map<string, number>()
  for (const { place, totalMs } of functions) {
    const runningId = /^Function node:(\S+?)(?: \[|:\d+$)/.exec(place)?.[1]
    if (runningId !== undefined) scripts.set(runningId, Math.max(scripts.get(runningId) ?? 0, totalMs))
  }
  const cpu = new Map<string, number>()
  for (const [runningId, ms] of scripts) {
    const id = topology.running.get(runningId)?.id
    if (id !== undefined) cpu.set(id, (cpu.get(id) ?? 0) + ms)
  }
  return cpu
}
