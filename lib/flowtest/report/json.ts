import { failureModesOf, percentOf, totalOf, type CoverageSummary, type FlowCoverage } from '../coverage.ts'
import { tally, type RunResult } from '../results.ts'

/** A run as JSON text; the shape is described in docs/flow-tests.md. */
export function toJson(run: RunResult): string {
  const { nodeRed, durationMs, cases, coverage } = run
  const report = {
    v: 1,
    nodeRed,
    durationMs,
    totals: tally(cases),
    cases: cases.map(({ trace: _trace, ...rest }) => rest),
    ...(coverage.length > 0
      ? {
          coverage: {
            totals: figures(totalOf(coverage.map(({ summary }) => summary))),
            flows: coverage.map(flowOf),
          },
        }
      : {}),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

const figures = (summary: CoverageSummary): object =>
  Object.fromEntries(
    Object.entries(summary).map(([kind, ratio]) => [kind, { ...ratio, percent: percentOf(ratio) }]),
  )

function flowOf(flow: FlowCoverage): object {
  const { file, topology, counts, units, code, summary } = flow
  return {
    file,
    summary: figures(summary),
    nodes: [...topology.nodes.values()].map(({ id, type, name, canvas, outputs }) => ({
      id,
      type,
      name,
      canvas,
      count: counts.nodes[id] ?? 0,
      outputs: Array.from({ length: outputs }, (_, port) => counts.outputs[`${id}:${port}`] ?? 0),
    })),
    wires: topology.wires.map(({ from, port, to, toPort, kind, key }) => ({
      from,
      output: port + 1,
      to,
      ...(toPort === undefined ? {} : { toOutput: toPort + 1 }),
      kind,
      count: counts.wires[key] ?? 0,
    })),
    branches: units.flatMap(({ node, part, key, branches }) =>
      branches.map(({ kind, line }, at) => ({ node, part, line, kind, count: code[key]?.branches[at] ?? 0 })),
    ),
    failures: failureModesOf(flow),
  }
}
