import type { Description, ResultSet, Row, Statement, Transaction, TransactionSettings } from '../driver.ts'
import { PaletteError } from '../../errors.ts'
import { serverFailure } from '../failures.ts'
import type { Session } from './session.ts'
import { changesSession, plainStep, type RunStep, type StepResult } from './steps.ts'

/** Whether two transactions run alike. */
export const isSame = (one: TransactionSettings | undefined, two: TransactionSettings): boolean =>
  one === two ||
  (one !== undefined &&
    one.isolation === two.isolation &&
    one.readOnly === two.readOnly &&
    one.statementTimeoutMs === two.statementTimeoutMs &&
    one.lockTimeoutMs === two.lockTimeoutMs)

/** For a new session: what it reads and prints must not depend on how the role, the database or the server is set. */
export const outputForm: readonly RunStep[] = [
  "set datestyle = 'ISO'",
  "set intervalstyle = 'postgres'",
  'set extra_float_digits = 1',
  "set bytea_output = 'hex'",
  'set standard_conforming_strings = on', // so the SQL template was read
  'set array_nulls = on', // so lists are written
].map(plainStep)

const step = (statement: Statement): RunStep => ({ kind: 'run', statement })
const COMMIT = plainStep('commit')
const ROLLBACK = plainStep('rollback')

const begin = ({ isolation, readOnly }: TransactionSettings): RunStep =>
  plainStep(`begin isolation level ${isolation} ${readOnly ? 'read only' : 'read write'}`)

/** Keeps limits, and the kind of transactions, for the session. */
function keptLimits(settings: TransactionSettings): RunStep {
  const values: Record<string, string> = {
    statement_timeout: String(settings.statementTimeoutMs),
    lock_timeout: String(settings.lockTimeoutMs),
    default_transaction_isolation: settings.isolation,
    default_transaction_read_only: settings.readOnly ? 'on' : 'off',
  }
  const calls = Object.keys(values).map((name, index) => `set_config('${name}', $${index + 1}, false)`)
  return step({ text: `select ${calls.join(', ')}`, values: Object.values(values) })
}

/**
 * Limits of the transaction that is open. By SET, which looks at no table: above `read committed` the first look decides what the
 * transaction sees, and a LOCK TABLE of the caller may have to come before it.
 */
const limits = ({ statementTimeoutMs, lockTimeoutMs }: TransactionSettings): RunStep[] => [
  plainStep(`set local statement_timeout = ${statementTimeoutMs}`),
  plainStep(`set local lock_timeout = ${lockTimeoutMs}`),
]

/**
 * All statements in one transaction and one round trip. Where the session's defaults are those wanted, the transaction is
 * the implicit one of the pipeline; else one that sets them on its way.
 */
export async function runAtomic(
  session: Session,
  statements: readonly Statement[],
  settings: TransactionSettings,
): Promise<readonly ResultSet[]> {
  const commits = !settings.readOnly
  const steps = statements.map(step)
  if (isSame(session.settings, settings)) {
    const results = await session.run(steps, { commits })
    if (session.status !== 'idle') await refuseOpen(session)
    return results
  }
  try {
    const all = [begin(settings), keptLimits(settings), ...steps, COMMIT]
    const results = await session.run(all, { commits, before: 2 })
    if (session.status !== 'idle') await refuseOpen(session)
    checkCommit(results.pop())
    const own = results.slice(2)
    if (!own.some(({ command }) => changesSession(command))) session.settings = settings
    return own
  } catch (error) {
    await rollBack(session)
    throw error
  }
}

/** Ends a transaction that is open, where the connection still can. */
async function rollBack(session: Session): Promise<void> {
  if (session.status === 'idle') return
  await session.run([ROLLBACK], { commits: false }).catch(() => undefined) // a connection that cannot is given up
}

async function refuseOpen(session: Session): Promise<never> {
  await rollBack(session)
  throw transactionControl()
}

const transactionControl = (): PaletteError =>
  new PaletteError(
    'PG_FAILED',
    'The SQL begins or ends a transaction; leave BEGIN, COMMIT and ROLLBACK out, they come by themselves',
    { details: { sqlstate: '25001' } },
  )

/**
 * What PostgreSQL infers of a statement. Where the session is set otherwise, in a transaction with the limits: a table that
 * somebody has locked is not waited for longer.
 */
export async function runDescribe(
  session: Session,
  { text, types = [] }: Pick<Statement, 'text' | 'types'>,
  settings: TransactionSettings,
): Promise<Description> {
  if (isSame(session.settings, settings)) return await session.describe(text, types)
  try {
    await session.run([begin(settings), ...limits(settings)], { commits: false })
    return await session.describe(text, types)
  } finally {
    await rollBack(session)
  }
}

/** Takes back what statements have left in the session, and what was prepared and set there with it. */
export async function cleanSession(session: Session): Promise<void> {
  await session.run([plainStep('discard all')], { commits: false })
  await session.run(outputForm, { commits: false })
  session.hasTraces = false
}

// A statement that failed makes COMMIT succeed as ROLLBACK.
function checkCommit(result: StepResult | undefined): void {
  if (result?.command === 'COMMIT') return
  throw serverFailure({ severity: 'ERROR', sqlstate: '25P02', message: '' })
}

/** Runs `work` in a transaction; the last word is COMMIT, or ROLLBACK where it throws or the signal was aborted. */
export async function runTransaction<T>(
  session: Session,
  settings: TransactionSettings,
  work: (transaction: Transaction) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const transaction = new OpenTransaction(session, settings, signal)
  try {
    const value = await work(transaction)
    signal?.throwIfAborted()
    if (transaction.hasBegun) {
      const [result] = await session.run([COMMIT], { commits: !settings.readOnly })
      checkCommit(result)
    }
    return value
  } catch (error) {
    await rollBack(session)
    throw error
  } finally {
    transaction.end()
  }
}

class OpenTransaction implements Transaction {
  hasBegun = false
  readonly #session: Session
  readonly #settings: TransactionSettings
  readonly #signal: AbortSignal | undefined
  #portals = 0
  #hasEnded = false

  constructor(session: Session, settings: TransactionSettings, signal: AbortSignal | undefined) {
    this.#session = session
    this.#settings = settings
    this.#signal = signal
  }

  async query(statement: Statement): Promise<ResultSet> {
    const [result] = await this.#run([step(statement)])
    return result as StepResult
  }

  group(statements: readonly Statement[]): Promise<readonly ResultSet[]> {
    return this.#run(statements.map(step))
  }

  async *batches(statement: Statement, batchSize: number): AsyncGenerator<readonly Row[]> {
    this.#portals += 1
    const portal = `rows_${this.#portals}`
    const opening: RunStep = { kind: 'run', statement, portal: { name: portal, maxRows: batchSize } }
    let [last] = await this.#run([opening])
    const first = last
    try {
      while (first && last) {
        if (last.rows.length > 0) yield last.rows
        if (!last.isCut) return
        ;[last] = await this.#run([{ kind: 'fetch', portal, maxRows: batchSize, first }])
      }
    } finally {
      if (this.#session.status === 'open' && !this.#hasEnded && !this.#signal?.aborted)
        await this.#run([{ kind: 'close', portal }])
    }
  }

  /** What comes later would run outside of the transaction. */
  end(): void {
    this.#hasEnded = true
  }

  #opening(): RunStep[] {
    const isSet = isSame(this.#session.settings, this.#settings)
    return [begin(this.#settings), ...(isSet ? [] : limits(this.#settings))]
  }

  // BEGIN goes with the first statement: a round trip less, and none at all where there is nothing to do.
  async #run(steps: Parameters<Session['run']>[0]): Promise<StepResult[]> {
    this.#signal?.throwIfAborted()
    if (this.#hasEnded)
      throw new PaletteError('INTERNAL_ERROR', 'A statement came after its transaction had ended')
    const before = this.hasBegun ? [] : this.#opening()
    this.hasBegun = true
    const results = await this.#session.run([...before, ...steps], { commits: false, before: before.length })
    if (this.#session.status === 'idle') throw transactionControl()
    return results.slice(before.length)
  }
}
