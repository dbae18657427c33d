import { PaletteError } from '../errors.ts'
import { answerDetails } from '../http/answer-details.ts'
import type { Mask } from '../http/body-excerpt.ts'
import type { Exchange, RetryingSend, RetryPolicy } from '../http/retry.ts'
import { safeUrl } from '../http/safe-url.ts'
import type { Clock, HttpRequest } from '../ports.ts'
import type { Credentials, TokenPlan } from './endpoints.ts'
import { urlReason } from './endpoints.ts'
import { asRecord, readTokenAnswer, type TokenAnswer } from './grant.ts'

/** What the requests for a token need. */
export interface TokenRequestOptions {
  readonly send: RetryingSend
  readonly clock: Clock
  readonly policy: RetryPolicy
  readonly timeoutMs: number
  readonly credentials: Credentials
  readonly clientAuth: 'body' | 'basic'
  readonly scopes: string
  /** Takes the credentials out of texts of the other side. */
  readonly mask: Mask
}

/** A token together with the endpoint that gave it. */
export type FreshToken = TokenAnswer & { readonly tokenUrl: string }

const FORM = 'application/x-www-form-urlencoded'
// Refusals of the credentials, as against a server that is out of order.
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403])
const MAX_ANSWER_BYTES = 1024 * 1024

/**
 * Asks for a token as the plan says: client credentials (RFC 6749 section 4.4), UserHub access key, or the password
 * grant of a registered back-end app whose endpoint is discovered.
 *
 * @throws `AUTH_REJECTED` (400, 401, 403), `AUTH_UNAVAILABLE` (anything else that gives no token), `ABORTED`.
 */
export async function requestToken(
  plan: TokenPlan,
  options: TokenRequestOptions,
  signal: AbortSignal,
): Promise<FreshToken> {
  const tokenUrl =
    plan.kind === 'backend-app' ? await findTokenUrl(plan.issuer, options, signal) : plan.tokenUrl
  const exchange = await authSend({ ...tokenRequest(plan, tokenUrl, options), signal }, options)
  const { status, body } = exchange.response
  if (REFUSALS.has(status)) throw rejected(exchange, tokenUrl, options)
  const answer = status === 200 || status === 201 ? readTokenAnswer(parseJson(body)) : undefined
  if (!answer) throw unavailable(exchange, tokenUrl, 'the answer holds no access token', options)
  return { ...answer, tokenUrl }
}

/**
 * The API base of the token's tenant, from CXone's discovery document.
 *
 * @throws `AUTH_UNAVAILABLE` when the document is missing or names no usable `api_endpoint`.
 */
export async function discoverApiBase(
  issuer: string,
  tenantId: string | undefined,
  options: TokenRequestOptions,
  signal: AbortSignal,
): Promise<string> {
  const query = tenantId === undefined ? '' : `?tenantId=${encodeURIComponent(tenantId)}`
  const url = `${trusted(issuer, 'issuer')}/.well-known/cxone-configuration${query}`
  const found = await discover(url, 'api_endpoint', options, signal)
  return found.replace(/\/+$/, '')
}

const findTokenUrl = (issuer: string, options: TokenRequestOptions, signal: AbortSignal): Promise<string> =>
  discover(`${issuer}/.well-known/openid-configuration`, 'token_endpoint', options, signal)

async function discover(
  url: string,
  member: string,
  options: TokenRequestOptions,
  signal: AbortSignal,
): Promise<string> {
  const request = { ...base(url, options), method: 'GET', signal }
  const exchange = await authSend(request, options)
  const found = asRecord(parseJson(exchange.response.body))[member]
  if (exchange.response.status !== 200 || typeof found !== 'string')
    throw unavailable(exchange, url, `the discovery document has no \`${member}\``, options)
  return trusted(found, member)
}

// Secrets and tokens go where these documents point to, so the same rule holds as for the node's own properties.
function trusted(url: string, name: string): string {
  const reason = urlReason(url, '`https://...`', name === 'token_endpoint')
  if (reason === undefined) return url.replace(/\/+$/, '')
  throw new PaletteError('AUTH_UNAVAILABLE', `The discovered \`${name}\` cannot be used: ${reason}`)
}

function tokenRequest(plan: TokenPlan, url: string, options: TokenRequestOptions): HttpRequest {
  const { clientId, clientSecret, accessKeyId, accessKeySecret } = options.credentials
  const common = base(url, options)
  if (plan.kind === 'access-key') {
    const headers = { ...common.headers, 'Content-Type': 'application/json' }
    return { ...common, method: 'POST', headers, body: JSON.stringify({ accessKeyId, accessKeySecret }) }
  }
  const form = new URLSearchParams(
    plan.kind === 'backend-app'
      ? { grant_type: 'password', username: accessKeyId, password: accessKeySecret }
      : { grant_type: 'client_credentials' },
  )
  const headers: Record<string, string> = { ...common.headers, 'Content-Type': FORM }
  if (options.clientAuth === 'basic') {
    // Not form-encoded first, unlike RFC 6749 section 2.3.1: CXone takes them as they are.
    headers['Authorization'] = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
  } else {
    form.set('client_id', clientId)
    form.set('client_secret', clientSecret)
  }
  if (options.scopes !== '') form.set('scope', options.scopes)
  return { ...common, method: 'POST', headers, body: form.toString() }
}

const base = (url: string, { timeoutMs }: TokenRequestOptions) => ({
  url,
  timeoutMs,
  headers: { Accept: 'application/json' },
  maxResponseBytes: MAX_ANSWER_BYTES,
})

async function authSend(request: HttpRequest, options: TokenRequestOptions): Promise<Exchange> {
  try {
    return await options.send(request, { policy: options.policy })
  } catch (error) {
    if (!(error instanceof PaletteError) || error.code === 'ABORTED') throw error
    const message = `The token endpoint cannot be used: ${error.message}`
    throw new PaletteError('AUTH_UNAVAILABLE', message, {
      details: { ...error.details, reason: error.details['reason'] ?? error.code },
      cause: error,
    })
  }
}

function rejected(exchange: Exchange, url: string, options: TokenRequestOptions): PaletteError {
  const { status } = exchange.response
  const why = options.mask(oauthError(exchange))
  const message = `${safeUrl(url)} refused the credentials (status ${status}${why}); check them, the profile and the scopes`
  return new PaletteError('AUTH_REJECTED', message, { details: detailsOf(exchange, url, options) })
}

function unavailable(
  exchange: Exchange,
  url: string,
  why: string,
  options: TokenRequestOptions,
): PaletteError {
  const { status } = exchange.response
  const reason = status === 200 ? why : `status ${status}`
  return new PaletteError('AUTH_UNAVAILABLE', `No token from ${safeUrl(url)}: ${reason}`, {
    details: detailsOf(exchange, url, options),
  })
}

function detailsOf(
  exchange: Exchange,
  url: string,
  { mask, clock }: TokenRequestOptions,
): Record<string, unknown> {
  // A good answer without use may still hold a token: its text is never shown.
  return answerDetails(exchange, {
    url,
    mask,
    nowMs: clock.now(),
    showsBody: exchange.response.status >= 300,
  })
}

// RFC 6749 section 5.2; CXone also writes `errorDescription` and `message`. Only the code is a known word.
function oauthError({ response }: Exchange): string {
  const code = asRecord(parseJson(response.body))['error']
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? `, ${code}` : ''
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    return undefined
  }
}
