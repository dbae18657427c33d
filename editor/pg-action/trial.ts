import { ask, onClick } from '../ask.ts'
import { element } from '../element.ts'
import { checkReport, failureReport, rehearseReport } from './reports.ts'
import type { CheckAnswer, RehearseAnswer } from './reports.ts'

/** What a trial takes from the form. */
export interface TrialForm {
  /** The properties as they would be stored. */
  readonly stored: () => Readonly<Record<string, unknown>>
  readonly words: (key: string) => string
}

/** The buttons Check and Rehearse, and what they tell. The samples are the values for a rehearsal, by parameter. */
export function openTrial(form: TrialForm): { follow(names: readonly string[]): void } {
  const { words } = form
  const samples = new Map<string, HTMLInputElement>()
  onClick('#cxone-pg-action-check', () => {
    run(form, 'check', {}, (answer) => checkReport(answer as CheckAnswer, words))
  })
  onClick('#cxone-pg-action-rehearse', () => {
    const given = [...samples].map(([name, { value }]) => [name, value] as const)
    const values = Object.fromEntries(given.filter(([, value]) => value !== ''))
    run(form, 'rehearse', { values }, (answer, { maxCost }) =>
      rehearseReport(answer as RehearseAnswer, Number(maxCost), words),
    )
  })
  return {
    follow: (names) => {
      showSamples(samples, names)
      $('#cxone-pg-action-report').toggle(false) // it told of another statement
    },
  }
}

function run(
  { stored, words }: TrialForm,
  route: string,
  more: object,
  report: (answer: unknown, properties: Stored) => HTMLElement,
): void {
  const properties = stored()
  show(element('span', {}, words('report.running')))
  ask(
    `pg-action/${route}`,
    { ...properties, ...more },
    {
      noAnswer: words('report.noAnswer'),
      done: (answer) => {
        show(report(answer, properties))
      },
      failed: (failure) => {
        show(failureReport(failure, String(properties['sql']), words))
      },
    },
  )
}

type Stored = Readonly<Record<string, unknown>>

function show(report: HTMLElement): void {
  $('#cxone-pg-action-report').empty().append($(report)).toggle(true)
}

// What was typed for a name stays while the statement is changed.
function showSamples(samples: Map<string, HTMLInputElement>, names: readonly string[]): void {
  const place = $('#cxone-pg-action-samples').empty()
  for (const name of names) {
    const input = samples.get(name) ?? element('input', { type: 'text', ariaLabel: name })
    samples.set(name, input)
    place.append($(element('code', { title: name }, name)), $(input))
  }
  for (const name of samples.keys())
    if (!names.includes(name) && samples.get(name)?.value === '') samples.delete(name)
  $('#cxone-pg-action-samples-row').toggle(names.length > 0)
}
