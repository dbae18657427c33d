import { abortReason } from '../concurrency/abort.ts'
import { abortedError, isPaletteError } from '../errors.ts'
import { createRetryingSend, type RetryPolicy } from '../http/retry.ts'
import { maskOf, type Mask } from '../http/body-excerpt.ts'
import type { Clock, HttpSend, Random } from '../ports.ts'
import type { Credentials, TokenPlan } from './endpoints.ts'
import { lifeOf, type Grant } from './grant.ts'
import { discoverApiBase, requestToken, type FreshToken, type TokenRequestOptions } from './request-token.ts'
import { slotKey, TokenSlots, type TokenSlot } from './token-slots.ts'

/** What {@link TokenSource} needs. */
export interface TokenSourceOptions {
  readonly plan: TokenPlan
  readonly credentials: Credentials
  readonly clientAuth: 'body' | 'basic'
  /** Space-separated; empty asks for none, and the server decides. */
  readonly scopes: string
  readonly refreshBufferS: number
  readonly timeoutMs: number
  readonly policy: RetryPolicy
  /** Used instead of the discovered API base. */
  readonly apiBase?: string
  readonly send: HttpSend
  readonly clock: Clock
  readonly random: Pick<Random, 'uniform'>
  /** Default: shared by the process, so that nodes with equal credentials ask once. */
  readonly slots?: TokenSlots
}

/** How long a refusal is answered from memory, and a token that the API keeps refusing is not renewed. */
const QUARANTINE_MS = 10_000
/** How long a still valid token is used before the next try after a renewal that failed. */
const HOLD_OFF_MS = 5000

const processSlots = new TokenSlots()

/**
 * Gives valid tokens: one request at a time for all callers, renewal before the end, a wrong secret asked at most once
 * in 10 s.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions
  readonly #request: TokenRequestOptions
  readonly #slots: TokenSlots
  readonly #key: string
  readonly #slot: TokenSlot
  readonly #closing = new AbortController()
  #apiBase: { readonly of: string; readonly url: string } | undefined
  /** Takes this source's credentials out of a text. */
  readonly mask: Mask

  constructor(options: TokenSourceOptions) {
    this.#options = options
    const { plan, credentials, clientAuth, scopes, clock, policy, timeoutMs } = options
    this.mask = maskOf([credentials.clientSecret, credentials.accessKeySecret])
    const send = createRetryingSend(options)
    this.#request = { send, clock, policy, timeoutMs, credentials, clientAuth, scopes, mask: this.mask }
    this.#slots = options.slots ?? processSlots
    this.#key = slotKey([
      JSON.stringify(plan),
      JSON.stringify(credentials),
      clientAuth,
      scopes,
      options.apiBase ?? '',
    ])
    this.#slot = this.#slots.acquire(this.#key)
  }

  /** The token at hand if it needs no renewal; costs nothing. */
  current(): Grant | undefined {
    const { grant } = this.#slot
    return grant && this.#options.clock.monotonic() < grant.refreshAt ? grant : undefined
  }

  /**
   * A valid token. A caller that gives up does not stop the request for the others.
   *
   * @throws `AUTH_REJECTED`, `AUTH_UNAVAILABLE`, `ABORTED`.
   */
  async get(signal?: AbortSignal): Promise<Grant> {
    const slot = this.#slot
    const now = this.#options.clock.monotonic()
    const ready = this.current() ?? (now < slot.holdOffUntil ? this.#unexpired() : undefined)
    if (ready) return ready
    if (slot.refusal && now < slot.refusal.until) throw slot.refusal.error
    try {
      return await slot.flight.run('token', (flight) => this.#renew(flight), signal)
    } catch (error) {
      return this.#fallBack(error, signal)
    }
  }

  /**
   * Forgets a token that the API answered 401 to, unless another has taken its place already. False means that asking
   * again is no use: this token was new, and refused within the last 10 s before.
   */
  drop(accessToken: string): boolean {
    const { grant, refused } = this.#slot
    if (refused?.accessToken === accessToken && this.#options.clock.monotonic() < refused.until) return false
    if (grant?.accessToken === accessToken) this.#slot.grant = undefined
    return true
  }

  /** Remembers that the API refused even the renewed token, so that no request for another is made for 10 s. */
  refuse(accessToken: string): void {
    this.#slot.refused = { accessToken, until: this.#options.clock.monotonic() + QUARANTINE_MS }
  }

  /** Stops a request of this source; its token is forgotten when no other source shares it. May be called twice. */
  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(abortedError('The token request'))
    this.#slots.release(this.#key)
  }

  #unexpired(): Grant | undefined {
    const { grant } = this.#slot
    return grant && this.#options.clock.monotonic() < grant.expiresAt ? grant : undefined
  }

  async #renew(flight: AbortSignal): Promise<Grant> {
    const { plan, clock, refreshBufferS } = this.#options
    const signal = AbortSignal.any([flight, this.#closing.signal])
    try {
      const fresh = await requestToken(plan, this.#request, signal)
      const life = lifeOf(fresh.lifetimeS, refreshBufferS, clock)
      const { accessToken, tokenUrl, scopes, claims } = fresh
      const apiBase = await this.#findApiBase(fresh, signal)
      const grant: Grant = { accessToken, tokenUrl, apiBase, scopes, claims, ...life }
      this.#slot.grant = grant
      this.#slot.refusal = undefined
      return grant
    } catch (error) {
      if (isPaletteError(error) && error.code === 'AUTH_REJECTED')
        this.#slot.refusal = { error, until: clock.monotonic() + QUARANTINE_MS }
      throw error
    }
  }

  // The request may have been another node's that was closed meanwhile; and in its last seconds a token is still good
  // when its endpoint is down.
  #fallBack(error: unknown, signal: AbortSignal | undefined): Promise<Grant> | Grant {
    if (!isPaletteError(error)) throw error
    if (signal?.aborted) throw abortReason(signal)
    if (this.#closing.signal.aborted) throw abortedError('The token request')
    if (error.code === 'ABORTED') return this.get(signal)
    const old = error.code === 'AUTH_UNAVAILABLE' ? this.#unexpired() : undefined
    if (!old) throw error
    this.#slot.holdOffUntil = this.#options.clock.monotonic() + HOLD_OFF_MS
    return old
  }

  async #findApiBase({ claims }: FreshToken, signal: AbortSignal): Promise<string> {
    const { plan, apiBase } = this.#options
    if (apiBase !== undefined && apiBase !== '') return apiBase
    if (plan.kind === 'client-credentials') return plan.apiBase
    const issuer = claims.issuer ?? (plan.kind === 'access-key' ? plan.areaUrl : plan.issuer)
    const of = JSON.stringify([issuer, claims.tenantId])
    if (this.#apiBase?.of === of) return this.#apiBase.url
    const url = await discoverApiBase(issuer, claims.tenantId, this.#request, signal)
    this.#apiBase = { of, url }
    return url
  }
}
