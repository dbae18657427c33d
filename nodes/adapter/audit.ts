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

/** How one message ended. */
interface Outcome {
  readonly correlationId: string
  readonly latencyMs: number
  readonly facts: AuditFacts
  /** Undefined where the message was worked. */
  readonly error?: PaletteError
}

/** Writes the records of one node's messages. */
export interface Auditor {
  /** Resolves once the record is durable; with the loss, where the trail may lose records. */
  write(outcome: Outcome): Promise<AuditLoss | undefined>
  /** Lets the trail close: nothing more will come. */
  close(): void
}

/** The auditor of a node that has an `audit` property; undefined where none is chosen. */
export async function auditorOf(RED: NodeAPI, node: Node, def: NodeDef): Promise<Auditor | undefined> {
  const id = (def as { audit?: unknown }).audit
  if (typeof id !== 'string' || id === '') return undefined
  const trail = await useConfig<AuditTrail>(RED, id, 'audit-trail', 'audit')
  return {
    async write({ correlationId, latencyMs, facts, error }) {
      const written = await trail.write({
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
    close: trail.retain(),
  }
}

// A call that failed counts its attempts in the details of its error.
function told(error: PaletteError | undefined, name: 'attempts' | 'latencyMs'): number | undefined {
  const value = error?.details[name]
  return typeof value === 'number' ? value : undefined
}

const plain = ({ code, message, details }: PaletteError): object => ({ code, message, details })
