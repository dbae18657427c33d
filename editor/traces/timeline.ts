import type { LiveHop, LiveTrace } from '../../lib/trace/live-trace.ts'
import { element } from '../element.ts'
import { hopDetails } from './hop-details.ts'
import { failureIcon } from './trace-list.ts'
import { duration, words } from './words.ts'

const MAX_DEPTH = 8

/** The hops of a trace as bars over time. A click on one shows its node on the canvas, and what it did below. */
export function timeline(trace: LiveTrace): HTMLElement {
  const { path, durationMs, correlationId, dropped } = trace
  const rows = inOrder(path).map(({ hop, depth }) => hopRow(hop, depth, durationMs))
  const head = element(
    'p',
    { className: 'cxone-traces-head' },
    `${words('hops', { count: String(trace.hops) })}, ${duration(durationMs)}`,
    ...(correlationId === undefined
      ? []
      : [element('code', { title: words('correlationId') }, correlationId)]),
  )
  const more = dropped > 0 ? [element('p', {}, words('dropped', { count: String(dropped) }))] : []
  return element('div', { className: 'cxone-traces-timeline' }, head, ...rows, ...more)
}

/** Each hop is followed by what it caused; a hop with one successor is no reason to step in. */
function inOrder(path: readonly LiveHop[]): readonly { readonly hop: LiveHop; readonly depth: number }[] {
  const children = new Map<number | null, LiveHop[]>()
  for (const hop of path) children.set(hop.parent, [...(children.get(hop.parent) ?? []), hop])
  const found: { hop: LiveHop; depth: number }[] = []
  const stack = (children.get(null) ?? []).toReversed().map((hop) => ({ hop, depth: 0 }))
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { hop, depth } = next
    found.push(next)
    const below = children.get(hop.index) ?? []
    stack.push(
      ...below.toReversed().map((each) => ({ hop: each, depth: depth + (below.length > 1 ? 1 : 0) })),
    )
  }
  return found
}

function hopRow(hop: LiveHop, depth: number, totalMs: number): HTMLElement {
  const { node, type, name, path, error } = hop
  const label = element('span', { className: 'cxone-traces-label' }, name || type)
  label.style.paddingLeft = `${Math.min(depth, MAX_DEPTH) * 10}px`
  const row = element(
    'button',
    {
      type: 'button',
      className: 'cxone-traces-hop',
      title: `${[...path.map(nameOf), name || type].join(' / ')} (${type})`,
    },
    label,
    bar(hop, totalMs),
  )
  row.dataset['node'] = node
  row.setAttribute('aria-expanded', 'false')
  if (error) {
    row.classList.add('cxone-traces-failed')
    label.append(' ', failureIcon(words('failed')))
  }
  const place = element('div', {}, row)
  row.onclick = () => {
    const isOpen = row.getAttribute('aria-expanded') === 'true'
    row.setAttribute('aria-expanded', String(!isOpen))
    if (isOpen) place.lastElementChild?.remove()
    else place.append(hopDetails(hop))
    if (!isOpen && RED.nodes.node(node)) RED.view.reveal(node)
  }
  return place
}

function bar({ enteredMs, leftMs, sends }: LiveHop, totalMs: number): HTMLElement {
  const end = leftMs ?? Math.max(totalMs, enteredMs)
  const scale = totalMs > 0 ? 100 / totalMs : 0
  const drawn = element('span', { className: 'cxone-traces-bar' })
  drawn.style.left = `${Math.min(enteredMs * scale, 99)}%`
  drawn.style.width = `${Math.max((end - enteredMs) * scale, 0.8)}%`
  if (leftMs === undefined) drawn.classList.add('cxone-traces-working')
  const took = leftMs === undefined ? words('notDone') : duration(leftMs - enteredMs)
  const marks = sends.map(({ atMs }) => {
    const mark = element('span', { className: 'cxone-traces-mark' })
    mark.style.left = `${Math.min(atMs * scale, 99.5)}%`
    return mark
  })
  const track = element('span', { className: 'cxone-traces-track' }, drawn, ...marks)
  return element(
    'span',
    { className: 'cxone-traces-lane' },
    track,
    element('span', { className: 'cxone-traces-took' }, took),
  )
}

const nameOf = (id: string): string => RED.nodes.node(id)?.name || id
