import { shown } from '../match.ts'
import type { CaseResult } from '../results.ts'
import type { Topology } from '../topology.ts'
import type { Hop, Trace } from '../trace.ts'

const MAX_LINES = 200

/** The path of a case's messages as an indented list: node, times, what changed, errors. */
export function describeTrace({ hops, dropped }: Trace, topology: Topology): string {
  const children = Map.groupBy(hops, ({ parent }) => parent)
  const lines: string[] = []
  // An explicit stack: a flow that feeds back to itself makes long chains.
  const stack = (children.get(null) ?? []).toReversed().map((hop) => ({ hop, depth: 0 }))
  for (let next = stack.pop(); next && lines.length < MAX_LINES; next = stack.pop()) {
    const { hop, depth } = next
    lines.push(...hopLines(hop, topology, '  '.repeat(Math.min(depth, 30))))
    const below = children.get(hop.index) ?? []
    stack.push(
      ...below.toReversed().map((each) => ({ hop: each, depth: depth + (below.length > 1 ? 1 : 0) })),
    )
  }
  const more = hops.length + dropped - lines.length
  return [...lines, ...(lines.length >= MAX_LINES ? [`... ${more} more`] : [])].join('\n')
}

function hopLines(hop: Hop, topology: Topology, indent: string): readonly string[] {
  const { enteredMs, leftMs, error, stubbed, arrival, fromOutput, path, sends } = hop
  const inside = path.map((id) => `${nameIn(topology, topology.running.get(id)?.id ?? id)} / `).join('')
  const how =
    arrival === 'wire'
      ? fromOutput === undefined || fromOutput === 0
        ? ''
        : ` (output ${fromOutput + 1})`
      : ` (${arrival})`
  // Where a message begins there is nothing to be done with.
  const begins = arrival === 'source' || arrival === 'http'
  const took = leftMs === undefined ? (begins ? '' : '  not done') : `  ${(leftMs - enteredMs).toFixed(1)} ms`
  const head = `${indent}${enteredMs.toFixed(1)} ms  ${inside}${nameIn(topology, hop.node)}${how}${took}${stubbed ? '  stub' : ''}`
  const failure = error
    ? [`${indent}  ✖ ${error.code === undefined ? '' : `${error.code}: `}${error.message}`]
    : []
  const changes = sends.flatMap(({ changes: list = [] }) =>
    list
      .slice(0, 6)
      .map(
        ({ path: place, kind, to }) =>
          `${indent}  ${kind === 'removed' ? '-' : '+'} ${place}${kind === 'removed' ? '' : ` = ${shown(to).slice(0, 80)}`}`,
      ),
  )
  return [head, ...changes, ...failure]
}

const nameIn = (topology: Topology, id: string): string =>
  topology.nodes.get(id)?.name ?? topology.stored.get(id)?.type ?? id

/** The traces of all cases as JSON text; times in milliseconds from the start of each case. */
export const tracesToJson = (cases: readonly CaseResult[]): string =>
  `${JSON.stringify(
    cases.map(({ file, name, status, flows, trace }) => ({ file, name, status, flows, ...trace })),
    (key, value: unknown) =>
      TIMES.has(key) && typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
    2,
  )}\n`

const TIMES: ReadonlySet<string> = new Set(['enteredMs', 'leftMs', 'atMs'])
