import type { DoctorEvent, HostReport, Mark, Role, Step, StepName } from '../../lib/doctor/examination.ts'
import { worstFirst, type Finding } from '../../lib/doctor/findings.ts'
import { element } from '../element.ts'

/** Words of the locale file. */
export type Words = (key: string) => string

/** What is known of a host so far. */
type HostState = Pick<HostReport, 'id' | 'roles' | 'steps'> & { readonly isDone: boolean }

/** The rungs that every host has. */
const RUNGS: readonly StepName[] = ['name', 'address', 'tcp', 'tls', 'http']

const ICONS: Readonly<Record<Mark | 'waiting', string>> = {
  ok: 'check-circle',
  warning: 'exclamation-triangle',
  failed: 'times-circle',
  skipped: 'minus',
  waiting: 'circle-o',
}

/** The ladders of all hosts, redrawn as they are climbed. */
export class Ladders {
  readonly root: HTMLElement
  readonly #words: Words
  readonly #hosts = new Map<string, HostState>()

  constructor(words: Words) {
    this.#words = words
    this.root = element('div', { className: 'cxone-ladders' })
  }

  /** Takes what the doctor tells. */
  take(event: Exclude<DoctorEvent, { event: 'done' }>): void {
    const id = event.event === 'verdict' ? event.report.id : event.id
    const known = this.#hosts.get(id) ?? { id, roles: [], steps: [], isDone: false }
    this.#hosts.set(id, next(known, event))
    const blocks = [...this.#hosts.values()].map((host) => hostBlock(host, this.#words))
    this.root.replaceChildren(...blocks)
  }
}

function next(host: HostState, event: Exclude<DoctorEvent, { event: 'done' }>): HostState {
  if (event.event === 'host') return { ...host, roles: event.roles }
  if (event.event === 'step') return { ...host, steps: [...host.steps, event.step] }
  return { ...host, isDone: true }
}

function hostBlock({ id, roles, steps, isDone }: HostState, words: Words): HTMLElement {
  const done = new Set(steps.map(({ name }) => name))
  const waiting = isDone ? [] : RUNGS.filter((name) => !done.has(name))
  const what = roles.map((role: Role) => words(`check.roles.${role}`)).join(', ')
  const findings = worstFirst(steps.flatMap((step) => step.findings))
  return element(
    'section',
    {},
    element('strong', {}, id),
    ` ${what}`,
    element(
      'ol',
      { className: 'cxone-ladder' },
      ...steps.map((step) => rung(step, words)),
      ...waiting.map((name, at) => waitingRung(name, at === 0, words)),
    ),
    ...findings.map((each) => findingBlock(each, words)),
  )
}

function rung({ name, mark, text, latencyMs }: Step, words: Words): HTMLElement {
  const time = latencyMs === null ? '' : `${latencyMs.toFixed(0)} ms`
  return row(mark, words(`check.marks.${mark}`), words(`check.steps.${name}`), time, text)
}

const waitingRung = (name: StepName, isNext: boolean, words: Words): HTMLElement =>
  row('waiting', words('check.marks.waiting'), words(`check.steps.${name}`), '', isNext ? '...' : '')

function row(mark: Mark | 'waiting', word: string, title: string, time: string, text: string): HTMLElement {
  const icon = element('i', { className: `fa fa-${ICONS[mark]}`, title: word })
  icon.setAttribute('role', 'img')
  icon.setAttribute('aria-label', word)
  const made = element(
    'li',
    {},
    icon,
    element('b', {}, title),
    element('small', {}, time),
    element('span', {}, text),
  )
  made.dataset['mark'] = mark
  return made
}

function findingBlock({ code, level, message, advice }: Finding, words: Words): HTMLElement {
  const made = element(
    'p',
    { className: 'cxone-finding' },
    element('code', {}, code),
    ` ${message}.`,
    element('br'),
    element('i', { className: 'fa fa-hand-o-right' }),
    ` ${words('check.advice')}: ${advice}.`,
  )
  made.dataset['level'] = level
  return made
}
