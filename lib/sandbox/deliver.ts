import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Clock } from '../ports.ts'
import { httpDate } from '../system.ts'
import type { BodyFault, FaultStep } from './fault-script.ts'
import type { Reply } from './http-types.ts'

const SLOW_PIECES = 10
const PIECE_BYTES = 64 * 1024
const JSON_TYPE = 'application/json; charset=utf-8'

/** What sending needs: time, and the signal that the server closes. */
export interface DeliveryPorts {
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** The answer that a scripted status or redirect gives without doing the work. */
export function faultReply(fault: FaultStep, clock: Clock): Reply | undefined {
  const { status = fault.redirect === undefined ? undefined : 307, redirect, retryAfter } = fault
  if (status === undefined) return undefined
  const headers: Record<string, string> = {}
  if (redirect !== undefined) headers.location = redirect
  if (retryAfter) headers['retry-after'] = retryAfterValue(retryAfter, clock)
  if (status === 204 || status === 205 || status === 304) return { status, headers }
  const error =
    status === 401 ? 'invalid_client' : status === 429 ? 'too_many_requests' : `scripted_${status}`
  return { status, headers, body: { error, error_description: `Scripted fault: ${status}` } }
}

function retryAfterValue(value: NonNullable<FaultStep['retryAfter']>, clock: Clock): string {
  if ('text' in value) return value.text
  return value.kind === 'seconds' ? String(value.s) : httpDate(clock.now() + value.s * 1000)
}

/** Sends a reply, spoilt as the fault says. Resolves when the answer is handed over or the caller has gone. */
export async function deliver(
  response: ServerResponse,
  reply: Reply,
  fault: FaultStep | undefined,
  ports: DeliveryPorts,
): Promise<void> {
  const { status, headers, body } = spoil(reply, fault?.body)
  const content = typeof body === 'string' || Buffer.isBuffer(body) ? body : body && JSON.stringify(body)
  const bodiless = content === undefined || status === 204 || status === 304
  response.statusCode = status
  if (!bodiless) response.setHeader('content-type', JSON_TYPE)
  for (const name in headers) response.setHeader(name, headers[name] ?? '')
  if (bodiless) {
    if (status !== 204 && status !== 304) response.setHeader('content-length', 0)
    response.end()
    return
  }
  await sendBody(response, content, fault, ports)
}

function spoil(reply: Reply, fault: BodyFault | undefined): Reply {
  if (fault?.kind === 'bad-json') return { ...reply, headers: {}, body: '{"value": "this JSON ends too ea' }
  if (fault?.kind === 'empty') return { status: reply.status }
  if (fault?.kind !== 'html') return reply
  const headers = { 'content-type': 'text/html; charset=utf-8' }
  return { ...reply, headers, body: '<!doctype html><title>Proxy</title><p>Please log in to the proxy.</p>' }
}

async function sendBody(
  response: ServerResponse,
  content: string | Buffer,
  fault: FaultStep | undefined,
  ports: DeliveryPorts,
): Promise<void> {
  const bytes = Buffer.byteLength(content)
  if (fault?.body?.kind === 'huge-body') return sendHuge(response, fault.body.bytes)
  response.setHeader('content-length', bytes)
  if (response.req.method === 'HEAD') response.end()
  else if (fault?.drop === 'drop-mid-body') await sendHalf(response, Buffer.from(content), bytes)
  else if (fault?.body?.kind === 'slow-body')
    await sendSlowly(response, Buffer.from(content), fault.body.ms, ports)
  else response.end(content)
}

async function sendHalf(response: ServerResponse, content: Buffer, bytes: number): Promise<void> {
  // One byte more than there is: also a body of one byte breaks off.
  response.setHeader('content-length', bytes + 1)
  const half = content.subarray(0, Math.ceil(bytes / 2))
  await new Promise((resolve) => response.write(half, resolve))
  response.destroy()
}

async function sendSlowly(
  response: ServerResponse,
  content: Buffer,
  ms: number,
  { clock, signal }: DeliveryPorts,
): Promise<void> {
  const step = Math.max(1, Math.ceil(content.length / SLOW_PIECES))
  const pieces = Math.ceil(content.length / step)
  for (let at = 0; at < content.length && !response.destroyed; at += step) {
    response.write(content.subarray(at, at + step))
    await clock.sleep(ms / pieces, signal)
  }
  response.end()
}

async function sendHuge(response: ServerResponse, bytes: number): Promise<void> {
  const piece = Buffer.alloc(PIECE_BYTES, 'a')
  response.setHeader('content-length', bytes + 2)
  response.write('"')
  for (let left = bytes; left > 0 && !response.destroyed; left -= PIECE_BYTES) {
    if (response.write(left < PIECE_BYTES ? piece.subarray(0, left) : piece)) continue
    await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  response.end('"')
}
