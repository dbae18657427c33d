import type { TraceSummary } from '../../lib/trace/live-trace.ts'
import { element } from '../element.ts'
import { command, readTrace, readTraces, type TraceReport } from './routes.ts'
import { STYLE } from './style.ts'
import { timeline } from './timeline.ts'
import { traceList } from './trace-list.ts'
import { words } from './words.ts'

const POLL_MS = 1500
const CHOSEN = 'cxone-traces-chosen'
const SAMPLES = [1, 0.1, 0.01]

/** The panel of traces. It asks the runtime while it can be seen, and shows what has changed. */
export class TracesPanel {
  readonly content = element('div', { className: 'cxone-traces' })
  readonly #top = element('div', { className: 'cxone-traces-bar-top' })
  readonly #list = element('div')
  readonly #detail = element('div', { className: 'cxone-traces-detail' })
  #report: TraceReport | undefined
  #onlyFailed = false
  #sample = 1
  #chosen = sessionStorage.getItem(CHOSEN) ?? undefined
  #isAsking = false

  constructor() {
    this.#list.style.display = 'contents'
    this.content.append(element('style', { textContent: STYLE }), this.#top, this.#list, this.#detail)
    this.content.addEventListener('keydown', moveFocus)
    setInterval(() => {
      if (this.content.offsetParent !== null && !document.hidden) void this.refresh()
    }, POLL_MS)
  }

  /** Asks for what is new. */
  async refresh(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      const answer = await readTraces(this.#report?.version ?? '')
      if ('traces' in answer) this.#show(answer)
    } catch {
      // The editor itself tells when the connection is lost; the next time may go well.
    } finally {
      this.#isAsking = false
    }
  }

  #show(report: TraceReport): void {
    const isFirst = this.#report === undefined
    const focused = (document.activeElement as HTMLElement | null)?.dataset['trace']
    this.#report = report
    this.#showTop(report)
    const { traces } = report
    const shown = this.#onlyFailed ? traces.filter(({ error }) => error) : traces
    const scrolled = this.#list.firstElementChild?.scrollTop ?? 0
    this.#list.replaceChildren(
      shown.length > 0 ? traceList(shown, this.#chosen, (id) => void this.#choose(id)) : this.#empty(report),
    )
    if (this.#list.firstElementChild) this.#list.firstElementChild.scrollTop = scrolled
    if (focused) this.#list.querySelector<HTMLElement>(`[data-trace="${focused}"]`)?.focus()
    if (isFirst && this.#chosen !== undefined) void this.#choose(this.#chosen)
    this.#refreshChosen(traces)
  }

  // One that still runs grows; one that is gone is not shown any longer.
  #refreshChosen(traces: readonly TraceSummary[]): void {
    if (this.#chosen === undefined) return
    const known = traces.find(({ id }) => id === this.#chosen)
    if (!known) this.#detail.replaceChildren()
    else if (this.#detail.dataset['hops'] !== String(known.hops)) void this.#choose(known.id)
  }

  async #choose(id: string): Promise<void> {
    this.#chosen = id
    sessionStorage.setItem(CHOSEN, id)
    for (const row of this.#list.querySelectorAll<HTMLElement>('[data-trace]')) {
      row.setAttribute('aria-pressed', String(row.dataset['trace'] === id))
    }
    const trace = await readTrace(id)
    if (this.#chosen !== id) return
    this.#detail.dataset['hops'] = String(trace?.hops ?? '')
    this.#detail.replaceChildren(...(trace ? [timeline(trace)] : []))
  }

  #showTop({ settings, traces }: TraceReport): void {
    const state = settings ? words('on', { percent: percent(settings.sample) }) : words('off')
    const failed = element('input', { type: 'checkbox', checked: this.#onlyFailed })
    failed.onchange = () => {
      this.#onlyFailed = failed.checked
      if (this.#report) this.#show(this.#report)
    }
    this.#top.replaceChildren(
      element('span', { className: 'cxone-traces-state' }, state),
      ...(traces.length > 0
        ? [element('label', {}, failed, words('onlyFailed')), this.#button('clear')]
        : []),
      ...(settings ? [this.#button('stop')] : traces.length > 0 ? this.#start() : []),
    )
  }

  #empty({ settings, problems, traces }: TraceReport): HTMLElement {
    const problem = problems.map((text) => element('p', { className: 'cxone-traces-error' }, text))
    const text = traces.length > 0 ? 'noneFailed' : settings ? 'waiting' : 'howTo'
    const start =
      settings || traces.length > 0
        ? []
        : [element('p', { className: 'cxone-traces-start' }, ...this.#start())]
    return element(
      'div',
      { className: 'cxone-traces-empty' },
      ...problem,
      element('p', {}, words(text)),
      ...start,
    )
  }

  #start(): readonly HTMLElement[] {
    const choice = element(
      'select',
      { title: words('sample'), onchange: () => (this.#sample = Number(choice.value)) },
      ...SAMPLES.map((sample) =>
        element('option', { value: String(sample) }, words('part', { percent: percent(sample) })),
      ),
    )
    choice.value = String(this.#sample)
    return [this.#button('start'), choice]
  }

  #button(action: 'start' | 'stop' | 'clear'): HTMLElement {
    const onclick = (): void => {
      const body = action === 'start' ? { sample: this.#sample } : {}
      command(action, body, (report) => this.#show(report))
    }
    return element(
      'button',
      { type: 'button', className: 'red-ui-button red-ui-button-small', onclick },
      words(action),
    )
  }
}

const percent = (part: number): string => `${Math.round(part * 10_000) / 100} %`

// Lists and bars are gone through with the arrow keys too.
function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const from = (event.target as HTMLElement).closest<HTMLElement>('.cxone-traces-row, .cxone-traces-hop')
  if (step === undefined || !from) return
  const name = from.classList.contains('cxone-traces-row') ? 'cxone-traces-row' : 'cxone-traces-hop'
  const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(`.${name}`)]
  all[all.indexOf(from) + step]?.focus()
  event.preventDefault()
}
