import { SingleFlight } from '../../concurrency/single-flight.ts'
import { PaletteError } from '../../errors.ts'
import type { Clock } from '../../ports.ts'
import { createBinder, type Variables } from '../coerce/bind.ts'
import type { ParamRule } from '../coerce/param-type.ts'
import type { Database, SqlText, TransactionSettings } from '../driver.ts'
import { lookAt, sqlstateOf } from './analyse.ts'
import { namedRelations, readRelations, type Relation } from './catalog.ts'
import { changeOf, driftError, driftOf, missingByMessage, namedColumns } from './drift.ts'
import type { Contract, Missing, NamedNeed } from './drift.ts'
import { dearestNode, describeNode, type Plan } from './plan.ts'
import { prepare, type Preparation, type Prepared } from './prepare.ts'
import { neededColumns, usedColumns } from './used-columns.ts'

/** Turns the values of a message to what is sent. @throws `PG_PARAM_MISSING`, `PG_PARAM_TYPE` */
type Bind = (variables: Variables) => readonly SqlText[]

/** What is told of a plan. */
export interface PlanReport {
  readonly cost: number
  readonly fingerprint: string
  /** Set where it is not the plan that the statement had at first. */
  readonly changed?: { readonly from: string; readonly cost: number }
}

/** A statement that was checked and may be run. */
export interface Ready {
  readonly prepared: Prepared
  readonly bind: Bind
  readonly plan: PlanReport | null
}

/** What a watch looks after. */
export interface WatchSettings {
  readonly preparation: Omit<Preparation, 'tables' | 'generation'>
  /** Empty: what the statement itself names. */
  readonly drift: readonly NamedNeed[]
  /** Most that its plan may cost; 0 = any. */
  readonly maxCost: number
  readonly transaction: TransactionSettings
  readonly rules: readonly ParamRule[]
}

/** How long a check counts: statistics change, and plans with them. Changes of tables are seen at once, by the guard. */
const FRESH_MS = 60_000
/** A statement that costs too much is looked at again soon: somebody may be making an index. */
const REFUSED_MS = 5_000

/** How often a statement is prepared while its tables change to and fro. */
const MAX_ATTEMPTS = 3

interface Checked extends Ready {
  readonly until: number
  readonly refusal: PaletteError | undefined
}

/** Keeps what PostgreSQL says of one statement, and what the flow relies on since the first time. */
export class Watch {
  readonly #database: Database
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #settings: WatchSettings
  readonly #checks = new SingleFlight<Checked>()
  #current: Checked | undefined
  #contract: Contract | undefined
  #firstPlan: Plan | undefined
  #generation = 0

  constructor(database: Database, clock: Pick<Clock, 'monotonic'>, settings: WatchSettings) {
    this.#database = database
    this.#clock = clock
    this.#settings = settings
  }

  /**
   * The statement, checked: at most a minute ago, and by itself again each time that its tables change.
   *
   * @throws `PG_SCHEMA_DRIFT`, `PG_COST_EXCEEDED`, and what the database fails with.
   */
  get(signal?: AbortSignal): Ready | Promise<Ready> {
    const known = this.#current
    if (known && this.#clock.monotonic() < known.until) return unlessRefused(known)
    if (!known || known.refusal) return this.#check(signal).then(unlessRefused)
    this.#check().catch(() => undefined) // meanwhile the old one serves, under its guard
    return known
  }

  /** Forgets a statement that turned out to be out of date. With `isLost` its prepared name is given up as well. */
  drop(stale: Ready, isLost = false): void {
    if (this.#current === stale) this.#current = undefined
    if (isLost) this.#generation += 1
  }

  /** Checks now, whatever is known; a plan that costs too much is told, not refused. */
  async look(signal?: AbortSignal): Promise<Ready & { readonly refusal: PaletteError | undefined }> {
    return await this.#check(signal)
  }

  #check(signal?: AbortSignal): Promise<Checked> {
    return this.#checks.run('', (joint) => this.#checkNow(joint), signal)
  }

  async #checkNow(signal: AbortSignal): Promise<Checked> {
    const { preparation, drift } = this.#settings
    const question = { ...preparation, tables: drift.map(({ table }) => table), generation: this.#generation }
    const prepared = await this.#prepare(question, signal)
    this.#compare(prepared)
    this.#firstPlan ??= prepared.plan ?? undefined
    const refusal = this.#refusalOf(prepared.plan)
    const until = this.#clock.monotonic() + (refusal ? REFUSED_MS : FRESH_MS)
    const bind = createBinder(this.#settings.rules, prepared.parameters)
    this.#current = { prepared, bind, plan: this.#reportOf(prepared.plan), refusal, until }
    return this.#current
  }

  #compare(prepared: Prepared): void {
    const { drift, preparation } = this.#settings
    const { relations, named, columns, parameters } = prepared
    const find = (table: string): Relation | undefined => named.find(({ askedName }) => askedName === table)
    const listed = namedColumns(drift, find, this.#contract?.needed ?? [])
    if (listed.missing.length > 0) throw driftError(listed.missing)
    const now: Contract =
      drift.length > 0
        ? { needed: listed.needed, results: [], parameters: [] }
        : {
            needed: neededColumns(relations, usedColumns(preparation.text)),
            results: columns ?? [],
            parameters,
          }
    if (this.#contract) {
      const missing = driftOf(this.#contract, now, [...relations, ...named])
      if (missing.length > 0) throw driftError(missing)
    }
    this.#contract ??= now
  }

  async #prepare(question: Preparation, signal: AbortSignal): Promise<Prepared> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await prepare(this.#database, question, this.#settings.transaction, signal)
      } catch (error) {
        const state = sqlstateOf(error) ?? ''
        if (!GONE.has(state) && !(this.#contract && CHANGED.has(state))) throw error
        const missing = await this.#missingNow(signal)
        if (missing.length > 0) throw driftError(missing, error)
        // Nothing is missing any more where the tables were changed back meanwhile.
        if (!this.#contract || attempt === MAX_ATTEMPTS)
          throw GONE.has(state) ? driftError(missingByMessage(error), error) : error
      }
    }
  }

  async #missingNow(signal: AbortSignal): Promise<readonly Missing[]> {
    const needed = this.#contract?.needed ?? []
    const tables = [...new Set(needed.map(({ table }) => table))]
    if (tables.length === 0) return []
    const { transaction } = this.#settings
    const ask = namedRelations(tables)
    const found = await lookAt(this.#database, transaction, (open) => open.query(ask), signal)
    return needed.flatMap((column) => changeOf(column, readRelations(found)))
  }

  #reportOf(plan: Plan | null): PlanReport | null {
    if (!plan) return null
    const { cost, fingerprint } = plan
    const first = this.#firstPlan
    if (!first || first.fingerprint === fingerprint) return { cost, fingerprint }
    return { cost, fingerprint, changed: { from: first.fingerprint, cost: first.cost } }
  }

  #refusalOf(plan: Plan | null): PaletteError | undefined {
    const { maxCost } = this.#settings
    return plan && maxCost > 0 && plan.cost > maxCost ? costError(plan, maxCost, this.#firstPlan) : undefined
  }
}

/** No such table, column or schema. */
const GONE = new Set(['42P01', '42703', '3F000'])
/** What was right once is so no longer: no such function or operator for these types, types that do not fit. */
const CHANGED = new Set(['42883', '42804', '42725', '42P18', '42846', '42803', '42809', '42702'])

function unlessRefused(checked: Checked): Ready {
  const { refusal } = checked
  if (refusal) throw new PaletteError(refusal.code, refusal.message, { details: refusal.details })
  return checked
}

function costError(plan: Plan, maxCost: number, first: Plan | undefined): PaletteError {
  const { cost, fingerprint } = plan
  const dearest = dearestNode(plan)
  const step = dearest ? describeNode(dearest) : 'unknown'
  const was = first && first.fingerprint !== fingerprint ? dearestNode(first) : undefined
  const before = was ? `, it was ${describeNode(was)}` : ''
  const advice = 'add an index, narrow the statement, or raise `maxCost`'
  return new PaletteError(
    'PG_COST_EXCEEDED',
    `The plan costs ${Math.round(cost)}, more than \`maxCost\` ${maxCost}; most of it is ${step}${before}: ${advice}`,
    {
      details: {
        sqlstate: '54001',
        cost,
        maxCost,
        node: step,
        ...(was ? { was: describeNode(was) } : {}),
        fingerprint,
      },
    },
  )
}
