import { topTen, type FunctionTime } from '../cpu-profile.ts'
import type { NodeTime } from '../node-times.ts'

const ms = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(1))

/** Where the time went, as tables: functions by own and by total time, and nodes. */
export function describeProfile(functions: readonly FunctionTime[], nodes: readonly NodeTime[]): string {
  const { self, total } = topTen(functions)
  const rows = (list: readonly FunctionTime[]): string[][] =>
    list.map(({ name, place, selfMs, totalMs }) => [name, ms(selfMs), ms(totalMs), place])
  return [
    table(['function, by own time', 'own ms', 'total ms', 'place'], rows(self)),
    table(['function, by total time', 'own ms', 'total ms', 'place'], rows(total)),
    table(
      ['node', 'messages', 'elapsed ms', 'cpu ms', 'type'],
      nodes.map(({ name, messages, elapsedMs, cpuMs, type }) => [
        name,
        String(messages),
        ms(elapsedMs),
        ms(cpuMs),
        type,
      ]),
    ),
  ].join('\n\n')
}

// The first and the last column are text, those between are figures.
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)))
  return [head, ...rows]
    .map((row) =>
      `  ${row.map((cell, at) => (at === 0 || at === head.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')}`.trimEnd(),
    )
    .join('\n')
}
