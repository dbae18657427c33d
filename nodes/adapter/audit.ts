import type { AuditLoss, AuditTrail } from '../../lib/audit/entry.ts'
import type { PaletteError } from '../../lib/errors.ts'
import { useConfig } from './config-node.ts'
import type { Node, NodeAPI, NodeDef } from './types.ts'

/** What a node tells about its work, for its audit record. Plain data, nothing secret. */
export interface AuditFacts {
  /** The thing that was worked on: a data action id, a host name, an address without query. */
  readonly subject?: string
  /** Where the message was worked, but in vain (a webhook that is dead): `FAILED`. */
  readonly status?: 'FAILED'
  readonly attempts?: number
  /** Milliseconds without the waits between attempts. Default: the whole time of the message. */
  readonly latencyMs?: number
  readonly details?: Readonly<Record<string, unknown>>
}

/** What is told of an error. */
type ErrorFacts = Pick<PaletteError, 'code' | 'message' | 'details'>

/** The record of one part of a message's work. */
export interface ItemRecord extends AuditFacts {
  /** UUID by which it is found again. */
  readonly id: string
  /** Undefined where the part was done. */
  readonly error?: ErrorFacts | undefined
}

/** How one message ended, or one part of its work. */
interface Outcome {
  /** UUID of the record; a new one where it is left out. */
  readonly id?: string
  readonly correlationId: string
  readonly latencyMs: number
  readonly facts: AuditFacts
  /** Undefined where the message was worked. */
  readonly error?: ErrorFacts | undefined
}

/** Writes the records of one node's messages. */
export interface Auditor {
  /** Resolves once the record is durable; with the loss, where the trail may lose records. */
  write(outcome: Outcome): Promise<AuditLoss | undefined>
  /** Which of these records the trail has; empty where it cannot be read. */
  find(ids: ReadonlySet<string>, sinceMs: number): Promise<ReadonlySet<string>>
  /** Lets the trail close: nothing more will come. */
  close(): void
}

/** The auditor of a node that has an `audit` property; undefined where none is chosen. */
export async function auditorOf(RED: NodeAPI, node: Node, def: NodeDef): Promise<Auditor | undefined> {
  const id = (def as { audit?: unknown }).audit
  if (typeof id !== 'string' || id === '') return undefined
  const trail = await useConfig<AuditTrail>(RED, id, 'audit-trail', 'audit')
  return {
    async write({ id, correlationId, latencyMs, facts, error }) {
      const written = await trail.write({
        ...(id === undefined ? {} : { id }),
        eventType: node.type,
        status: error ? 'FAILED' : (facts.status ?? 'SUCCESS'),
        correlationId,
        flow: node.z,
        node: node.id,
        subject: facts.subject,
        latencyMs: Math.round((facts.latencyMs ?? told(error, 'latencyMs') ?? latencyMs) * 1000) / 1000,
        attempts: facts.attempts ?? told(error, 'attempts'),
        details: error ? { ...facts.details, error: plain(error) } : facts.details,
      })
      return 'lost' in written ? written : undefined
    },
    find: async (ids, sinceMs) => (await trail.find?.(ids, sinceMs)) ?? new Set(),
    close: trail.retain(),
  }
}

// A call that failed counts its attempts in the details of its error.
function told(error: ErrorFacts | undefined, name: 'attempts' | 'latencyMs'): number | undefined {
  const value = error?.details[name]
  return typeof value === 'number' ? value : undefined
}

const plain = ({ code, message, details }: ErrorFacts): object => ({ code, message, details })
