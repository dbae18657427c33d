import { createHash } from 'node:crypto'
import { refusal, type SandboxRequest } from './http-types.ts'

const MAX_KEYS = 10_000
const MAX_KEY_LENGTH = 255

interface Answered {
  readonly fingerprint: string
  readonly body: string
}

/** The answers that were given under an `Idempotency-Key`; bounded, the oldest are forgotten first. */
export class IdempotencyStore {
  readonly #answered = new Map<string, Answered>()

  /**
   * Same key and body: the same answer, without doing the work again. Same key and another body: 409. Refusals are
   * not kept. `scope` is whose key it is.
   */
  once(request: SandboxRequest, scope: string, work: () => string): { body: string; replayed: boolean } {
    const key = readKey(request)
    if (key === undefined) return { body: work(), replayed: false }
    const fingerprint = createHash('sha256').update(request.body).digest('base64')
    const before = this.#answered.get(`${scope} ${key}`)
    if (before?.fingerprint === fingerprint) return { body: before.body, replayed: true }
    if (before) throw refusal(409, 'idempotency_conflict', 'This Idempotency-Key was used with another body')
    const body = work()
    this.#answered.set(`${scope} ${key}`, { fingerprint, body })
    const oldest = this.#answered.keys().next().value
    if (this.#answered.size > MAX_KEYS && oldest !== undefined) this.#answered.delete(oldest)
    return { body, replayed: false }
  }

  clear(): void {
    this.#answered.clear()
  }
}

function readKey({ headers }: SandboxRequest): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && key.length > 0 && key.length <= MAX_KEY_LENGTH) return key
  throw refusal(400, 'invalid_request', `Expected an Idempotency-Key of 1 to ${MAX_KEY_LENGTH} characters`)
}
