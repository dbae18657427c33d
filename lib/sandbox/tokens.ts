import { createHmac } from 'node:crypto'
import type { Clock, Random } from '../ports.ts'
import { SANDBOX_TENANT } from './credentials.ts'

/** Signs the id tokens (HS256). Stands in the documentation; it protects nothing. */
const SIGNING_KEY = 'cxone-flows-sandbox'
const MAX_TOKENS = 20_000
/** Refresh tokens of the legacy token service lived two hours (cxone-facts.md, 1.2). */
const REFRESH_TTL_S = 7200

/** What an access token allows. */
export interface Grant {
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Unix milliseconds. */
  readonly expiresAt: number
}

/** A freshly issued set of tokens. */
export interface IssuedTokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly idToken: string
  readonly expiresInS: number
}

/** Issues and checks the sandbox's tokens. Bounded: the oldest are forgotten first, as if they had expired. */
export class TokenStore {
  readonly #access = new Map<string, Grant>()
  readonly #refresh = new Map<string, Grant>()
  readonly #ports: { readonly clock: Clock; readonly random: Random; readonly ttlS: number }

  constructor(ports: { readonly clock: Clock; readonly random: Random; readonly ttlS: number }) {
    this.#ports = ports
  }

  /** `ttlS` overrides the life of this one token. */
  issue(who: Pick<Grant, 'clientId' | 'scopes'>, issuer: string, ttlS = this.#ports.ttlS): IssuedTokens {
    const { clock, random } = this.#ports
    const now = clock.now()
    const times = { iat: Math.floor(now / 1000), exp: Math.floor(now / 1000) + ttlS }
    const id = Buffer.from(random.bytes(16)).toString('hex')
    const accessToken = signJwt({
      iss: issuer,
      sub: who.clientId,
      scope: who.scopes.join(' '),
      jti: id,
      ...times,
    })
    const refreshToken = Buffer.from(random.bytes(24)).toString('base64url')
    remember(this.#access, accessToken, { ...who, expiresAt: now + ttlS * 1000 })
    remember(this.#refresh, refreshToken, { ...who, expiresAt: now + REFRESH_TTL_S * 1000 })
    const idToken = signJwt({
      iss: issuer,
      sub: SANDBOX_TENANT.userId,
      aud: who.clientId,
      ...SANDBOX_TENANT,
      ...times,
    })
    return { accessToken, refreshToken, idToken, expiresInS: ttlS }
  }

  /** What the token allows; undefined when it is unknown, revoked or expired. */
  verify(accessToken: string): Grant | undefined {
    return live(this.#access, accessToken, this.#ports.clock.now())
  }

  /** Takes a refresh token: each works once. */
  redeem(refreshToken: string): Grant | undefined {
    const grant = live(this.#refresh, refreshToken, this.#ports.clock.now())
    this.#refresh.delete(refreshToken)
    return grant
  }

  /** Forgets all tokens: the next call with any of them is answered 401. */
  clear(): void {
    this.#access.clear()
    this.#refresh.clear()
  }
}

function remember(store: Map<string, Grant>, token: string, grant: Grant): void {
  store.set(token, grant)
  if (store.size <= MAX_TOKENS) return
  const oldest = store.keys().next().value
  if (oldest !== undefined) store.delete(oldest)
}

function live(store: Map<string, Grant>, token: string, now: number): Grant | undefined {
  const grant = store.get(token)
  if (!grant || grant.expiresAt > now) return grant
  store.delete(token)
  return undefined
}

/** A JWT with an HMAC-SHA256 signature (RFC 7519, RFC 7515). */
function signJwt(claims: object): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${signed}.${createHmac('sha256', SIGNING_KEY).update(signed).digest('base64url')}`
}
