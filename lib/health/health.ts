import { isPaletteError, PaletteError } from '../errors.ts'
import { within } from '../concurrency/within.ts'
import type { Clock } from '../ports.ts'
import { systemClock } from '../system.ts'

/** Milliseconds that a check may take; one that takes longer has failed with `TIMEOUT`. */
const CHECK_MS = 2000
/** Milliseconds for which a report is handed out again: a probe of many callers asks the dependencies once. */
const KEEP_MS = 1000

/** A thing that the flows stand on: a database, a CXone tenant. */
export interface HealthCheck {
  /** Id of the config node. */
  readonly id: string
  /** Type of the config node. */
  readonly type: string
  /** The node's name; empty where it has none. */
  readonly name: string
  /**
   * Whether it can be used now. What it throws counts as not ready and is told by its code.
   *
   * @param signal aborted when nobody waits any more.
   * @returns `detail` is shown to anybody: no host, no secret.
   */
  readonly check: (signal: AbortSignal) => Promise<{ readonly ok: boolean; readonly detail?: string }>
}

/** What was found of one dependency. */
export interface DependencyHealth {
  readonly id: string
  readonly type: string
  readonly name: string
  readonly ok: boolean
  readonly detail?: string
  readonly latencyMs: number
}

/** Whether this runtime can do its work, and what keeps it from it. */
export interface HealthReport {
  readonly ok: boolean
  readonly dependencies: readonly DependencyHealth[]
}

/** The dependencies of one runtime. */
export class Health {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>
  readonly #checks = new Map<string, HealthCheck>()
  #kept: { readonly report: Promise<HealthReport>; settledAt: number } | undefined

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>) {
    this.#clock = clock
  }

  /** Adds a dependency; one of the same id is replaced. @returns takes it out again. */
  add(check: HealthCheck): () => void {
    this.#checks.set(check.id, check)
    this.#kept = undefined
    return () => {
      if (this.#checks.get(check.id) !== check) return
      this.#checks.delete(check.id)
      this.#kept = undefined
    }
  }

  /** Asks one dependency. Never rejects. @returns undefined where there is none with this id. */
  async ask(id: string): Promise<DependencyHealth | undefined> {
    const check = this.#checks.get(id)
    return check && this.#run(check)
  }

  /** Asks all dependencies at once, at most once a second. Never rejects. */
  report(): Promise<HealthReport> {
    const kept = this.#kept
    if (kept && this.#clock.monotonic() - kept.settledAt < KEEP_MS) return kept.report
    const made = { report: this.#askAll(), settledAt: Infinity } // while it runs, all callers share it
    this.#kept = made
    void made.report.then(() => (made.settledAt = this.#clock.monotonic()))
    return made.report
  }

  async #askAll(): Promise<HealthReport> {
    const checks = [...this.#checks.values()]
    const dependencies = await Promise.all(checks.map((each) => this.#run(each)))
    return { ok: dependencies.every(({ ok }) => ok), dependencies }
  }

  async #run({ id, type, name, check }: HealthCheck): Promise<DependencyHealth> {
    const started = this.#clock.monotonic()
    const abort = new AbortController()
    let found: { readonly ok: boolean; readonly detail?: string }
    try {
      const late = `${type} \`${id}\` did not answer within ${CHECK_MS} ms`
      found = await within(check(abort.signal), { clock: this.#clock, timeoutMs: CHECK_MS, late })
    } catch (error) {
      // Codes say what is wrong without saying where.
      const { code } = isPaletteError(error) ? error : new PaletteError('INTERNAL_ERROR', '')
      found = { ok: false, detail: code }
    }
    abort.abort()
    const latencyMs = Math.round((this.#clock.monotonic() - started) * 1000) / 1000
    const { ok, detail } = found
    return { id, type, name, ok, ...(detail === undefined ? {} : { detail }), latencyMs }
  }
}

/** The dependencies that all nodes of this process report. */
export const processHealth = new Health(systemClock)
