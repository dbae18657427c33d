import { hash } from 'node:crypto'
import { inputError, PaletteError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import type { Answer } from './answer.ts'
import { headerOf, type IncomingRequest } from './http.ts'
import { Replays } from './replays.ts'

/** By what a request is known when it comes again. */
export interface RepeatKey {
  readonly id: string
  /** Requests of one id must have the same. */
  readonly fingerprint: string
  /** Whether the caller gave an `Idempotency-Key`. */
  readonly isKeyed: boolean
}

/** What is known of an equal request. */
export type Known<W> =
  { readonly kind: 'answered'; readonly answer: Answer } | { readonly kind: 'running'; readonly work: W }

const MAX_KEY_CHARACTERS = 255
/** Longer texts are kept as digests. */
const LONG_TEXT = 4096

const digest = (text: string): string => hash('sha256', text, 'base64')

/**
 * Recognises requests that come again. With an `Idempotency-Key`, the first answer is given again for a while. Without,
 * an equal request joins one that is still running, and gets the answer that nobody was there to hear.
 */
export class Repeats<W> {
  readonly #replays: Replays
  readonly #running = new Map<string, { readonly fingerprint: string; readonly work: W }>()

  constructor(ttlS: number, clock: Pick<Clock, 'monotonic'>) {
    this.#replays = new Replays(ttlS * 1000, clock)
  }

  /**
   * @param caller nobody gets the answer of another one.
   * @param text of the body.
   * @throws `INPUT_INVALID` for a key that is none.
   */
  keyOf(request: IncomingRequest, caller: string, text: string): RepeatKey {
    const place = `${request.originalUrl ?? request.url ?? ''}\n${caller}`
    const key = headerOf(request, 'idempotency-key')
    if (key === undefined) {
      const id = `${place}\n\n${text.length > LONG_TEXT ? digest(text) : text}`
      return { id, fingerprint: '', isKeyed: false }
    }
    if (key === '' || key.length > MAX_KEY_CHARACTERS)
      throw inputError(
        'headers.idempotency-key',
        `Expected \`Idempotency-Key\` to have 1 to ${MAX_KEY_CHARACTERS} characters, got ${key.length}`,
      )
    return { id: `${place}\n${key}`, fingerprint: digest(text), isKeyed: true }
  }

  /** @throws `ENDPOINT_CONFLICT` for the same key with another body. */
  find({ id, fingerprint, isKeyed }: RepeatKey): Known<W> | undefined {
    const running = this.#running.get(id)
    const answered = running ? undefined : this.#replays.get(id)
    const known = running ?? answered
    if (!known) return undefined
    if (known.fingerprint !== fingerprint)
      throw new PaletteError(
        'ENDPOINT_CONFLICT',
        'This `Idempotency-Key` was used for another request: give each request a key of its own',
        { details: { path: 'headers.idempotency-key' } },
      )
    if (running) return { kind: 'running', work: running.work }
    if (!answered) return undefined
    if (!isKeyed) this.#replays.delete(id) // now it is heard
    return { kind: 'answered', answer: answered.answer }
  }

  begin({ id, fingerprint }: RepeatKey, work: W): void {
    this.#running.set(id, { fingerprint, work })
  }

  /**
   * @param answer undefined where it is not known.
   * @param isHeard whether a caller was there to get it.
   */
  end({ id, fingerprint, isKeyed }: RepeatKey, answer: Answer | undefined, isHeard: boolean): void {
    this.#running.delete(id)
    // What failed on our side is worth another try, unless the caller asked for the same answer.
    if (answer && (isKeyed || (!isHeard && answer.status < 500))) this.#replays.set(id, fingerprint, answer)
  }
}
