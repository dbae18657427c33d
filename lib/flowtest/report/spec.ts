import { COVERAGE_KINDS, percentOf, totalOf, type CoverageSummary, type FlowCoverage } from '../coverage.ts'
import { tally, type CaseResult, type RunResult } from '../results.ts'

/** Marks text for a terminal. */
export type Paint = (style: 'green' | 'red' | 'yellow' | 'dim' | 'bold', text: string) => string

const CODES = { green: 32, red: 31, yellow: 33, dim: 2, bold: 1 } as const

/** ANSI colours, or none. */
export const painter =
  (colours: boolean): Paint =>
  (style, text) =>
    colours ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text

/** One case as a line, with its problems below. */
export function describeCase(result: CaseResult, paint: Paint): string {
  const { name, status, problems, durationMs, blocked } = result
  if (status === 'skipped')
    return `  ${paint('yellow', '-')} ${name} ${paint('dim', `skipped: ${problems.join('; ')}`)}`
  const mark = status === 'passed' ? paint('green', '✔') : paint('red', '✖')
  const lines = [`  ${mark} ${name} ${paint('dim', `${durationMs} ms`)}`]
  for (const problem of problems) lines.push(...indented(problem))
  if (blocked.length > 0)
    lines.push(...indented(paint('yellow', `blocked: ${[...new Set(blocked)].join('; ')}`)))
  if (status === 'failed') {
    for (const line of result.log.slice(0, 8)) lines.push(...indented(paint('dim', `log: ${line}`)))
    if (result.line !== undefined) lines.push(...indented(paint('dim', `at ${result.file}:${result.line}`)))
  }
  return lines.join('\n')
}

const indented = (text: string): readonly string[] => text.split('\n').map((line) => `      ${line}`)

/** The last lines: how many cases, and how long. */
export function describeTotals({ cases, durationMs, nodeRed }: RunResult, paint: Paint): string {
  const { passed, failed, skipped } = tally(cases)
  const parts = [
    paint('green', `${passed} passed`),
    ...(failed > 0 ? [paint('red', `${failed} failed`)] : []),
    ...(skipped > 0 ? [paint('yellow', `${skipped} skipped`)] : []),
  ]
  const where = nodeRed === '' ? '' : ` on Node-RED ${nodeRed}`
  return `  ${parts.join(', ')} ${paint('dim', `in ${(durationMs / 1000).toFixed(1)} s${where}`)}`
}

/** Coverage as a table: a row a flow file, and one for all where there are several. */
export function coverageTable(coverage: readonly FlowCoverage[], paint: Paint): string {
  const rows = coverage.map(({ file, summary }) => rowOf(file, summary))
  if (rows.length > 1) rows.push(rowOf('all', totalOf(coverage.map(({ summary }) => summary))))
  const head: Row = { cells: ['coverage', ...COVERAGE_KINDS], percents: [] }
  const widths = head.cells.map((_, at) =>
    Math.max(...[head, ...rows].map(({ cells }) => cells[at]?.length ?? 0)),
  )
  const line = ({ cells, percents }: Row): string =>
    `  ${cells
      .map((cell, at) => {
        const text = at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)
        const percent = percents[at - 1]
        return percent === undefined
          ? text
          : paint(percent >= 90 ? 'green' : percent >= 60 ? 'yellow' : 'red', text)
      })
      .join('  ')}`
  return [paint('bold', line(head)), ...rows.map(line)].join('\n')
}

interface Row {
  readonly cells: readonly string[]
  readonly percents: readonly number[]
}

function rowOf(name: string, summary: CoverageSummary): Row {
  const ratios = COVERAGE_KINDS.map((kind) => summary[kind])
  const cells = ratios.map((ratio) =>
    ratio.total === 0 ? '-' : `${percentOf(ratio)} % ${ratio.reached}/${ratio.total}`,
  )
  return { cells: [name, ...cells], percents: ratios.map(percentOf) }
}

/** What tests did not reach, by name: at most `limit` lines a flow file. */
export function describeMissed(
  { topology, counts, units, code }: FlowCoverage,
  limit = 12,
): readonly string[] {
  const nameOf = (id: string): string => topology.nodes.get(id)?.name ?? id
  const nodes = [...topology.nodes.values()]
    .filter(({ id }) => !counts.nodes[id])
    .map(({ name }) => `node ${name}`)
  const outputs = [...topology.nodes.values()].flatMap(({ id, name, outputs: count }) =>
    counts.nodes[id]
      ? Array.from({ length: count }, (_, port) => port)
          .filter((port) => !counts.outputs[`${id}:${port}`])
          .map((port) => `output ${port + 1} of ${name}`)
      : [],
  )
  const branches = units.flatMap((unit) =>
    unit.branches.flatMap(({ kind, line }, at) =>
      (code[unit.key]?.branches[at] ?? 0) === 0 && counts.nodes[unit.node]
        ? [`${nameOf(unit.node)}${unit.part === 'body' ? '' : ` (${unit.part})`} line ${line}: ${kind}`]
        : [],
    ),
  )
  const all = [...nodes, ...outputs, ...branches]
  return all.length > limit ? [...all.slice(0, limit), `and ${all.length - limit} more`] : all
}
