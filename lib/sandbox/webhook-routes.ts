import type { Clock } from '../ports.ts'
import { isoTime } from '../system.ts'
import { WEBHOOK_SECRET_TEXT } from './credentials.ts'
import { refusal, type Reply, type Route, type SandboxRequest } from './http-types.ts'
import { checkSignature } from './webhook-signature.ts'

const MAX_EVENTS = 500
const MAX_TEXT = 16_384

/** A webhook that the sink took. */
export interface ReceivedWebhook {
  readonly id: string | null
  readonly path: string
  readonly signature: 'standard-webhooks' | 'hmac-sha256-hex' | 'none'
  /** ISO 8601, UTC. */
  readonly receivedAt: string
  /** How often the same id came, the first time included. */
  readonly deliveries: number
  /** A CXone token came along: it never should. */
  readonly carriedToken: boolean
  readonly contentType: string | null
  /** Parsed JSON; else text, cut after 16 kB. */
  readonly body: unknown
}

/** Remembers the webhooks that came, the newest 500. */
export class WebhookSink {
  readonly #clock: Clock
  readonly #byKey = new Map<string, ReceivedWebhook>()
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  list(): readonly ReceivedWebhook[] {
    return [...this.#byKey.values()]
  }

  clear(): void {
    this.#byKey.clear()
  }

  /** Every path below `/webhooks/` verifies signatures; `open` takes unsigned events too, `gone` refuses all. */
  routes(): Route[] {
    const post = (pattern: string, handle: Route['handle']): Route => ({
      name: 'webhook',
      method: 'POST',
      pattern,
      handle,
    })
    return [
      post('/webhooks/open/*', (request) => this.#take(request, false)),
      post('/webhooks/gone/*', () => {
        throw refusal(410, 'gone', 'This webhook was unsubscribed')
      }),
      post('/webhooks/*', (request) => this.#take(request, true)),
    ]
  }

  #take(request: SandboxRequest, signed: boolean): Reply {
    const { headers, body, path } = request
    const check = checkSignature(headers, body, WEBHOOK_SECRET_TEXT, this.#clock.now() / 1000)
    if (!check.ok && signed) throw refusal(401, 'bad_signature', check.reason)
    const id = typeof headers['webhook-id'] === 'string' ? headers['webhook-id'].slice(0, 200) : null
    this.#count += 1
    const key = id ?? `unnamed ${this.#count}`
    const before = this.#byKey.get(key)
    this.#byKey.set(key, {
      id,
      path,
      signature: check.ok ? check.form : 'none',
      receivedAt: before?.receivedAt ?? isoTime(this.#clock.now()),
      deliveries: (before?.deliveries ?? 0) + 1,
      carriedToken: headers.authorization !== undefined,
      contentType: headers['content-type'] ?? null,
      body: before?.body ?? readEvent(body),
    })
    this.#forgetOldest()
    return before ? { status: 204, note: 'duplicate' } : { status: 204 }
  }

  #forgetOldest(): void {
    const oldest = this.#byKey.keys().next().value
    if (this.#byKey.size > MAX_EVENTS && oldest !== undefined) this.#byKey.delete(oldest)
  }
}

function readEvent(body: Buffer): unknown {
  const text = body.toString('utf8', 0, MAX_TEXT)
  if (body.length > MAX_TEXT) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
