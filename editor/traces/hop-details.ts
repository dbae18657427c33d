import type { Change } from '../../lib/flowtest/changes.ts'
import type { LiveHop } from '../../lib/trace/live-trace.ts'
import { element } from '../element.ts'
import { duration, words } from './words.ts'

const MAX_VALUE = 400

/** What is known of a hop: how the message came, what the node changed, its failure. */
export function hopDetails(hop: LiveHop): HTMLElement {
  const { enteredMs, leftMs, arrival, fromOutput, error } = hop
  const came =
    arrival === 'wire'
      ? words('arrival.wire', { output: String((fromOutput ?? 0) + 1) })
      : words(`arrival.${arrival}`)
  const stayed =
    leftMs === undefined ? words('notDone') : words('stayed', { time: duration(leftMs - enteredMs) })
  const parts = [element('p', {}, `${came}, ${words('after', { time: duration(enteredMs) })}, ${stayed}`)]
  if (error) {
    const code = error.code === undefined ? '' : `${error.code}: `
    parts.push(element('p', { className: 'cxone-traces-error' }, `${code}${error.message}`))
  }
  return element('div', { className: 'cxone-traces-details' }, ...parts, ...hop.sends.flatMap(sendingDetails))
}

function sendingDetails({ output, changes }: LiveHop['sends'][number]): readonly HTMLElement[] {
  const head = words(changes === undefined ? 'sentUnseen' : changes.length === 0 ? 'sentUnchanged' : 'sent', {
    output: String(output + 1),
  })
  const list = element('ul', {}, ...(changes ?? []).map(changeLine))
  return [element('p', {}, head), ...(changes?.length ? [list] : [])]
}

const SIGNS = { added: '+', removed: '−', changed: '~' } as const

function changeLine({ path, kind, from, to }: Change): HTMLElement {
  const value = { added: shown(to), removed: shown(from), changed: `${shown(from)} → ${shown(to)}` }[kind]
  const sign = element('span', { className: 'cxone-traces-sign' }, SIGNS[kind])
  sign.setAttribute('aria-label', words(`change.${kind}`))
  return element('li', { className: `cxone-traces-${kind}` }, sign, ` ${path} `, element('code', {}, value))
}

function shown(value: unknown): string {
  const text = value === undefined ? 'undefined' : JSON.stringify(value)
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text
}
