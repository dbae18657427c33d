import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Older or newer messages are refused, against replay (Standard Webhooks leaves the figure open; 5 min is usual). */
const TOLERANCE_S = 300

/** Whether a message is signed well, and how. */
export type SignatureCheck =
  | { readonly ok: true; readonly form: 'standard-webhooks' | 'hmac-sha256-hex'; readonly id?: string }
  | { readonly ok: false; readonly reason: string }

/**
 * Checks the signature of a webhook: Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`) or
 * `X-Signature` with the hex HMAC-SHA256 of the raw body, with or without `sha256=`.
 *
 * @param nowS Unix seconds.
 */
export function checkSignature(
  headers: IncomingHttpHeaders,
  body: Buffer,
  key: string | Buffer,
  nowS: number,
): SignatureCheck {
  if (headers['webhook-signature'] !== undefined) return checkStandard(headers, body, key, nowS)
  const hex = headers['x-signature']
  if (typeof hex !== 'string') return { ok: false, reason: 'no webhook-signature and no X-Signature header' }
  const expected = createHmac('sha256', key).update(body).digest('hex')
  if (equal(hex.replace(/^sha256=/, ''), expected)) return { ok: true, form: 'hmac-sha256-hex' }
  return { ok: false, reason: 'X-Signature is not the lower-case hex HMAC-SHA256 of the raw body' }
}

function checkStandard(
  headers: IncomingHttpHeaders,
  body: Buffer,
  key: string | Buffer,
  nowS: number,
): SignatureCheck {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (typeof id !== 'string' || id === '') return { ok: false, reason: 'no webhook-id header' }
  if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp)) {
    return { ok: false, reason: 'webhook-timestamp is no number of Unix seconds' }
  }
  const age = nowS - Number(timestamp)
  if (Math.abs(age) > TOLERANCE_S) {
    return {
      ok: false,
      reason: `webhook-timestamp differs by ${Math.round(Math.abs(age))} s, allowed are ${TOLERANCE_S}`,
    }
  }
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  const given = String(signatures)
    .split(' ')
    .filter((part) => part.startsWith('v1,'))
  if (given.some((part) => equal(part.slice(3), expected))) return { ok: true, form: 'standard-webhooks', id }
  return { ok: false, reason: 'no v1 signature in webhook-signature fits' }
}

function equal(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}
