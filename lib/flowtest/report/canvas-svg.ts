import { failureModesOf, type FlowCoverage } from '../coverage.ts'
import type { Canvas, Wire } from '../topology.ts'
import {
  endId,
  inputPoint,
  layoutOf,
  outputPoint,
  type Box,
  type Frame,
  type Layout,
} from './canvas-layout.ts'
import { escapeXml } from './escape.ts'
import { wirePath } from './wire-path.ts'

/** One canvas as SVG: what tests reached in colour, what they did not in grey and dashed; the counts show on hover. */
export function canvasSvg(canvas: Canvas, flow: FlowCoverage): string {
  const layout = layoutOf(canvas, flow.topology, flow.looks)
  const [left, top, width, height] = layout.view
  const wires = flow.topology.wires.filter((wire) => wire.canvas === canvas.id || wire.kind === 'link')
  return [
    `<svg class="canvas" viewBox="${left} ${top} ${width} ${height}" style="--width:${width}px" role="img" aria-label="${escapeXml(canvas.label)}">`,
    ...layout.frames.map(frame),
    ...wires.map((wire) => wireSvg(wire, layout, flow)),
    ...[...layout.boxes.values()].map((box) => boxSvg(box, flow)),
    '</svg>',
  ].join('\n')
}

const frame = ({ x, y, width, height, label }: Frame): string =>
  `<g class="frame"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="5"/><text x="${x + 8}" y="${y + 16}">${escapeXml(label)}</text></g>`

const times = (count: number): string => (count === 0 ? 'not reached' : `${count} ×`)
const hit = (count: number): string => (count > 0 ? 'hit' : 'miss')

function wireSvg(
  { from, port, to, toPort, key, kind, canvas }: Wire,
  { boxes }: Layout,
  { counts, topology }: FlowCoverage,
): string {
  const source = boxes.get(from === canvas ? endId('in', port) : from)
  const target = boxes.get(toPort === undefined ? to : endId('out', toPort))
  if (!source || !target) return ''
  const count = counts.wires[key] ?? 0
  const nameOf = (id: string): string => topology.nodes.get(id)?.name ?? 'the subflow'
  const title = `${nameOf(from)}, output ${port + 1} → ${nameOf(to)}: ${times(count)}`
  const path = wirePath(
    outputPoint({ ...source, outputs: Math.max(1, source.outputs) }, port),
    inputPoint(target),
  )
  return `<g class="wire ${hit(count)} ${kind}"><path class="grip" d="${path}"/><path d="${path}"/><title>${escapeXml(title)}</title></g>`
}

function boxSvg(box: Box, flow: FlowCoverage): string {
  const { id, x, y, width, height, kind, label } = box
  const left = x - width / 2
  const top = y - height / 2
  if (kind === 'comment')
    return `<g class="node comment"><rect x="${left}" y="${top}" width="${width}" height="${height}" rx="5"/>${text(box)}</g>`
  if (kind === 'junction')
    return `<g class="junction"><rect x="${left}" y="${top}" width="10" height="10" rx="3"/></g>`
  if (kind !== 'node')
    return `<g class="end"><rect x="${left}" y="${top}" width="${width}" height="${height}" rx="5"/><text x="${x}" y="${y + 4}" text-anchor="middle">${escapeXml(label)}</text></g>`
  const count = flow.counts.nodes[id] ?? 0
  const state = box.isOff ? 'off' : hit(count)
  return [
    `<g class="node ${state}">`,
    `<rect class="body" x="${left}" y="${top}" width="${width}" height="${height}" rx="5" style="--color:${escapeXml(box.color)}"/>`,
    box.isOff ? '' : countSvg(box, count),
    box.isSmall ? '' : text(box),
    ports(box, flow),
    box.isOff ? '' : statusSvg(box, flow),
    `<title>${escapeXml(titleOf(box, flow, count))}</title>`,
    '</g>',
  ].join('')
}

const short = (count: number): string => (count < 10_000 ? String(count) : `${Math.floor(count / 1000)}k`)

// Where the editor draws the icon.
function countSvg({ x, y, width, height, isSmall }: Box, count: number): string {
  if (isSmall) return `<text class="count" x="${x}" y="${y + 4}" text-anchor="middle">${short(count)}</text>`
  const left = x - width / 2
  const top = y - height / 2
  const strip = `M${left + 30} ${top + 1}v${height - 2}h-25a4 4 0 0 1 -4 -4v${10 - height}a4 4 0 0 1 4 -4z`
  return `<path class="strip" d="${strip}"/><text class="count" x="${left + 16}" y="${y + 4}" text-anchor="middle">${short(count)}</text>`
}

// Where the editor draws the status.
function statusSvg({ id, x, y, width, height }: Box, flow: FlowCoverage): string {
  const { branches, modes } = partsOf(id, flow)
  const [parts, what] = branches.length > 0 ? [branches, 'branches'] : [modes, 'failure modes']
  if (parts.length === 0) return ''
  const reached = reachedOf(parts)
  const state = reached === parts.length ? 'full' : reached > 0 ? 'part' : 'none'
  const left = x - width / 2
  const top = y + height / 2 + 10
  return `<g class="status ${state}"><rect x="${left + 3}" y="${top - 4}" width="8" height="8" rx="2"/><text x="${left + 16}" y="${top + 4}">${reached} of ${parts.length} ${what}</text></g>`
}

/** How often each branch of a node's code was run, and each of its failure modes provoked. */
function partsOf(
  id: string,
  flow: FlowCoverage,
): { readonly branches: readonly number[]; readonly modes: readonly number[] } {
  const units = flow.units.filter(({ node }) => node === id)
  return {
    branches: units.flatMap(({ key, branches }) =>
      branches.map((_, at) => flow.code[key]?.branches[at] ?? 0),
    ),
    modes: failureModesOf(flow)
      .filter(({ node }) => node === id)
      .map(({ count }) => count),
  }
}

const reachedOf = (counts: readonly number[]): number => counts.filter((count) => count > 0).length

function text({ x, y, width, height, label, kind, isSmall }: Box): string {
  if (isSmall) return ''
  const left = x - width / 2 + (kind === 'comment' ? 12 : 38)
  const lines = label.split('\\n')
  const top = y - height / 2 + (height - 24 * (lines.length - 1)) / 2 + 5
  return lines.map((line, at) => `<text x="${left}" y="${top + 24 * at}">${escapeXml(line)}</text>`).join('')
}

function ports(box: Box, { counts }: FlowCoverage): string {
  const square = (px: number, py: number, state: string, title: string): string =>
    `<rect class="port ${state}" x="${px - 5}" y="${py - 5}" width="10" height="10" rx="3"><title>${title}</title></rect>`
  const input = box.hasInput ? square(inputPoint(box).x, box.y, box.isOff ? 'off' : 'in', 'input') : ''
  const outputs = Array.from({ length: box.outputs }, (_, port) => {
    const point = outputPoint(box, port)
    const count = counts.outputs[`${box.id}:${port}`] ?? 0
    return square(point.x, point.y, box.isOff ? 'off' : hit(count), `output ${port + 1}: ${times(count)}`)
  })
  return input + outputs.join('')
}

function titleOf({ id, label, type, isOff }: Box, flow: FlowCoverage, count: number): string {
  if (isOff) return `${label} (${type}): disabled`
  const { branches, modes } = partsOf(id, flow)
  const line = (what: string, counts: readonly number[]): readonly string[] =>
    counts.length === 0 ? [] : [`${what} ${reachedOf(counts)} of ${counts.length}`]
  return [
    `${label} (${type}): ${times(count)}`,
    ...line('branches', branches),
    ...line('failure modes', modes),
  ].join('\n')
}
