import type { CodeUnit, UnitCounts } from '../code-coverage.ts'
import type { FlowCoverage } from '../coverage.ts'

/** The coverage of Function nodes as lcov text; their code is in the files that {@link sourcesOf} gives. */
export function toLcov(coverage: readonly FlowCoverage[]): string {
  return coverage
    .flatMap(({ file, units, code, topology }) =>
      units.map((unit) =>
        recordOf(sourceName(file, unit, topology.nodes.get(unit.node)?.name ?? ''), unit, code[unit.key]),
      ),
    )
    .join('')
}

const sourceName = (file: string, { node, part }: CodeUnit, name: string): string =>
  `${file.replace(/\.json$/, '').replace(/^(?:[./\\]|[A-Za-z]:)+/, '')}/${slug(name)}${node}.${part}.js`

/** Code by file name. Function nodes have no file of their own: lcov knows them as `<flow file>/<name>.<id>.<part>.js`. */
export const sourcesOf = (coverage: readonly FlowCoverage[]): ReadonlyMap<string, string> =>
  new Map(
    coverage.flatMap(({ file, units, topology }) =>
      units.map(
        (unit) => [sourceName(file, unit, topology.nodes.get(unit.node)?.name ?? ''), unit.code] as const,
      ),
    ),
  )

const slug = (name: string): string => {
  const text = name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
  return text === '' ? '' : `${text}.`
}

function recordOf(
  source: string,
  { branches, statements }: CodeUnit,
  counts: UnitCounts | undefined,
): string {
  const lines = new Map<number, number>()
  statements.forEach(({ line }, at) => {
    lines.set(line, Math.max(lines.get(line) ?? 0, counts?.statements[at] ?? 0))
  })
  const taken = branches.map((_, at) => counts?.branches[at] ?? 0)
  const wasRun = (taken[0] ?? 0) > 0
  return [
    'TN:',
    `SF:${source}`,
    ...branches.map(({ line }, at) => `BRDA:${line},0,${at},${wasRun ? (taken[at] ?? 0) : '-'}`),
    `BRF:${branches.length}`,
    `BRH:${taken.filter((count) => count > 0).length}`,
    ...[...lines].map(([line, count]) => `DA:${line},${count}`),
    `LF:${lines.size}`,
    `LH:${[...lines.values()].filter((count) => count > 0).length}`,
    'end_of_record',
    '',
  ].join('\n')
}
