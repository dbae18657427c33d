import { createContext, Script } from 'node:vm'
import { costOfPattern, stepsOf } from './pattern-cost.ts'

/** A regular expression as Ajv takes it from a `code.regExp` engine. */
interface MeteredRegExp {
  readonly test: (text: string) => boolean
  /** Ajv tells patterns apart by this. */
  readonly toString: () => string
}

/** Most milliseconds that one validation may take once its cost is in doubt. */
const GUARD_MS = 1000

/** Steps of pattern matching, by the upper bound, that a validation may take unguarded: some ten milliseconds. */
const FREE_STEPS = 1_000_000
/** The regular expressions of ajv-formats are linear or nearly so; only for longer texts is that put to the test. */
const LONG_TEXT = 10_000

/** Guarded work that was stopped. */
export class OutOfTime extends Error {
  readonly timeoutMs: number
  /** The last pattern or format that was tried; empty where there was none. */
  readonly pattern: string

  constructor(timeoutMs: number, pattern: string) {
    super(`not done within ${timeoutMs} ms`)
    this.timeoutMs = timeoutMs
    this.pattern = pattern
  }
}

// Made once: an error collects its stack, and this one only says that the work is to be started anew.
const EXPENSIVE = new Error('expensive')

/**
 * Keeps patterns from holding the event loop (ReDoS). Each match is charged with the upper bound of its cost. While the sum
 * is small, work runs as it is. Once it is not, the work is started anew under V8's execution time-out, which also ends a
 * match that backtracks. That costs half a millisecond, and only where it is needed.
 */
export class TimeGuard {
  #left = 0
  #guarded = false
  #pattern = ''

  /** Makes a regular expression that is charged for. @throws SyntaxError for a wrong pattern. */
  regExp(pattern: string, flags: string): MeteredRegExp {
    const expression = new RegExp(pattern, flags)
    const cost = costOfPattern(pattern)
    return {
      test: (text) => {
        this.#charge(pattern, stepsOf(cost, text.length))
        return expression.test(text)
      },
      toString: () => String(expression),
    }
  }

  /** A check of a format, charged by the length of the text. */
  format(name: string, test: (text: string) => boolean): (text: string) => boolean {
    return (text) => {
      this.#charge(name, text.length > LONG_TEXT ? Infinity : 10 * text.length)
      return test(text)
    }
  }

  /**
   * Does synchronous work. It may be started twice, so it must begin with the same input each time.
   *
   * @param isCostly starts under the time-out at once.
   * @param timeoutMs of the guarded work.
   * @throws {@link OutOfTime}, and what the work throws.
   */
  run<I, T>(work: (input: I) => T, input: I, isCostly = false, timeoutMs = GUARD_MS): T {
    this.#left = FREE_STEPS
    this.#guarded = false
    if (isCostly) return this.#runGuarded(work, input, timeoutMs)
    try {
      return work(input)
    } catch (error) {
      if (error !== EXPENSIVE) throw error
      return this.#runGuarded(work, input, timeoutMs)
    }
  }

  #runGuarded<I, T>(work: (input: I) => T, input: I, timeoutMs: number): T {
    this.#guarded = true
    this.#pattern = ''
    try {
      return runFor(timeoutMs, () => work(input))
    } catch (error) {
      if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      throw new OutOfTime(timeoutMs, this.#pattern)
    } finally {
      this.#guarded = false
    }
  }

  #charge(pattern: string, steps: number): void {
    if (this.#guarded) {
      this.#pattern = pattern
      return
    }
    this.#left -= steps
    if (!(this.#left >= 0)) throw EXPENSIVE
  }
}

const script = new Script('work()')
let context: { work: unknown } | undefined

// The time-out of a script counts for all that it calls, also for functions of this context.
function runFor<T>(timeout: number, work: () => T): T {
  context ??= createContext({ work: undefined }) as { work: unknown }
  const outcome: { value?: T } = {}
  context.work = () => {
    outcome.value = work()
  }
  try {
    script.runInContext(context, { timeout })
  } finally {
    context.work = undefined
  }
  return outcome.value as T
}
