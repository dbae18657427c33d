import type { DoctorEvent, Examination } from '../../lib/doctor/examination.ts'
import { element } from '../element.ts'
import { Ladders, type Words } from './ladder.ts'

/** What a check takes from the form. */
export interface CheckForm {
  /** The properties as they would be stored, with `id`, `action` and what was typed as credentials. */
  readonly stored: () => Readonly<Record<string, unknown>>
  readonly words: Words
}

type Line = DoctorEvent | { readonly error: { readonly code: string; readonly message: string } }
type Done = Extract<DoctorEvent, { event: 'done' }> & { readonly report?: string }

/** The button Check: draws what the doctor tells while it works. @returns what stops a check under way */
export function openCheck({ stored, words }: CheckForm): () => void {
  let stop = (): void => undefined
  $('#cxone-auth-check').on('click', (event) => {
    event.preventDefault()
    stop()
    stop = check(stored(), words)
  })
  return () => stop()
}

function check(properties: Readonly<Record<string, unknown>>, words: Words): () => void {
  const title = element('strong', {}, words('check.running'))
  const ladders = new Ladders(words)
  const place = $('#cxone-auth-result').empty().append($(title), $(ladders.root))
  const fail = (text: string): void => {
    title.textContent = `${words('check.failed')}: ${text}`
  }
  let isOver = false
  const read = lineReader((line) => {
    if (isOver) return
    if ('error' in line) fail(`${line.error.code} ${line.error.message}`)
    else if (line.event !== 'done') ladders.take(line)
    else {
      title.textContent = headline(line.examination, words)
      place.append($(copyButton((line as Done).report ?? '', words)))
    }
  })
  const request = $.ajax({
    url: 'cxone/auth/check',
    type: 'POST',
    contentType: 'application/json',
    dataType: 'text',
    data: JSON.stringify(properties),
    xhrFields: { onprogress: ({ currentTarget }) => read((currentTarget as XMLHttpRequest).responseText) },
  })
  request.then(
    (answer) => read(String(answer)),
    (response: unknown) => {
      if (!isOver) fail(failureText(response))
    },
  )
  return () => {
    isOver = true
    request.abort()
  }
}

/** Reads the whole lines of a text that grows. */
function lineReader(tell: (line: Line) => void): (text: string) => void {
  let read = 0
  return (text) => {
    const end = text.lastIndexOf('\n') + 1
    const lines = text.slice(read, end).split('\n')
    read = Math.max(read, end)
    for (const line of lines) if (line !== '') tell(JSON.parse(line) as Line)
  }
}

function failureText(response: unknown): string {
  const { responseText = '', status } = response as { responseText?: string; status: number }
  try {
    const { code, message } = JSON.parse(responseText) as Record<string, string>
    return `${code} ${message}`
  } catch {
    return `HTTP ${status}`
  }
}

function headline({ verdict, hosts }: Examination, words: Words): string {
  const bad = hosts.filter((host) => host.verdict !== 'ok').length
  return bad === 0 ? words('check.well') : `${words(`check.verdicts.${verdict}`)} (${bad}/${hosts.length})`
}

function copyButton(report: string, words: Words): HTMLElement {
  const button = element(
    'button',
    { type: 'button', className: 'red-ui-button', id: 'cxone-auth-copy' },
    element('i', { className: 'fa fa-clipboard' }),
    ` ${words('check.copy')}`,
  )
  button.addEventListener('click', (event) => {
    event.preventDefault()
    RED.clipboard.copyText(report, $(button), 'clipboard.copyMessageValue')
  })
  return button
}
