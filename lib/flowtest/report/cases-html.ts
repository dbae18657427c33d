import type { CaseResult } from '../results.ts'
import type { Topology } from '../topology.ts'
import { escapeXml } from './escape.ts'
import { describeTrace } from './trace.ts'

const MAX_PATH_LINES = 60
const MARKS = { passed: '✔', failed: '✖', skipped: '–' } as const

/** The cases of one file as a list: each opens to the path that its messages took, a failed one is open. */
export function casesHtml(
  file: string,
  cases: readonly CaseResult[],
  topologies: ReadonlyMap<string, Topology>,
): string {
  const rows = cases.map((each) => caseHtml(each, topologies.get(each.flows)))
  return `<h3>${escapeXml(file)}</h3><div class="cases">${rows.join('\n')}</div>`
}

function caseHtml(result: CaseResult, topology: Topology | undefined): string {
  const { name, status, problems, durationMs, blocked, log, trace } = result
  const reasons = [
    ...problems,
    ...blocked.map((each) => `blocked: ${each}`),
    ...(status === 'failed' ? log : []),
  ]
  const why = reasons.length === 0 ? '' : `<pre class="why">${escapeXml(reasons.join('\n'))}</pre>`
  const path = topology && trace.hops.length > 0 ? pathHtml(describeTrace(trace, topology)) : ''
  const took = status === 'skipped' ? '' : `<small>${durationMs} ms</small>`
  const head = `<b>${MARKS[status]}</b><span>${escapeXml(name)}</span>${took}`
  return why + path === ''
    ? `<div class="case ${status}"><div class="head">${head}</div></div>`
    : `<details class="case ${status}"${status === 'passed' ? '' : ' open'}><summary class="head">${head}</summary>${why}${path}</details>`
}

function pathHtml(text: string): string {
  const lines = text.split('\n')
  const more = lines.length - MAX_PATH_LINES
  const shown = more > 0 ? [...lines.slice(0, MAX_PATH_LINES), `... ${more} more lines, see --trace`] : lines
  return `<pre class="path">${shown.map(lineHtml).join('\n')}</pre>`
}

// A node a line, and below it what it changed, or why it failed.
function lineHtml(line: string): string {
  const kind = /^\s*([✖+-]) /.exec(line)?.[1]
  const text = escapeXml(line)
  if (kind === undefined) return text
  return kind === '✖' ? `<em>${text}</em>` : `<i>${text}</i>`
}
