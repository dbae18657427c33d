import { inputError } from '../errors.ts'
import { isoTime } from '../system.ts'

/** How a payload is packed. */
export type EnvelopeMode = 'cloudevents' | 'raw'

/** An event to be told. */
export interface WebhookEvent {
  readonly id: string
  /** What happened, in reverse-DNS or dotted form: `customer.looked-up`. */
  readonly type: string
  /** Where it happened, a URI reference (CloudEvents `source`). */
  readonly source: string
  readonly correlationId: string
  /** Unix milliseconds. */
  readonly time: number
  readonly payload: unknown
}

/** The body of a webhook. */
export interface Packed {
  readonly contentType: string
  readonly body: Buffer
}

const JSON_TYPE = 'application/json'
const BINARY_TYPE = 'application/octet-stream'

/**
 * Packs an event: as a CloudEvent 1.0 in structured JSON mode (binary payloads as `data_base64`, the correlation id as
 * extension `correlationid`), or the payload alone.
 *
 * @param path where the payload stands, for errors.
 * @throws `INPUT_INVALID` for a payload that JSON cannot hold: cyclic, or with a BigInt.
 */
export function pack(mode: EnvelopeMode, event: WebhookEvent, path: string): Packed {
  return mode === 'raw' ? packRaw(event.payload, path) : packCloudEvent(event, path)
}

function packCloudEvent(
  { id, source, type, time, payload, correlationId }: WebhookEvent,
  path: string,
): Packed {
  const head = { specversion: '1.0', id, source, type, time: isoTime(time), correlationid: correlationId }
  const event = isBinary(payload)
    ? { ...head, datacontenttype: BINARY_TYPE, data_base64: bytes(payload).toString('base64') }
    : { ...head, datacontenttype: JSON_TYPE, data: payload }
  return { contentType: 'application/cloudevents+json', body: Buffer.from(toJson(event, path)) }
}

function packRaw(payload: unknown, path: string): Packed {
  if (isBinary(payload)) return { contentType: BINARY_TYPE, body: bytes(payload) }
  if (typeof payload === 'string')
    return { contentType: 'text/plain; charset=utf-8', body: Buffer.from(payload) }
  if (payload === undefined) return { contentType: JSON_TYPE, body: Buffer.alloc(0) }
  // In a list, what JSON has no form for (a function) becomes null.
  return { contentType: JSON_TYPE, body: Buffer.from(toJson([payload], path).slice(1, -1)) }
}

const isBinary = (value: unknown): value is Uint8Array => value instanceof Uint8Array
const bytes = (value: Uint8Array): Buffer => Buffer.from(value.buffer, value.byteOffset, value.byteLength)

function toJson(value: unknown, path: string): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? ''
    throw inputError(path, `\`${path}\` cannot be sent as JSON: ${reason}`, cause)
  }
}
