import type { CxoneAnswer, CxoneClient } from '../cxone/access.ts'
import { isPaletteError, PaletteError, type ErrorCode } from '../errors.ts'
import { comparable, differences, type Change, type Comparable } from './fingerprint.ts'
import { KeyLock } from './key-lock.ts'
import type { LastWrite, Ledger } from './ledger.ts'
import { conditionOf, planOf, type Plan } from './plan.ts'
import type { ConnectorPayload } from './payload.ts'
import {
  isWhole,
  readConnector,
  storedOf,
  whyNoConnector,
  type Place,
  type Read,
  type Stored,
} from './stored.ts'
import { TalliedClient, type SharedCall } from './tallied-client.ts'

/** A connector that is registered, or planned. */
export interface Registration {
  readonly connectorId: string
  readonly status: 'registered' | 'unchanged' | 'planned'
  /** What was done, or would be. */
  readonly action: 'create' | 'change' | 'unchanged'
  /** What the connector had before, and what it gets. Undefined where it was not read before. */
  readonly changes: readonly Change[] | undefined
  /** Set where somebody else changed or deleted the connector after our last write. */
  readonly drift: 'changed' | 'deleted' | undefined
  readonly fingerprint: string
  /** Whether the server was seen to have what was sent. */
  readonly isVerified: boolean
  /** The server's document; what would be sent, where it is only planned. */
  readonly document: unknown
  readonly attempts: number
  /** Milliseconds of the calls, without waits. */
  readonly latencyMs: number
}

/** How a connector is registered. */
export interface RegisterOptions {
  /** `Idempotency-Key` of the write. */
  readonly key: string
  /** Writes also what is unchanged, and over what somebody else has changed. */
  readonly force: boolean
  /** Reads and compares, but writes nothing. */
  readonly dryRun: boolean
  readonly call: SharedCall
}

/** Registers connectors at one CXone. */
export type RegisterConnector = (payload: ConnectorPayload, options: RegisterOptions) => Promise<Registration>

/** What {@link createRegister} needs. */
export interface RegisterPorts {
  readonly client: CxoneClient
  /** Path template with `{id}`. */
  readonly path: string
  readonly ledger: Ledger
}

/** The API base, learnt with the first answer: the same id elsewhere is another connector. */
interface Base {
  url: string | undefined
}

/** How often a forced write is tried while others write the same connector. */
const MAX_ROUNDS = 3
// All nodes of the process: two writes of one connector at a time would meet each other's entity tags.
const locks = new KeyLock()

/**
 * Makes the registration of connectors: read, compare, PUT with `Idempotency-Key` and `If-Match` (`If-None-Match: *` for a
 * new one), see that the server has it. An equal connector is not written. Where the state is known from our last write,
 * the PUT goes out at once, bound to its entity tag.
 *
 * A call throws `CXONE_CONFLICT` when somebody else has changed the connector after our last write (`details.changes`
 * shows what would be overwritten), `CXONE_UNEXPECTED_RESPONSE`, `JOURNAL_UNAVAILABLE`, and the codes of the client.
 */
export function createRegister(ports: RegisterPorts): RegisterConnector {
  const base: Base = { url: undefined }
  return (payload, options) =>
    locks.run(payload.connectorId, () => new Writer(ports, base, payload, options).run())
}

interface Round {
  /** What we take to be our own state; undefined: what the ledger says. */
  readonly last: LastWrite | undefined
  readonly number: number
}

class Writer {
  readonly #ports: RegisterPorts
  readonly #base: Base
  readonly #payload: ConnectorPayload
  readonly #options: RegisterOptions
  readonly #wanted: Comparable
  readonly #client: TalliedClient
  readonly #place: Place

  constructor(ports: RegisterPorts, base: Base, payload: ConnectorPayload, options: RegisterOptions) {
    this.#ports = ports
    this.#base = base
    this.#payload = payload
    this.#options = options
    this.#wanted = comparable(payload)
    this.#client = new TalliedClient(ports.client, options.call)
    this.#place = { path: ports.path, params: { id: payload.connectorId } }
  }

  async run(): Promise<Registration> {
    const last = this.#last()
    if (this.#options.dryRun || !isSettled(last) || last.fingerprint === this.#wanted.fingerprint)
      return this.#compare({ last, number: 1 })
    const answer = await this.#write({ 'If-Match': last.etag }, last, 1)
    if (answer) return this.#verify(answer, { action: 'change', changes: undefined, drift: undefined })
    return this.#compare({ last: { ...last, pending: this.#wanted.fingerprint }, number: 2 })
  }

  // The state of the server decides.
  async #compare({ last, number }: Round): Promise<Registration> {
    const { dryRun, force } = this.#options
    const read = await this.#read()
    const known = last ?? this.#last()
    const plan = planOf(read, this.#wanted, known)
    if (dryRun) return this.#result('planned', plan, this.#payload, false)
    // A write of ours that had no answer, in this run or before a crash, has been done after all.
    const isDone = known?.pending === this.#wanted.fingerprint
    if (read.stored && plan.action === 'unchanged' && (isDone || !force))
      return this.#settle(isDone ? 'registered' : 'unchanged', plan, read.stored)
    if (number > MAX_ROUNDS || (plan.drift === 'changed' && !force)) throw this.#conflict(plan)
    const answer = await this.#write(conditionOf(read), read.stored, number)
    if (answer) return this.#verify(answer, plan)
    return this.#compare({
      last: { ...marks(read.stored), pending: this.#wanted.fingerprint },
      number: number + 1,
    })
  }

  /** The answer of the PUT; undefined where the connector is not in the state that the PUT was bound to. */
  async #write(
    condition: Readonly<Record<string, string>>,
    before: LastWrite | undefined,
    round: number,
  ): Promise<CxoneAnswer | undefined> {
    const { ledger } = this.#ports
    await ledger.begin(this.#key(), { ...marks(before), pending: this.#wanted.fingerprint })
    try {
      return await this.#client.call({
        ...this.#place,
        method: 'PUT',
        headers: condition,
        body: this.#payload,
        // A server that knows the key may answer a refused write just as before.
        idempotencyKey: round === 1 ? this.#options.key : `${this.#options.key}-${round}`,
        check: whyNoConnector,
      })
    } catch (error) {
      const status = isPaletteError(error) ? error.details['status'] : undefined
      // Some servers say of a connector that it is gone, and not that it is in another state.
      if (status === 412 || (isGone(status) && 'If-Match' in condition)) return undefined
      throw error
    }
  }

  // An entity tag in the answer of a PUT says that the document was stored as it was sent (RFC 9110, 9.3.4); an answer
  // without one is only what the server says.
  async #verify(answer: CxoneAnswer, plan: Plan): Promise<Registration> {
    const told = storedOf(answer)
    if (told.etag !== undefined && (!isWhole(told) || told.fingerprint === this.#wanted.fingerprint))
      return this.#settle('registered', plan, told)
    const { stored } = await this.#read()
    if (!stored) return this.#result('registered', plan, told.document, false)
    if (stored.fingerprint !== this.#wanted.fingerprint) throw this.#altered(stored)
    return this.#settle('registered', plan, stored)
  }

  async #read(): Promise<Read> {
    const read = await readConnector(this.#client, this.#place)
    this.#base.url = read.base
    return read
  }

  #settle(status: 'registered' | 'unchanged', plan: Plan, { document, etag }: Stored): Registration {
    this.#ports.ledger.settle(this.#key(), marks({ fingerprint: this.#wanted.fingerprint, etag }))
    return this.#result(status, plan, document, true)
  }

  #result(status: Registration['status'], plan: Plan, document: unknown, isVerified: boolean): Registration {
    const { attempts, latencyMs } = this.#client
    const { connectorId } = this.#payload
    const { fingerprint } = this.#wanted
    return { connectorId, status, ...plan, fingerprint, isVerified, document, attempts, latencyMs }
  }

  #key(): string {
    return `${this.#base.url ?? ''} ${this.#payload.connectorId}`
  }

  #last(): LastWrite | undefined {
    return this.#base.url === undefined ? undefined : this.#ports.ledger.find(this.#key())
  }

  #conflict({ changes }: Plan): PaletteError {
    const { connectorId } = this.#payload
    return this.#error(
      'CXONE_CONFLICT',
      `Connector \`${connectorId}\` was changed by somebody else since we last wrote or read it; nothing was overwritten. ` +
        'Look at `details.changes`, then take the changes over, or register with `force`',
      changes,
    )
  }

  #altered(stored: Stored): PaletteError {
    const { connectorId } = this.#payload
    return this.#error(
      'CXONE_UNEXPECTED_RESPONSE',
      `Connector \`${connectorId}\` was written, but the server has it otherwise: see \`details.changes\``,
      differences(this.#wanted, stored),
    )
  }

  #error(code: ErrorCode, message: string, changes: Plan['changes']): PaletteError {
    const { attempts, latencyMs } = this.#client
    const { connectorId } = this.#payload
    return new PaletteError(code, message, { details: { connectorId, changes, attempts, latencyMs } })
  }
}

/** Whether the state is known well enough to be changed without reading it. */
const isSettled = (last: LastWrite | undefined): last is LastWrite & { readonly etag: string } =>
  last?.fingerprint !== undefined && last.etag !== undefined && last.pending === undefined

const isGone = (status: unknown): boolean => status === 404 || status === 410

const marks = (state: LastWrite | undefined): LastWrite => ({
  ...(state?.fingerprint === undefined ? {} : { fingerprint: state.fingerprint }),
  ...(state?.etag === undefined ? {} : { etag: state.etag }),
})
