import { GroupCommit } from '../concurrency/group-commit.ts'
import { diskFault } from '../disk-fault.ts'
import { isPaletteError, PaletteError } from '../errors.ts'
import type { Clock, Logger } from '../ports.ts'
import { createRedactor, type RedactRules } from '../redact/redact.ts'
import { isoTime } from '../system.ts'
import type { AuditEntry, AuditLoss, AuditReceipt, AuditTrail } from './entry.ts'
import { headOf, placeRecord, type AuditRecord, type RecordBody } from './record.ts'
import type { Sink } from './sink.ts'

/** Records that share one write and one sync. */
const MAX_GROUP = 512
/** Records that may wait for a disk that hangs; past it they are refused. */
const MAX_WAITING = 100_000
/** How long a closing trail waits for the nodes that still use it; Node-RED gives up after 15 s. */
const CLOSE_WAIT_MS = 13_000

/** How a trail treats its records, wherever they go. */
export interface TrailOptions {
  readonly chain: boolean
  /** Masked besides the defaults; paths count from `details`. */
  readonly redact: RedactRules
  /** `fail`: who writes gets `AUDIT_UNAVAILABLE`. `warn`: the record is lost, which is logged. */
  readonly onFailure: 'fail' | 'warn'
}

/** The ports of an {@link openTrail | audit trail}. */
export interface TrailPorts {
  readonly sink: Sink
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly log: Logger
  /** A new record's id. */
  readonly newId: () => string
}

/** A trail that is open. */
export interface OpenTrail extends AuditTrail {
  /** Writes what waits, then frees the sink. */
  close(): Promise<void>
}

/**
 * Opens an audit trail. One that cannot be written now is open all the same: each record tries anew.
 *
 * @throws `CONFIG_INVALID` when another node of this process writes to the same place.
 */
export async function openTrail(options: TrailOptions, ports: TrailPorts): Promise<OpenTrail> {
  const trail = new Trail(options, ports)
  await trail.open()
  return trail
}

class Trail implements OpenTrail {
  readonly #options: TrailOptions
  readonly #ports: TrailPorts
  readonly #commits = new GroupCommit<RecordBody, AuditReceipt>((bodies) => this.#commit(bodies), MAX_GROUP)
  readonly #redactDetails: (value: unknown) => unknown
  readonly #redactText: (value: unknown) => unknown
  /** Records that were not written since the sink failed; undefined while it works. */
  #missed: number | undefined
  #users = 0
  #released: (() => void) | undefined
  #closing: Promise<void> | undefined
  #closed = false

  constructor(options: TrailOptions, ports: TrailPorts) {
    this.#options = options
    this.#ports = ports
    this.#redactDetails = createRedactor(options.redact)
    this.#redactText = createRedactor({ patterns: options.redact.patterns ?? [] })
  }

  async open(): Promise<void> {
    try {
      await this.#ports.sink.ready()
    } catch (error) {
      const known = toUnavailable(this.#ports.sink.name, error)
      if (known.code === 'CONFIG_INVALID') throw known
      this.#tellFailure(known, 0)
    }
  }

  async write(entry: AuditEntry): Promise<AuditReceipt | AuditLoss> {
    try {
      if (this.#closed) throw new Error('it is closed')
      if (this.#commits.waiting >= MAX_WAITING) throw new Error(`${MAX_WAITING} records wait already`)
      const receipt = await this.#commits.add(this.#describe(entry))
      this.#tellSuccess()
      return receipt
    } catch (error) {
      const known = toUnavailable(this.#ports.sink.name, error)
      this.#tellFailure(known, 1)
      if (this.#options.onFailure === 'fail') throw known
      return { lost: true, reason: known.message }
    }
  }

  async find(ids: ReadonlySet<string>, sinceMs: number): Promise<ReadonlySet<string>> {
    await this.#commits.idle()
    return (await this.#ports.sink.find?.(ids, sinceMs)) ?? new Set()
  }

  retain(): () => void {
    let held = true
    this.#users += 1
    return () => {
      if (!held) return
      held = false
      this.#users -= 1
      if (this.#users === 0) this.#released?.()
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#ports.clock.after(CLOSE_WAIT_MS, resolve)
        this.#released = () => {
          cancel()
          resolve()
        }
      })
    }
    this.#closed = true
    await this.#commits.idle()
    await this.#ports.sink.close()
  }

  // The entry is copied now: the message may be changed before its turn comes.
  #describe(entry: AuditEntry): RecordBody {
    const text = (value: string): string => this.#redactText(value) as string
    return {
      id: entry.id ?? this.#ports.newId(),
      timestamp: isoTime(this.#ports.clock.now()),
      eventType: text(entry.eventType),
      status: text(entry.status),
      correlationId: text(entry.correlationId),
      flow: text(entry.flow),
      node: text(entry.node),
      subject: entry.subject === undefined ? null : text(entry.subject),
      latencyMs: finite(entry.latencyMs),
      attempts: finite(entry.attempts),
      details: this.#redactDetails(entry.details),
    }
  }

  // A group that fails takes no place: the next one follows the last record that was written.
  async #commit(bodies: readonly RecordBody[]): Promise<readonly AuditReceipt[]> {
    let head = await this.#ports.sink.ready()
    const records = bodies.map((body) => {
      const record = placeRecord(body, head, this.#options.chain)
      head = headOf(record)
      return record
    })
    await this.#ports.sink.append(records.map((record) => `${JSON.stringify(record)}\n`).join(''), head)
    return records.map(receiptOf)
  }

  #tellFailure(error: PaletteError, records: number): void {
    if (this.#missed === undefined) this.#ports.log.warn(error.message)
    this.#missed = (this.#missed ?? 0) + records
  }

  #tellSuccess(): void {
    if (this.#missed === undefined) return
    this.#ports.log.info(
      `The audit trail ${this.#ports.sink.name} is written again; ${this.#missed} records were not`,
    )
    this.#missed = undefined
  }
}

const finite = (value: number | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

const receiptOf = ({ id, seq, hash }: AuditRecord): AuditReceipt =>
  hash === undefined ? { id, seq } : { id, seq, hash }

function toUnavailable(name: string, error: unknown): PaletteError {
  if (isPaletteError(error)) return error
  const { code } = error as NodeJS.ErrnoException
  return new PaletteError(
    'AUDIT_UNAVAILABLE',
    `The audit trail ${name} cannot be written: ${diskFault(error)}`,
    {
      details: { path: name, ...(code === undefined ? {} : { reason: code }) },
      cause: error,
    },
  )
}
