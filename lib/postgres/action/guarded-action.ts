import { configError, isPaletteError, PaletteError } from '../../errors.ts'
import type { RetryPolicy } from '../../http/retry.ts'
import type { Clock, Random } from '../../ports.ts'
import { sourcePosition, type Template } from '../template/parse-template.ts'
import { moved } from './position.ts'
import type { Database, ResultSet, Row, SqlText, TransactionSettings } from '../driver.ts'
import { lookAt, sqlstateOf } from './analyse.ts'
import { withRetries, type Counts } from './attempts.ts'
import { describeCheck, type CheckReport } from './check.ts'
import { driftError, type NamedNeed } from './drift.ts'
import { Executor, type TakenLock } from './execute.ts'
import { isGuardFailure } from './guard.ts'
import { createRowCheck, type Limits } from './limits.ts'
import type { Prepared } from './prepare.ts'
import { Watch, type PlanReport, type Ready } from './watch.ts'
import type { Variables } from '../coerce/bind.ts'
import { sqlTypeOf, type ParamRule } from '../coerce/param-type.ts'

/** What an action needs of the world. */
export interface PgActionPorts {
  readonly database: Database
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>
  readonly random: Pick<Random, 'uniform'>
}

/** What an action does. */
export interface PgActionSettings extends Limits {
  readonly template: Template
  /** The SQL as it was written, for which positions are told. */
  readonly sql: string
  /** What is set for its parameters, in their order. */
  readonly rules: readonly ParamRule[]
  readonly transaction: TransactionSettings
  readonly retry: RetryPolicy
  readonly drift: readonly NamedNeed[]
  readonly maxCost: number
  readonly mode: 'execute' | 'rehearse' | 'explain'
  readonly result: 'rows' | 'first' | 'stream'
  readonly batchSize: number
}

/** What one call is told. */
export interface PgActionCall {
  readonly signal?: AbortSignal | undefined
  /** Roll back, whatever the mode. */
  readonly rehearse?: boolean
  readonly onRetry?: ((attempt: number, of: number) => void) | undefined
}

/** How a statement went: `msg.cxone.pg`. */
export interface PgReport extends Counts {
  readonly command: string
  /** Rows returned, or affected where none are. */
  readonly rowCount: number
  readonly plan: PlanReport | null
  readonly mode: PgActionSettings['mode']
  /** Of a rehearsal. */
  readonly affected?: number
  readonly locks?: readonly TakenLock[]
}

/** The rows of a statement, and how it went. */
export interface PgAnswer {
  readonly rows: readonly Row[]
  readonly report: PgReport
}

/** Takes a batch; the next one is read once it resolves. `first` is the index of its first row. */
export type Deliver = (rows: readonly Row[], first: number) => Promise<void>

/** A statement on a database, guarded. */
export interface PgAction {
  /** Runs, rehearses or explains the statement, as it is set. @throws the codes of `pg-action` in the contract. */
  run(variables: Variables, call?: PgActionCall): Promise<PgAnswer>
  /** Runs the statement and hands its rows on in batches. */
  stream(variables: Variables, deliver: Deliver, call?: PgActionCall): Promise<PgReport>
  /** Plans the statement and tells what PostgreSQL makes of it. A plan that costs too much is told, not thrown. */
  check(signal?: AbortSignal): Promise<CheckReport>
}

/**
 * Makes an action. The database is asked for nothing before the first call.
 *
 * @throws `SCHEMA_INVALID`, `CONFIG_INVALID`
 */
export async function createPgAction(ports: PgActionPorts, settings: PgActionSettings): Promise<PgAction> {
  if (settings.template.writes && settings.result === 'stream')
    throw configError(
      'result',
      'Property `result`: a statement that changes data cannot be streamed; choose rows',
    )
  const checkRows = await createRowCheck(settings.resultSchema)
  return new GuardedAction(ports, settings, new Executor(ports.database, executorOf(settings), checkRows))
}

const executorOf = ({ template, result, batchSize, transaction, ...limits }: PgActionSettings) => ({
  transaction,
  limits,
  isChange: template.writes,
  isFirst: result === 'first',
  batchSize,
})

/** How often one message has its statement checked again because the tables keep changing. */
const MAX_CHECKS = 5

class GuardedAction implements PgAction {
  readonly #ports: PgActionPorts
  readonly #settings: PgActionSettings
  readonly #watch: Watch
  readonly #executor: Executor

  constructor(ports: PgActionPorts, settings: PgActionSettings, executor: Executor) {
    this.#ports = ports
    this.#settings = settings
    this.#executor = executor
    const { template, rules } = settings
    const preparation = {
      text: template.text,
      names: rules.map(({ name }) => name),
      hints: rules.map(({ type }) => sqlTypeOf(type)),
      isPlanned: template.kind !== 'other',
    }
    this.#watch = new Watch(ports.database, ports.clock, { ...settings, preparation })
  }

  async run(variables: Variables, call: PgActionCall = {}): Promise<PgAnswer> {
    const { mode } = this.#settings
    if (mode === 'explain') return await this.#explain(call)
    if (mode === 'rehearse' || call.rehearse === true) return await this.#rehearse(variables, call)
    const { done, ready, counts } = await this.#work(variables, call, (prepared, values) =>
      this.#executor.run(prepared, values, call.signal),
    )
    return answerOf(done, { ...counts, plan: ready.plan, mode })
  }

  async stream(variables: Variables, deliver: Deliver, call: PgActionCall = {}): Promise<PgReport> {
    let isBegun = false
    const handOn: Deliver = async (rows, first) => {
      isBegun = true
      await deliver(rows, first)
    }
    const { done, ready, counts } = await this.#work(
      variables,
      call,
      (prepared, values) => this.#executor.stream(prepared, values, handOn, call.signal),
      { isBegun: () => isBegun },
    )
    return { command: 'SELECT', rowCount: done, ...counts, plan: ready.plan, mode: this.#settings.mode }
  }

  async check(signal?: AbortSignal): Promise<CheckReport> {
    const { template, maxCost } = this.#settings
    return describeCheck(await this.#look(signal), template, maxCost)
  }

  async #rehearse(variables: Variables, call: PgActionCall): Promise<PgAnswer> {
    const { done, ready, counts } = await this.#work(
      variables,
      call,
      (prepared, values) => this.#executor.rehearse(prepared, values, call.signal),
      { isHarmless: true },
    )
    const { result, locks } = done
    const affected = this.#settings.template.writes ? result.rowCount : 0
    return answerOf(result, { ...counts, plan: ready.plan, mode: 'rehearse', affected, locks })
  }

  async #explain({ signal, onRetry }: PgActionCall): Promise<PgAnswer> {
    const repeats = { policy: this.#settings.retry, isHarmless: true, signal, onRetry }
    const { value, counts } = await withRetries(this.#ports, repeats, () => this.#look(signal))
    const rows = (value.prepared.plan?.nodes ?? []).map((node): Row => ({ ...node }))
    const report = { ...counts, plan: value.plan, mode: 'explain' } as const
    return { rows, report: { command: 'EXPLAIN', rowCount: rows.length, ...report } }
  }

  async #ready(signal: AbortSignal | undefined): Promise<Ready> {
    try {
      return await this.#watch.get(signal)
    } catch (error) {
      throw this.#placed(error)
    }
  }

  async #look(signal: AbortSignal | undefined): ReturnType<Watch['look']> {
    try {
      return await this.#watch.look(signal)
    } catch (error) {
      throw this.#placed(error)
    }
  }

  // Users count in their own SQL.
  #placed(error: unknown): unknown {
    const { template, sql } = this.#settings
    return moved(error, (position) => sourcePosition(template, sql, position))
  }

  // Repeats what others were in the way of.
  async #work<T>(
    variables: Variables,
    { signal, onRetry }: PgActionCall,
    run: Run<T>,
    { isHarmless = false, isBegun = () => false }: { isHarmless?: boolean; isBegun?: () => boolean } = {},
  ): Promise<Worked<T>> {
    const { retry, transaction } = this.#settings
    const repeats = {
      policy: retry,
      isHarmless: isHarmless || transaction.readOnly,
      isBegun,
      signal,
      onRetry,
    }
    const attempt = (): Promise<Done<T>> => this.#attempt(variables, run, isBegun, signal)
    const { value, counts } = await withRetries(this.#ports, repeats, attempt)
    return { ...value, counts }
  }

  // Checks the statement again where its tables have changed.
  async #attempt<T>(
    variables: Variables,
    run: Run<T>,
    isBegun: () => boolean,
    signal: AbortSignal | undefined,
  ): Promise<Done<T>> {
    let last: { readonly error: unknown; readonly ready: Ready } | undefined
    for (let checks = 0; ; checks += 1) {
      const ready = await this.#ready(signal)
      if (last?.ready.prepared.statement.name === ready.prepared.statement.name && !this.#isOfGuard(last))
        throw this.#placed(last.error) // nothing has changed, so the failure was a real one
      try {
        return { done: await run(ready.prepared, ready.bind(variables)), ready }
      } catch (error) {
        if (isBegun() || !(await this.#isStale(error, ready, signal))) throw this.#placed(error)
        if (checks === MAX_CHECKS) throw this.#placed(unsettled(error))
        last = { error, ready }
      }
    }
  }

  // A guard that fails where the check finds nothing changed has met a connection that sees other tables: those of before
  // `alter role … set search_path`, for one.
  #isOfGuard({ error, ready }: { readonly error: unknown; readonly ready: Ready }): boolean {
    const at = isPaletteError(error) ? error.details['statement'] : undefined
    return isGuardFailure(error) && at !== this.#executor.placeOf(ready.prepared)
  }

  /** Whether a failure may come from tables that changed, or from a prepared statement that was lost on the way. */
  async #isStale(error: unknown, ready: Ready, signal: AbortSignal | undefined): Promise<boolean> {
    const state = sqlstateOf(error)
    if (state === undefined) return false
    const isLost = LOST.has(state)
    if (isLost || isGuardFailure(error) || state === RESULT_CHANGED) {
      this.#watch.drop(ready, isLost)
      return true
    }
    // The values, or the SQL itself, no longer fit: the guard tells whether that is because of the tables.
    const { guard } = ready.prepared
    if (!guard || !/^(22|42|3F)/.test(state)) return false
    try {
      await lookAt(this.#ports.database, this.#settings.transaction, (open) => open.query(guard), signal)
      return false
    } catch (cause) {
      if (!isGuardFailure(cause)) return false
      this.#watch.drop(ready)
      return true
    }
  }
}

type Run<T> = (prepared: Prepared, values: readonly SqlText[]) => Promise<T>

interface Done<T> {
  readonly done: T
  readonly ready: Ready
}

interface Worked<T> extends Done<T> {
  readonly counts: Counts
}

/** "cached plan must not change result type" */
const RESULT_CHANGED = '0A000'
/** A pooler gave a connection on which the statement is not prepared, or another one is by its name. */
const LOST = new Set(['26000', '42P05'])

// What it comes to when checking again never helps.
function unsettled(error: unknown): unknown {
  if (isGuardFailure(error)) return driftError([], error)
  const sqlstate = sqlstateOf(error) ?? ''
  if (!LOST.has(sqlstate)) return error
  const fix = 'let it pool by session, for time-outs and read-only are kept in the session as well'
  return new PaletteError(
    'PG_FAILED',
    `The prepared statement is lost between calls, as behind a pooler: ${fix}`,
    {
      details: { sqlstate },
      cause: error,
    },
  )
}

const answerOf = (
  { rows, command, rowCount }: ResultSet,
  report: Omit<PgReport, 'command' | 'rowCount'>,
): PgAnswer => ({ rows, report: { command, rowCount, ...report } })
