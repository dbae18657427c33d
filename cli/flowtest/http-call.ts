import { request as connect, type IncomingMessage } from 'node:http'
import type { OutgoingRequest } from '../../lib/flowtest/http-trigger.ts'

/** What came of a request. */
export type CallEnd =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: unknown
      readonly tookMs: number
    }
  | { readonly kind: 'hung up' }
  | { readonly kind: 'failed'; readonly why: string }

/** What a call needs. */
export interface CallOptions {
  /** Of the server, without a slash at the end. */
  readonly url: string
  /** The caller goes away after this time. */
  readonly hangUpMs: number | undefined
  /** Ends the wait for an answer. */
  readonly signal: AbortSignal
}

const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Sends a request over a connection of its own and reads the answer. Never rejects. */
export function call(outgoing: OutgoingRequest, { url, hangUpMs, signal }: CallOptions): Promise<CallEnd> {
  const { method, target, headers, body } = outgoing
  const started = performance.now()
  return new Promise((resolve) => {
    const request = connect(`${url}${target}`, {
      method,
      headers: { ...headers, ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }) },
      agent: false,
    })
    const timer = hangUpMs === undefined ? undefined : setTimeout(() => end({ kind: 'hung up' }), hangUpMs)
    const stop = (): void => end({ kind: 'failed', why: 'was not answered' })
    const end = (result: CallEnd): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      resolve(result)
      if (result.kind !== 'answered') request.destroy()
    }
    signal.addEventListener('abort', stop, { once: true })
    // After the end, an error is only that of the connection that was given up.
    request.on('error', (error: NodeJS.ErrnoException) => end({ kind: 'failed', why: whyNot(error) }))
    request.on('response', (response) => void answerOf(response, started).then(end))
    request.end(body)
  })
}

const whyNot = ({ code, message }: NodeJS.ErrnoException): string =>
  code === 'ECONNRESET' ? 'was not answered: the connection was closed' : `could not be sent: ${message}`

async function answerOf(response: IncomingMessage, started: number): Promise<CallEnd> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > MAX_ANSWER_BYTES)
        return { kind: 'failed', why: `was answered with more than ${MAX_ANSWER_BYTES} bytes` }
      chunks.push(chunk)
    }
  } catch {
    return { kind: 'failed', why: `was answered in part: the connection was closed after ${bytes} bytes` }
  }
  const tookMs = performance.now() - started
  const text = Buffer.concat(chunks).toString()
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(headers['content-type'] ?? '')
  return {
    kind: 'answered',
    status: response.statusCode ?? 0,
    headers,
    body: isJson ? parsed(text) : text,
    tookMs,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
