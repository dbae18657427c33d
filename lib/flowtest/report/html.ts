import {
  COVERAGE_KINDS,
  failureModesOf,
  percentOf,
  totalOf,
  type CoverageSummary,
  type FlowCoverage,
} from '../coverage.ts'
import { tally, type RunResult } from '../results.ts'
import { canvasSvg } from './canvas-svg.ts'
import { casesHtml } from './cases-html.ts'
import { codeHtml } from './code-html.ts'
import { escapeXml } from './escape.ts'
import { STYLE } from './html-style.ts'

/** A run as one page that needs nothing but itself: no script, nothing fetched. Follows the light or dark theme of the reader. */
export function toHtml(run: RunResult): string {
  const { cases, coverage } = run
  const { passed, failed, skipped } = tally(cases)
  const title = failed > 0 ? `${failed} of ${cases.length} flow tests failed` : `${passed} flow tests passed`
  const facts = [
    `${(run.durationMs / 1000).toFixed(1)} s`,
    ...(run.nodeRed === '' ? [] : [`Node-RED ${run.nodeRed}`]),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ]
  const topologies = new Map(coverage.map(({ file, topology }) => [file, topology]))
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escapeXml(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1 class="${failed > 0 ? 'failed' : 'passed'}">${escapeXml(title)}</h1>`,
    `<p class="facts">${escapeXml(facts.join(' · '))}</p>`,
    coverage.length > 1 ? figuresHtml(totalOf(coverage.map(({ summary }) => summary))) : '',
    ...coverage.map(flowHtml),
    '<h2>Cases</h2>',
    ...[...Map.groupBy(cases, ({ file }) => file)].map(([file, list]) => casesHtml(file, list, topologies)),
    '</body></html>',
    '',
  ].join('\n')
}

function figuresHtml(summary: CoverageSummary): string {
  const cells = COVERAGE_KINDS.map((kind) => {
    const { reached, total } = summary[kind]
    const percent = percentOf(summary[kind])
    const level = total === 0 ? 'none' : percent >= 90 ? 'good' : percent >= 50 ? 'fair' : 'poor'
    const text = total === 0 ? '–' : `${percent} %`
    return `<div class="figure ${level}"><b>${text}</b><span>${kind}</span><small>${reached} of ${total}</small><i style="--part:${total === 0 ? 0 : percent}%"></i></div>`
  })
  return `<div class="figures">${cells.join('')}</div>`
}

function flowHtml(flow: FlowCoverage): string {
  const canvases = [...flow.topology.canvases.values()].map(
    (canvas) =>
      `<section><h3>${canvas.kind === 'subflow' ? 'Subflow: ' : ''}${escapeXml(canvas.label)}</h3><div class="scroll">${canvasSvg(canvas, flow)}</div></section>`,
  )
  return [
    `<h2>${escapeXml(flow.file)}</h2>`,
    figuresHtml(flow.summary),
    LEGEND,
    ...canvases,
    functionsHtml(flow),
    failuresHtml(flow),
  ].join('\n')
}

const LEGEND = `<p class="legend">
<span><i class="line hit"></i>reached</span><span><i class="line miss"></i>not reached</span>
<span><i class="dot full"></i>all branches or failure modes</span><span><i class="dot part"></i>some</span><span><i class="dot none"></i>none</span>
<span>The number in a node: messages that entered it. Point at a node, output or wire for more.</span></p>`

function functionsHtml({ units, code, topology }: FlowCoverage): string {
  if (units.length === 0) return ''
  const parts = units.map((unit) => {
    const counts = code[unit.key]
    const reached = unit.branches.filter((_, at) => (counts?.branches[at] ?? 0) > 0).length
    const name = topology.nodes.get(unit.node)?.name ?? unit.node
    const where = unit.part === 'body' ? '' : ` (${unit.part})`
    const open = reached < unit.branches.length ? ' open' : ''
    const problem = unit.problem === undefined ? '' : `<p class="problem">${escapeXml(unit.problem)}</p>`
    return `<details class="unit"${open}><summary><span>${escapeXml(name)}${where}</span><small>${reached} of ${unit.branches.length} branches</small></summary>${problem}${codeHtml(unit, counts)}</details>`
  })
  return `<h3>Function nodes</h3>\n${parts.join('\n')}`
}

function failuresHtml(flow: FlowCoverage): string {
  const byNode = [...Map.groupBy(failureModesOf(flow), ({ node }) => node)]
  if (byNode.length === 0) return ''
  const rows = byNode.map(([id, modes]) => {
    const node = flow.topology.nodes.get(id)
    const codes = modes.map(
      ({ code, count }) =>
        `<span class="code ${count > 0 ? 'hit' : 'miss'}" title="${count > 0 ? `${count} times` : 'no test provoked it'}">${escapeXml(code)}${count > 1 ? ` <b>${count}</b>` : ''}</span>`,
    )
    const provoked = modes.filter(({ count }) => count > 0).length
    return `<tr><td><b>${escapeXml(node?.name ?? id)}</b><small>${escapeXml(node?.type ?? '')}</small></td><td>${provoked} of ${modes.length}</td><td>${codes.join(' ')}</td></tr>`
  })
  return `<h3>Failure modes</h3><table class="failures"><tr><th>Node</th><th>Provoked</th><th>Codes</th></tr>${rows.join('\n')}</table>`
}
