import type { PaletteError } from '../../lib/errors.ts'
import { useConfig } from './config-node.ts'
import type { Message, Node, NodeAPI, NodeDef } from './types.ts'

/** What a node tells about its work, for its audit record. Plain data, nothing secret. */
export interface AuditFacts {
  /** The thing that was worked on: a data action id, a host name, an address without query. */
  readonly subject?: string
  readonly attempts?: number
  readonly details?: Readonly<Record<string, unknown>>
}

/** One finished message, as a trail records it. */
export interface AuditEntry {
  readonly eventType: string
  readonly status: string
  readonly correlationId: string
  readonly flow: string
  readonly node: string
  readonly subject?: string | undefined
  readonly latencyMs?: number
  readonly attempts?: number | undefined
  readonly details?: unknown
}

/** What an `audit-trail` node offers. Resolves once the record is durable, with its place in the trail. */
export interface AuditTrail {
  write(entry: AuditEntry): Promise<{ readonly id: string; readonly seq: number; readonly hash?: string }>
}

/** Writes the record of one message of a node. */
export interface Auditor {
  write(outcome: {
    readonly status: 'SUCCESS' | 'FAILED'
    readonly msg: Message
    readonly latencyMs: number
    readonly facts: AuditFacts
    readonly error?: PaletteError
  }): Promise<void>
}

/** The auditor of a node that has an `audit` property; undefined where none is chosen. */
export async function auditorOf(RED: NodeAPI, node: Node, def: NodeDef): Promise<Auditor | undefined> {
  const id = (def as { audit?: unknown }).audit
  if (typeof id !== 'string' || id === '') return undefined
  const trail = await useConfig<AuditTrail>(RED, id, 'audit-trail', 'audit')
  return {
    async write({ status, msg, latencyMs, facts, error }) {
      await trail.write({
        eventType: node.type,
        status,
        correlationId: String(msg.cxone?.['correlationId'] ?? ''),
        flow: node.z ?? '',
        node: node.id,
        subject: facts.subject,
        latencyMs: Math.round(latencyMs * 1000) / 1000,
        attempts: facts.attempts,
        details: error ? { ...facts.details, error: { code: error.code, message: error.message } } : facts.details,
      })
    },
  }
}
