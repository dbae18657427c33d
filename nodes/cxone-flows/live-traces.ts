import { configError } from '../../lib/errors.ts'
import { systemClock, systemRandom } from '../../lib/system.ts'
import type { LiveTrace, TraceSummary } from '../../lib/trace/live-trace.ts'
import type { CompleteEvent, ReceiveEvent, SendEvent } from '../../lib/trace/runtime-hooks.ts'
import type { TraceSettings } from '../../lib/trace/settings.ts'
import type { Tracing } from '../../lib/trace/tracing.ts'
import { toPaletteError } from '../adapter/on-input.ts'
import type { NodeAPI } from '../adapter/types.ts'
import { nodePlaces } from './node-place.ts'

type AddHook = (name: string, callback: (event: never) => void) => void

/** The runtime's hooks; only what is used. */
interface Hooks {
  add: AddHook
  remove(name: string): void
}

/** What the panel shows. */
export interface TraceReport {
  /** Undefined: off. */
  readonly settings: TraceSettings | undefined
  /** Why traces are not as `settings.js` wants them. */
  readonly problems: readonly string[]
  /** Changes whenever the rest of the report does. */
  readonly version: string
  /** Newest first. */
  readonly traces: readonly TraceSummary[]
}

const LABEL = 'cxone-traces'

/** The traces of a runtime's flows: off, with no hook and nothing loaded, until they are started. */
export class LiveTraces {
  readonly #RED: NodeAPI
  readonly #hooks: Hooks
  #settings: TraceSettings | undefined
  #problems: readonly string[] = []
  #tracing: Tracing | undefined
  #starts = 0

  constructor(RED: NodeAPI) {
    this.#RED = RED
    this.#hooks = (RED as unknown as { readonly hooks: Hooks }).hooks
  }

  /** Does what `cxoneFlows.traces` of `settings.js` says; what is wrong there is logged, and traces stay off. */
  async open(): Promise<void> {
    const { cxoneFlows } = this.#RED.settings as {
      readonly cxoneFlows?: { readonly traces?: unknown } | null
    }
    if (!cxoneFlows?.traces) return
    const { readTraceSettings } = await import('../../lib/trace/settings.ts')
    const { settings, problems } = readTraceSettings(cxoneFlows.traces, 'cxoneFlows.traces')
    this.#problems = problems
    for (const problem of problems) this.#RED.log.warn(`settings.js: ${problem}; traces stay off`)
    if (settings) await this.start(settings).catch((error: unknown) => this.#fail(error))
  }

  /**
   * Starts, or goes on with other settings; what was kept before goes.
   *
   * @param wanted as `cxoneFlows.traces`; what it leaves out is as in `settings.js`, or the default.
   * @throws `CONFIG_INVALID`
   */
  async start(wanted: unknown): Promise<void> {
    const { readTraceSettings } = await import('../../lib/trace/settings.ts')
    const { settings, problems } = readTraceSettings(wanted, 'traces')
    if (!settings) throw configError('traces', problems.join('; ') || 'Expected settings of traces')
    const { startTracing } = await import('../../lib/trace/tracing.ts')
    const ports = { clock: systemClock, random: systemRandom, placeOf: nodePlaces(this.#RED) }
    const tracing = await startTracing(settings, ports)
    this.stop()
    this.#starts += 1
    this.#settings = settings
    this.#problems = []
    this.#tracing = tracing
    this.#addHooks(tracing)
  }

  /** Stops recording; what is kept can still be looked at. */
  stop(): void {
    if (!this.#settings) return
    this.#settings = undefined
    this.#hooks.remove(`*.${LABEL}`)
    this.#tracing?.close()
  }

  clear(): void {
    this.#tracing?.clear()
  }

  report(): TraceReport {
    const version = `${this.#starts}.${this.#tracing?.version ?? 0}.${this.#settings ? 'on' : 'off'}`
    return {
      settings: this.#settings,
      problems: this.#problems,
      version,
      traces: this.#tracing?.list() ?? [],
    }
  }

  find(id: string): LiveTrace | undefined {
    return this.#tracing?.find(id)
  }

  #addHooks({ recorder }: Tracing): void {
    const add: AddHook = (name, note) => {
      // One parameter: hooks of two are asynchronous. What a hook throws would stop the message.
      this.#hooks.add(`${name}.${LABEL}`, (event) => {
        try {
          note(event)
        } catch (error) {
          this.#fail(error)
        }
      })
    }
    add('onSend', (events: readonly SendEvent[]) => recorder.sending(events))
    add('preDeliver', (event: SendEvent) => recorder.delivering(event))
    add('onReceive', (event: ReceiveEvent) => recorder.received(event))
    add('postReceive', (event: ReceiveEvent) => recorder.handled(event))
    add('onComplete', (event: CompleteEvent) => recorder.completed(event))
  }

  // Flows go on, and so do the traces of messages that make no trouble.
  #fail(error: unknown): void {
    if (this.#problems.length > 0) return
    this.#problems = [toPaletteError(error).message]
    this.#RED.log.warn(`cxone-flows: traces have gaps: ${this.#problems.join()}`)
  }
}
