import type { Description, TransactionSettings } from '../driver.ts'
import { lostConnection, serverFailure } from '../failures.ts'
import type { PaletteError } from '../../errors.ts'
import { BACKEND, MessageReader, readReport, type ServerReport } from './message-reader.ts'
import { MessageWriter } from './message-writer.ts'
import { PreparedStatements, type Prepared } from './prepared-statements.ts'
import { RowPlan } from './row-plan.ts'
import { changesSession, checkStep, readTag, type Step, type StepResult } from './steps.ts'

/** State of the session's transaction: none, open, failed. */
export type TransactionStatus = 'idle' | 'open' | 'failed'

/** What is known of steps that are sent together. */
export interface GroupFacts {
  /** Whether they commit something when all goes well. */
  readonly commits: boolean
  /** Steps before the caller's own, for `details.statement`. */
  readonly before?: number
}

interface Part {
  readonly step: Step
  readonly prepared: Prepared | undefined
  readonly result: StepResult
  plan: RowPlan | undefined
}

// Steps that are answered up to one ReadyForQuery.
interface Group {
  readonly parts: readonly Part[]
  readonly facts: GroupFacts
  readonly resolve: (results: StepResult[]) => void
  readonly reject: (error: PaletteError) => void
  /** The part that is being answered. */
  at: number
  report: ServerReport | undefined
  parameters: readonly number[]
}

const STATUS: Readonly<Record<number, TransactionStatus>> = { 0x49: 'idle', 0x54: 'open', 0x45: 'failed' }

/**
 * One PostgreSQL session over any way to move bytes: sends steps, as many as wanted in one go, and reads their answers.
 * All steps of one call are one implicit transaction where none is open: the first failure undoes and skips the rest.
 */
export class Session {
  /** Named in messages: `host:port`, or the folder. */
  readonly endpoint: string
  /** What the session's defaults are set to; undefined as long as they are not known. */
  settings: TransactionSettings | undefined
  status: TransactionStatus = 'idle'
  /** Whether a statement may have left something behind; see `Statement.leavesTraces`. */
  hasTraces = false
  readonly #send: (bytes: Buffer, steps: number) => void
  readonly #writer = new MessageWriter()
  readonly #reader = new MessageReader((code, buffer, at) => this.#take(code, buffer, at))
  readonly #prepared = new PreparedStatements()
  #groups: Group[] = []
  #lost: { readonly cause: unknown } | undefined

  constructor(endpoint: string, send: (bytes: Buffer, steps: number) => void) {
    this.endpoint = endpoint
    this.#send = send
  }

  get isBusy(): boolean {
    return this.#groups.length > 0
  }

  /** Sends steps in one go; resolves with what each gave, or rejects with the first failure. */
  run(steps: readonly Step[], facts: GroupFacts): Promise<StepResult[]> {
    return new Promise((resolve, reject) => {
      if (this.#lost) {
        reject(lostConnection(this.endpoint, 'rolled back', this.#lost.cause))
        return
      }
      for (const step of steps) checkStep(step)
      const parts = this.#writeAll(steps)
      this.#groups.push({ parts, facts, resolve, reject, at: 0, report: undefined, parameters: [] })
      this.#send(this.#writer.take(), steps.length)
    })
  }

  /** Several statements in one text, whose rows are not wanted (simple query). */
  script(text: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      checkStep({ kind: 'describe', text, types: [] })
      this.#writer.query(text)
      const facts = { commits: false }
      this.#groups.push({ parts: [], facts, resolve, reject, at: 0, report: undefined, parameters: [] })
      this.#send(this.#writer.take(), 0)
    })
  }

  /** What PostgreSQL infers of a statement. */
  async describe(text: string, types: readonly number[]): Promise<Description> {
    const asked = this.run([{ kind: 'describe', text, types }], { commits: false })
    const group = this.#groups.at(-1)
    const [result] = await asked
    const columns = group?.parts[0]?.plan === undefined ? undefined : result?.columns
    return { parameters: group?.parameters ?? [], columns }
  }

  /** Bytes that came. @throws when they are no PostgreSQL messages: the session is of no use then. */
  receive(bytes: Buffer): void {
    this.#reader.feed(bytes)
  }

  /** The connection is gone: what is not answered fails. */
  lose(cause: unknown): void {
    this.#lost ??= { cause }
    for (const group of this.#groups.splice(0)) {
      const { report, facts } = group
      const isOpen = group.at === group.parts.length || report === undefined
      const outcome = facts.commits && isOpen ? 'unknown' : 'rolled back'
      group.reject(
        report && !isOpen
          ? this.#failure(group, report, { outcome })
          : lostConnection(this.endpoint, outcome, cause),
      )
    }
  }

  #writeAll(steps: readonly Step[]): Part[] {
    const parts: Part[] = []
    try {
      this.#prepared.closeStale(this.#writer)
      for (const step of steps) parts.push(this.#write(step))
      this.#writer.sync()
      return parts
    } catch (error) {
      // Out of memory, for one: half a message must not go before the next one.
      this.#writer.drop()
      this.#prepared.clear()
      throw error
    }
  }

  #write(step: Step): Part {
    const writer = this.#writer
    const result: StepResult = { command: '', rowCount: 0, columns: [], rows: [], isCut: false }
    let prepared: Prepared | undefined
    let plan: RowPlan | undefined
    if (step.kind === 'run') {
      const { name = '', text, types = [], values, maxRows, leavesTraces } = step.statement
      if (leavesTraces === true) this.hasTraces = true
      const portal = step.portal?.name ?? ''
      if (name === '') writer.parse('', text, types)
      else prepared = this.#prepared.use(name, text, types, writer)
      plan = prepared?.plan ?? undefined
      if (plan) result.columns = plan.columns
      writer.bind(portal, name, values)
      if (prepared?.plan === undefined) writer.describePortal(portal)
      // One more than wanted, for that is how one sees that there are more.
      writer.execute(portal, step.portal?.maxRows ?? (maxRows === undefined ? 0 : maxRows + 1))
    } else if (step.kind === 'fetch') {
      plan = new RowPlan(step.first.columns)
      result.columns = plan.columns
      writer.execute(step.portal, step.maxRows)
    } else if (step.kind === 'close') {
      writer.closePortal(step.portal)
    } else {
      writer.parse('', step.text, step.types)
      writer.describeStatement('')
    }
    return { step, prepared, result, plan }
  }

  #take(code: number, buffer: Buffer, at: number): void {
    const group = this.#groups[0]
    const part = group?.parts[group.at]
    switch (code) {
      case BACKEND.dataRow:
        if (part?.plan) part.result.rows.push(part.plan.decode(buffer, at))
        return
      case BACKEND.ready: {
        this.#ready(STATUS[buffer[at] ?? 0] ?? 'failed')
        return
      }
      case BACKEND.error: {
        this.#fail(group, readReport(buffer, at))
        return
      }
      case BACKEND.notice:
      case BACKEND.parameterStatus:
      case BACKEND.notification:
        return
    }
    if (group && part) this.#advance(group, part, code, buffer, at)
  }

  #advance(group: Group, part: Part, code: number, buffer: Buffer, at: number): void {
    switch (code) {
      case BACKEND.parseComplete:
        if (part.prepared) part.prepared.isParsed = true
        return
      case BACKEND.parameterDescription:
        group.parameters = readParameters(buffer, at)
        return
      case BACKEND.rowDescription:
        part.plan = RowPlan.read(buffer, at)
        part.result.columns = part.plan.columns
        if (part.prepared) part.prepared.plan = part.plan
        if (part.step.kind === 'describe') group.at += 1
        return
      case BACKEND.noData:
        if (part.prepared) part.prepared.plan = null
        if (part.step.kind === 'describe') group.at += 1
        return
      case BACKEND.commandComplete: {
        this.#complete(group, part, buffer.toString('latin1', at, buffer.indexOf(0, at)))
        return
      }
      case BACKEND.emptyQuery: {
        this.#complete(group, part, '')
        return
      }
      case BACKEND.portalSuspended: {
        suspend(group, part)
        return
      }
      case BACKEND.closeComplete:
        if (part.step.kind === 'close') group.at += 1
        return
      case BACKEND.copyIn:
        // Nothing is copied here; PostgreSQL has passed over our Sync.
        this.#writer.copyFail('COPY FROM STDIN is not available')
        this.#writer.sync()
        this.#send(this.#writer.take(), 0)
    }
  }

  #complete(group: Group, { result }: Part, tag: string): void {
    readTag(result, tag)
    group.at += 1
    const isOurs = group.at <= (group.facts.before ?? 0)
    if (isOurs || !changesSession(result.command)) return
    this.settings = undefined
    if (!result.command.startsWith('SET')) this.#prepared.clear()
  }

  #fail(group: Group | undefined, report: ServerReport): void {
    if (!group || group.report) return
    group.report = report
    const part = group.parts[group.at]
    if (part?.step.kind !== 'run' || !part.prepared) return
    // A table changed under it (0A000), or it is not there (26000): the next call prepares it again.
    if (report.sqlstate === '0A000' || report.sqlstate === '26000')
      this.#prepared.drop(part.step.statement.name ?? '')
  }

  #ready(status: TransactionStatus): void {
    this.status = status
    const group = this.#groups.shift()
    if (!group) return
    if (group.report === undefined) {
      group.resolve(group.parts.map(({ result }) => result))
      return
    }
    for (const { step, prepared } of group.parts)
      if (prepared?.isParsed === false && step.kind === 'run')
        this.#prepared.forget(step.statement.name ?? '', prepared)
    group.reject(this.#failure(group, group.report, {}))
  }

  #failure({ at, facts }: Group, report: ServerReport, more: object): PaletteError {
    const statement = at - (facts.before ?? 0)
    return serverFailure(report, { ...(statement >= 0 ? { statement } : {}), ...more })
  }
}

function suspend(group: Group, { step, result }: Part): void {
  group.at += 1
  if (step.kind === 'run' && step.portal === undefined && step.statement.maxRows !== undefined)
    result.rows.pop()
  result.isCut = true
  result.rowCount = result.rows.length
}

function readParameters(buffer: Buffer, at: number): number[] {
  const count = buffer.readUInt16BE(at)
  return Array.from({ length: count }, (_, index) => buffer.readUInt32BE(at + 2 + index * 4))
}
