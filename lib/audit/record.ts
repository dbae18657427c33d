import { hash as digest } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'

/** The version of the record's form. */
export const RECORD_VERSION = 1

/** `prev` of the first record of a chain. */
export const GENESIS = '0'.repeat(64)

/** What a record holds before it has its place in the trail. JSON values only. */
export interface RecordBody {
  readonly id: string
  /** ISO 8601, UTC. */
  readonly timestamp: string
  readonly eventType: string
  readonly status: string
  readonly correlationId: string
  readonly flow: string
  readonly node: string
  readonly subject: string | null
  readonly latencyMs: number | null
  readonly attempts: number | null
  readonly details: unknown
}

/** One line of a trail. `prev` and `hash` only where the trail is chained. */
export interface AuditRecord extends RecordBody {
  readonly v: number
  readonly seq: number
  readonly prev?: string
  readonly hash?: string
}

/** The last record of a trail: what the next one continues. `hash` is undefined where the trail is not chained. */
export interface Head {
  readonly seq: number
  readonly hash: string | undefined
}

/** Before the first record. */
export const START: Head = { seq: 0, hash: undefined }

/** Lower-case hex SHA-256 of the canonical JSON (RFC 8785) of a record that has no `hash` yet. */
export const hashOf = (record: object): string => digest('sha256', canonicalJson(record), 'hex')

/** Gives a record its place behind `head`. */
export function placeRecord(body: RecordBody, head: Head, chain: boolean): AuditRecord {
  const { id, ...rest } = body
  const record = { v: RECORD_VERSION, id, seq: head.seq + 1, ...rest }
  if (!chain) return record
  const linked = { ...record, prev: head.hash ?? GENESIS }
  return Object.assign(linked, { hash: hashOf(linked) })
}

/** The place of a record, for the one behind it. */
export const headOf = (record: AuditRecord): Head => ({ seq: record.seq, hash: record.hash })
