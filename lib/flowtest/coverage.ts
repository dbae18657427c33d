import type { CodeCounts, CodeUnit } from './code-coverage.ts'
import type { Counts } from './counts.ts'
import type { NodeLook } from './node-looks.ts'
import type { Topology } from './topology.ts'

/** What is counted. */
export const COVERAGE_KINDS = ['nodes', 'outputs', 'wires', 'branches', 'failures'] as const

/** One kind of part that tests reach. */
export type CoverageKind = (typeof COVERAGE_KINDS)[number]

/** How many parts were reached, of how many there are. */
export interface Ratio {
  readonly reached: number
  readonly total: number
}

/** Coverage in figures. */
export type CoverageSummary = Readonly<Record<CoverageKind, Ratio>>

/** The coverage of one flow file, over all cases. */
export interface FlowCoverage {
  /** The flow file, as the user named it. */
  readonly file: string
  readonly topology: Topology
  readonly counts: Counts
  readonly units: readonly CodeUnit[]
  readonly code: CodeCounts
  readonly looks: ReadonlyMap<string, NodeLook>
  readonly summary: CoverageSummary
}

/** A way in which a node can fail, and how often a test has provoked it. */
export interface FailureMode {
  readonly node: string
  readonly code: string
  readonly count: number
}

/** Sums the counts of a flow up. */
export function coverageOf(parts: Omit<FlowCoverage, 'summary'>): FlowCoverage {
  const { topology, counts, units, code } = parts
  const nodes = [...topology.nodes.values()]
  const outputs = nodes.flatMap(({ id, outputs: count }) =>
    Array.from({ length: count }, (_, port) => counts.outputs[`${id}:${port}`] ?? 0),
  )
  const summary = {
    nodes: ratio(nodes.map(({ id }) => counts.nodes[id] ?? 0)),
    outputs: ratio(outputs),
    wires: ratio(topology.wires.map(({ key }) => counts.wires[key] ?? 0)),
    branches: ratio(
      units.flatMap(({ key, branches }) => branches.map((_, at) => code[key]?.branches[at] ?? 0)),
    ),
    failures: ratio(failureModesOf(parts).map(({ count }) => count)),
  }
  return { ...parts, summary }
}

/** All ways in which the nodes of a flow can fail, by node in the order of the flow file. */
export function failureModesOf({
  topology,
  counts,
  looks,
}: Pick<FlowCoverage, 'topology' | 'counts' | 'looks'>): readonly FailureMode[] {
  return [...topology.nodes.values()].flatMap(({ id, type }) =>
    (looks.get(type)?.failureModes ?? []).map((code) => ({
      node: id,
      code,
      count: counts.failures[`${id} ${code}`] ?? 0,
    })),
  )
}

const ratio = (counts: readonly number[]): Ratio => ({
  reached: counts.filter((count) => count > 0).length,
  total: counts.length,
})

/** Figures of several flow files together. */
export function totalOf(summaries: readonly CoverageSummary[]): CoverageSummary {
  const total = (kind: CoverageKind): Ratio => ({
    reached: summaries.reduce((sum, summary) => sum + summary[kind].reached, 0),
    total: summaries.reduce((sum, summary) => sum + summary[kind].total, 0),
  })
  return {
    nodes: total('nodes'),
    outputs: total('outputs'),
    wires: total('wires'),
    branches: total('branches'),
    failures: total('failures'),
  }
}

/** Reached parts in a hundred, rounded down to a tenth so that 100 means all; 100 where there is nothing to reach. */
export const percentOf = ({ reached, total }: Ratio): number =>
  total === 0 ? 100 : Math.floor((reached * 1000) / total) / 10

/** The kinds of which fewer were reached than asked for, in words. */
export function shortfalls(
  summary: CoverageSummary,
  minimums: Readonly<Partial<Record<CoverageKind, number>>>,
): readonly string[] {
  return COVERAGE_KINDS.flatMap((kind) => {
    const minimum = minimums[kind]
    const percent = percentOf(summary[kind])
    if (minimum === undefined || percent >= minimum) return []
    const { reached, total } = summary[kind]
    return [
      `Coverage of ${kind} is ${percent} % (${reached} of ${total}), less than the ${minimum} % asked for`,
    ]
  })
}
