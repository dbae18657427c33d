/** A CPU profile as V8 writes it (`.cpuprofile`). */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples?: readonly number[]
  /** Microseconds. */
  readonly timeDeltas?: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** The time of one function, in milliseconds. */
export interface FunctionTime {
  readonly name: string
  /** File and line, or the Function node's script. */
  readonly place: string
  readonly selfMs: number
  /** With all that it called. */
  readonly totalMs: number
}

// What V8 itself does, waiting, and the runner of the tests.
const PSEUDO: ReadonlySet<string> = new Set(['(root)', '(program)', '(idle)', '(garbage collector)'])
const RUNNER = /(?:cli|lib)\/flowtest\/|node:inspector|^acorn\//

/** The time of each function in a profile, the longest own time first. Functions that call themselves count once. */
export function functionTimes({ nodes, samples = [], timeDeltas = [] }: CpuProfile): readonly FunctionTime[] {
  const own = new Map<number, number>()
  samples.forEach((id, at) => own.set(id, (own.get(id) ?? 0) + (timeDeltas[at] ?? 0) / 1000))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const times = new Map<string, { name: string; place: string; selfMs: number; totalMs: number }>()
  const visit = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const key = keyOf(node)
    const selfMs = own.get(node.id) ?? 0
    const inside = above.has(key) ? above : new Set([...above, key])
    let totalMs = selfMs
    for (const child of node.children ?? []) {
      const next = byId.get(child)
      if (next) totalMs += visit(next, inside)
    }
    const time = times.get(key) ?? { ...describe(node), selfMs: 0, totalMs: 0 }
    time.selfMs += selfMs
    if (!above.has(key)) time.totalMs += totalMs
    times.set(key, time)
    return totalMs
  }
  if (nodes[0]) visit(nodes[0], new Set())
  return [...times.values()]
    .filter(({ name, place }) => !PSEUDO.has(name) && !RUNNER.test(place))
    .sort((a, b) => b.selfMs - a.selfMs)
}

const keyOf = ({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string =>
  `${functionName}\n${url}\n${lineNumber}`

function describe({ callFrame: { functionName, url, lineNumber } }: ProfileNode): {
  name: string
  place: string
} {
  const file =
    url
      .replace(/^file:\/\//, '')
      .split('/node_modules/')
      .at(-1) ?? ''
  return { name: functionName || '(anonymous)', place: file === '' ? '' : `${file}:${lineNumber + 1}` }
}

/** The ten functions with the longest own time, and the ten with the longest time in all. */
export function topTen(times: readonly FunctionTime[]): {
  self: readonly FunctionTime[]
  total: readonly FunctionTime[]
} {
  return { self: times.slice(0, 10), total: times.toSorted((a, b) => b.totalMs - a.totalMs).slice(0, 10) }
}
