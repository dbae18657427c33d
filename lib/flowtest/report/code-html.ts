import type { CodeUnit, UnitCounts } from '../code-coverage.ts'
import { escapeXml } from './escape.ts'

/** The code of a Function node as HTML: a line a row, parts that were not run marked. */
export function codeHtml(unit: CodeUnit, counts: UnitCounts | undefined): string {
  const { code, branches, statements } = unit
  const missed = new Uint8Array(code.length)
  const absent = new Map<number, string[]>()
  branches.forEach(({ start, end, line, kind }, at) => {
    if ((counts?.branches[at] ?? 0) > 0) return
    if (kind === 'no else') absent.set(line, [...(absent.get(line) ?? []), 'else: never'])
    else missed.fill(1, start, end)
  })
  const runs = new Map<number, number>()
  statements.forEach(({ line }, at) =>
    runs.set(line, Math.max(runs.get(line) ?? 0, counts?.statements[at] ?? 0)),
  )
  let offset = 0
  const rows = code.split('\n').map((text, at) => {
    const begin = offset
    offset += text.length + 1
    const count = runs.get(at + 1)
    const note = absent.get(at + 1)
    const state = count === undefined ? '' : count > 0 ? 'hit' : 'miss'
    const remark = note ? ` <em title="the condition never failed">${note.join(', ')}</em>` : ''
    return `<tr class="${state}"><td>${at + 1}</td><td>${count === undefined ? '' : `${count} ×`}</td><td><code>${marked(text, begin, missed)}${remark}</code></td></tr>`
  })
  return `<table class="code">${rows.join('\n')}</table>`
}

function marked(text: string, begin: number, missed: Uint8Array): string {
  let html = ''
  let at = 0
  while (at < text.length) {
    const state = missed[begin + at]
    let end = at
    while (end < text.length && missed[begin + end] === state) end += 1
    const part = escapeXml(text.slice(at, end))
    html += state === 1 && part.trim() !== '' ? `<mark title="not run">${part}</mark>` : part
    at = end
  }
  return html
}
