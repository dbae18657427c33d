import type { Examination, HostReport, Mark, Step } from './examination.ts'
import { findingsOf, rolesText, STEP_TITLES, wrap } from './report.ts'
import type { Finding } from './findings.ts'

/** Colours a text for a terminal, or leaves it as it is. */
export type Paint = (colour: 'green' | 'yellow' | 'red' | 'dim' | 'bold', text: string) => string

const CODES = { green: 32, yellow: 33, red: 31, dim: 2, bold: 1 } as const

/** Paints with the escape sequences of terminals. */
export const ansi: Paint = (colour, text) => `\u001b[${CODES[colour]}m${text}\u001b[0m`

/** Paints nothing. */
export const plain: Paint = (_colour, text) => text

const MARKS = {
  ok: ['✔', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✖', 'red'],
  skipped: ['·', 'dim'],
} as const

const markOf = (mark: Mark, paint: Paint): string => paint(MARKS[mark][1], MARKS[mark][0])

/** The ladders of all hosts as a tree with marks, and what was found below each. */
export function treeText({ hosts, origin }: Examination, paint: Paint): string {
  const head = origin.subject === '' ? [] : [paint('bold', origin.subject), '']
  return [...head, ...hosts.flatMap((host) => [...hostLines(host, paint), ''])].join('\n')
}

function hostLines(host: HostReport, paint: Paint): string[] {
  const { id, roles, caller, verdict, steps } = host
  const who = caller === 'cxone' ? ', called by CXone' : ''
  return [
    `${markOf(verdict, paint)} ${paint('bold', id)} ${paint('dim', `${rolesText(roles)}${who}`)}`,
    ...steps.flatMap((step) => stepLines(step, paint)),
    ...findingsOf(host).flatMap((each) => findingLines(each, paint)),
  ]
}

function stepLines({ name, mark, text, latencyMs }: Step, paint: Paint): string[] {
  const time = latencyMs === null ? '' : `${latencyMs.toFixed(0)} ms`
  const head = `    ${STEP_TITLES[name].padEnd(8)}${time.padStart(8)}  `
  return wrap(text, head).map((line, at) => (at === 0 ? `  ${markOf(mark, paint)}${line.slice(3)}` : line))
}

const COLOURS = { failed: 'red', warning: 'yellow', note: 'dim' } as const

function findingLines({ code, level, message, advice }: Finding, paint: Paint): string[] {
  return [
    `  ${paint(COLOURS[level], code)}`,
    ...wrap(message, '      '),
    ...wrap(advice, '      → ').map((line) => paint('dim', line)),
  ]
}
