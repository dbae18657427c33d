import type { TraceSummary } from '../../lib/trace/live-trace.ts'
import { element } from '../element.ts'
import { duration, timeOfDay, words } from './words.ts'

/** The traces, newest first, as a list of buttons. */
export function traceList(
  traces: readonly TraceSummary[],
  chosen: string | undefined,
  choose: (id: string) => void,
): HTMLElement {
  const list = element('div', { className: 'cxone-traces-list' })
  list.setAttribute('role', 'list')
  for (const trace of traces) list.append(row(trace, trace.id === chosen, choose))
  return list
}

function row(trace: TraceSummary, isChosen: boolean, choose: (id: string) => void): HTMLElement {
  const { id, startedAt, durationMs, hops, first, error } = trace
  const button = element(
    'button',
    { type: 'button', className: 'cxone-traces-row', onclick: () => choose(id) },
    element('span', { className: 'cxone-traces-time' }, timeOfDay(startedAt)),
    element('span', { className: 'cxone-traces-name' }, first ? first.name || first.type : ''),
    element('span', { className: 'cxone-traces-figure' }, words('hops', { count: String(hops) })),
    element('span', { className: 'cxone-traces-figure' }, duration(durationMs)),
    ...(error ? [failureLine(error)] : []),
  )
  button.dataset['trace'] = id
  button.setAttribute('aria-pressed', String(isChosen))
  const item = element('div', {}, button)
  item.setAttribute('role', 'listitem')
  return item
}

function failureLine({ code, message, name, type }: NonNullable<TraceSummary['error']>): HTMLElement {
  const text = `${name || type}: ${code ?? message}`
  return element(
    'span',
    { className: 'cxone-traces-error', title: message },
    failureIcon(words('failed')),
    ' ',
    text,
  )
}

/** The sign of a failure. */
export function failureIcon(label: string): HTMLElement {
  const icon = element('i', { className: 'fa fa-exclamation-triangle' })
  icon.setAttribute('role', 'img')
  icon.setAttribute('aria-label', label)
  return icon
}
