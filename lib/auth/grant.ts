import type { Clock } from '../ports.ts'

/** Claims of a token that help a person to see where he is. */
export interface Claims {
  readonly tenant?: string
  readonly tenantId?: string
  readonly area?: string
  readonly cluster?: string
  readonly businessUnit?: string
  readonly issuer?: string
}

/** A token with what is known of it. Times are of the monotonic clock: a step of the wall clock ends no token. */
export interface Grant {
  readonly accessToken: string
  readonly apiBase: string
  readonly tokenUrl: string
  readonly refreshAt: number
  readonly expiresAt: number
  readonly scopes: readonly string[]
  readonly claims: Claims
}

/** The answer of a token endpoint, checked. */
export interface TokenAnswer {
  readonly accessToken: string
  readonly lifetimeS: number
  readonly scopes: readonly string[]
  readonly claims: Claims
}

// "Generally set to expire after an hour", says NICE; a token that ends sooner is renewed by the 401 it causes.
const DEFAULT_LIFETIME_S = 3600
const MAX_LIFETIME_S = 86_400

/** Reads a token answer; undefined where it holds no usable `access_token`. */
export function readTokenAnswer(json: unknown): TokenAnswer | undefined {
  const answer = asRecord(json)
  const accessToken = answer['access_token']
  // What cannot stand in a header is no token (RFC 6750 section 2.1 allows less).
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]+$/.test(accessToken)) return undefined
  const idClaims = jwtClaims(answer['id_token'])
  const claims = { ...jwtClaims(accessToken), ...idClaims }
  return {
    accessToken,
    lifetimeS: lifetimeOf(answer['expires_in'], claims),
    scopes: typeof answer['scope'] === 'string' ? answer['scope'].split(/[\s,]+/).filter(Boolean) : [],
    claims: readClaims(claims),
  }
}

/**
 * The time to renew a token: `bufferS` before its end, or after half its life where it lives no longer than that.
 * Times of the monotonic clock in milliseconds.
 */
export function lifeOf(
  lifetimeS: number,
  bufferS: number,
  clock: Pick<Clock, 'monotonic'>,
): Pick<Grant, 'refreshAt' | 'expiresAt'> {
  const now = clock.monotonic()
  const buffer = lifetimeS > bufferS ? bufferS : lifetimeS / 2
  return { refreshAt: now + (lifetimeS - buffer) * 1000, expiresAt: now + lifetimeS * 1000 }
}

// `expires_in` comes as a number, as text, or not at all; then the token itself may tell.
function lifetimeOf(expiresIn: unknown, claims: Readonly<Record<string, unknown>>): number {
  const told = typeof expiresIn === 'string' && expiresIn.trim() !== '' ? Number(expiresIn) : expiresIn
  if (typeof told === 'number' && told > 0) return Math.min(told, MAX_LIFETIME_S)
  const span = Number(claims['exp']) - Number(claims['iat'])
  return span > 0 ? Math.min(span, MAX_LIFETIME_S) : DEFAULT_LIFETIME_S
}

function readClaims(claims: Readonly<Record<string, unknown>>): Claims {
  const found: Record<string, string> = {}
  for (const [name, claim] of CLAIM_NAMES) {
    const value = claims[claim]
    if (typeof value === 'string' || typeof value === 'number') found[name] = String(value).slice(0, 200)
  }
  return found
}

const CLAIM_NAMES = [
  ['tenant', 'tenant'],
  ['tenantId', 'tenantId'],
  ['area', 'area'],
  ['cluster', 'icClusterId'],
  ['businessUnit', 'icBUId'],
  ['issuer', 'iss'],
] as const

// The claims only inform and find the API; what they say is not trusted further, so the signature is not checked.
function jwtClaims(token: unknown): Record<string, unknown> {
  const payload = typeof token === 'string' ? token.split('.')[1] : undefined
  if (!payload) return {}
  try {
    return asRecord(JSON.parse(Buffer.from(payload, 'base64url').toString()))
  } catch {
    return {} // an opaque token
  }
}

/** A value as an object with unknown properties; empty for what is none. */
export const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
