import {
  LIMITED_CLIENT,
  SANDBOX_ACCESS_KEY,
  SANDBOX_CLIENT,
  SANDBOX_SCOPES,
  type SandboxClient,
} from './credentials.ts'
import { HttpRefusal, type Reply, type Route, type SandboxRequest } from './http-types.ts'
import { readJsonObject } from './request-body.ts'
import type { TokenStore } from './tokens.ts'

const CLIENTS: ReadonlyMap<string, SandboxClient> = new Map(
  [SANDBOX_CLIENT, LIMITED_CLIENT].map((client) => [client.id, client]),
)
/** Token answers must not be kept (RFC 6749, 5.1). */
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' }
/** The `client_id` of tokens that were got with an access key alone. */
const ACCESS_KEY_CLIENT: SandboxClient = { id: 'access-key', secret: '', scopes: SANDBOX_SCOPES }

/**
 * The token endpoints of all profiles. The three legacy paths take client credentials only; `/auth/token` takes
 * the password grant with an access key and refresh tokens, and no client credentials (cxone-facts.md, 1.1).
 */
export function tokenRoutes(tokens: TokenStore): Route[] {
  const post = (pattern: string, handle: Route['handle']): Route => ({
    name: 'token',
    method: 'POST',
    pattern,
    handle,
  })
  const legacy = (request: SandboxRequest): Reply => clientCredentials(tokens, request)
  return [
    post('/api/v2/oauth/token', legacy),
    post('/oauth/token', legacy),
    post('/oauth2/token', legacy),
    post('/auth/token', (request) => passwordOrRefresh(tokens, request)),
    post('/authentication/v1/token/access-key', (request) => accessKey(tokens, request)),
    post('/public/user/refresh', (request) => userRefresh(tokens, request)),
  ]
}

function clientCredentials(tokens: TokenStore, request: SandboxRequest): Reply {
  const form = readForm(request)
  const grantType = form.get('grant_type')
  if (grantType !== 'client_credentials') throw wrongGrant(grantType, 'client_credentials')
  const client = authenticate(request, form)
  const scopes = grantedScopes(client, form.get('scope'))
  const legacy = {
    scope: scopes.join(' '),
    resource_server_base_uri: `${request.baseUrl}/inContactAPI/`,
    refresh_token_server_uri: `${request.baseUrl}/auth/token`,
  }
  return tokenReply(tokens, request, { clientId: client.id, scopes }, legacy)
}

function passwordOrRefresh(tokens: TokenStore, request: SandboxRequest): Reply {
  const form = readForm(request)
  const client = authenticate(request, form)
  const grantType = form.get('grant_type')
  if (grantType === 'refresh_token') {
    const grant = tokens.redeem(form.get('refresh_token') ?? '')
    if (grant?.clientId !== client.id)
      throw tokenError(400, 'invalid_grant', 'The refresh token is unknown or expired')
    return tokenReply(tokens, request, grant)
  }
  if (grantType !== 'password') throw wrongGrant(grantType, 'password, refresh_token')
  checkAccessKey(form.get('username'), form.get('password'))
  const scopes = grantedScopes(client, form.get('scope'))
  return tokenReply(tokens, request, { clientId: client.id, scopes })
}

function accessKey(tokens: TokenStore, request: SandboxRequest): Reply {
  const body = readJsonObject(request)
  checkAccessKey(body.accessKeyId, body.accessKeySecret)
  return tokenReply(tokens, request, { clientId: ACCESS_KEY_CLIENT.id, scopes: ACCESS_KEY_CLIENT.scopes })
}

function userRefresh(tokens: TokenStore, request: SandboxRequest): Reply {
  const { token } = readJsonObject(request)
  const grant = typeof token === 'string' ? tokens.redeem(token) : undefined
  if (!grant) throw tokenError(401, 'invalid_grant', 'The refresh token is unknown or expired')
  return tokenReply(tokens, request, grant)
}

function readForm({ headers, body }: SandboxRequest): URLSearchParams {
  const type = headers['content-type'] ?? ''
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return new URLSearchParams(body.toString('utf8'))
  throw tokenError(400, 'invalid_request', 'Expected Content-Type application/x-www-form-urlencoded')
}

/** Client authentication by body or by Basic header, never both (RFC 6749, 2.3). */
function authenticate({ headers }: SandboxRequest, form: URLSearchParams): SandboxClient {
  const basic = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (basic !== undefined && form.has('client_secret')) {
    throw tokenError(
      400,
      'invalid_request',
      'Send the client secret in the header or in the body, not in both',
    )
  }
  const [id, secret] =
    basic === undefined ? [form.get('client_id'), form.get('client_secret')] : splitBasic(basic)
  const client = CLIENTS.get(id ?? '')
  if (client && client.secret === secret) return client
  const challenge: Record<string, string> =
    basic === undefined ? {} : { 'www-authenticate': 'Basic realm="sandbox"' }
  throw tokenError(401, 'invalid_client', 'Unknown client, or wrong client secret', challenge)
}

function splitBasic(encoded: string): [string | null, string | null] {
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return [null, null]
  return [formDecode(text.slice(0, colon)), formDecode(text.slice(colon + 1))]
}

/** Both halves are form-encoded before base64 (RFC 6749, 2.3.1); many clients forget to, so plain text passes too. */
function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function grantedScopes(client: SandboxClient, asked: string | null): readonly string[] {
  const scopes = (asked ?? '').split(' ').filter((scope) => scope !== '')
  if (scopes.length === 0) return client.scopes
  const refused = scopes.filter((scope) => !client.scopes.includes(scope))
  if (refused.length === 0) return [...new Set(scopes)]
  throw tokenError(
    400,
    'invalid_scope',
    `Client ${client.id} may not ask for ${refused.join(' ').slice(0, 200)}`,
  )
}

function checkAccessKey(id: unknown, secret: unknown): void {
  if (id === SANDBOX_ACCESS_KEY.id && secret === SANDBOX_ACCESS_KEY.secret) return
  throw tokenError(401, 'invalid_client', 'Unknown access key, or wrong access key secret')
}

function tokenReply(
  tokens: TokenStore,
  request: SandboxRequest,
  who: { readonly clientId: string; readonly scopes: readonly string[] },
  more: object = {},
): Reply {
  const form = request.fault?.expiresIn
  const issued = tokens.issue(who, request.baseUrl, typeof form === 'number' ? form : undefined)
  const { expiresInS } = issued
  const body = {
    access_token: issued.accessToken,
    token_type: 'bearer',
    ...(form === 'missing' ? {} : { expires_in: form === 'string' ? String(expiresInS) : expiresInS }),
    refresh_token: issued.refreshToken,
    id_token: issued.idToken,
    ...more,
  }
  return { status: 200, headers: NO_STORE, body }
}

function wrongGrant(got: string | null, expected: string): HttpRefusal {
  const asked = got === null ? 'no grant_type' : `grant_type ${got.slice(0, 60)}`
  return tokenError(400, 'unsupported_grant_type', `Expected grant_type ${expected}, got ${asked}`)
}

/** Both spellings: the standard's `error_description` and the `errorDescription` of NICE's API description. */
function tokenError(
  status: number,
  error: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HttpRefusal {
  return new HttpRefusal({
    status,
    headers: { ...NO_STORE, ...headers },
    body: { error, error_description: text, errorDescription: text },
  })
}
