import { HttpRefusal, type Handler, type SandboxRequest } from './http-types.ts'
import type { Grant, TokenStore } from './tokens.ts'

/** What the access token of a request allows. Refuses with 401, or 403 naming the scope (RFC 6750, 3.1). */
export function requireToken(tokens: TokenStore, request: SandboxRequest, scope?: string): Grant {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const grant = token === undefined ? undefined : tokens.verify(token)
  if (!grant) {
    const why = token === undefined ? 'No bearer token' : 'The access token is unknown or expired'
    const challenge =
      token === undefined ? 'Bearer realm="sandbox"' : 'Bearer realm="sandbox", error="invalid_token"'
    throw tokenRefusal(401, 'invalid_token', why, challenge)
  }
  if (scope === undefined || grant.scopes.includes(scope)) return grant
  const challenge = `Bearer realm="sandbox", error="insufficient_scope", scope="${scope}"`
  throw tokenRefusal(403, 'insufficient_scope', `The access token lacks the scope ${scope}`, challenge, {
    scope,
  })
}

/** A handler that runs only with a token of this scope. */
export function withToken(tokens: TokenStore, scope: string | undefined, handle: Handler): Handler {
  return (request) => {
    requireToken(tokens, request, scope)
    return handle(request)
  }
}

function tokenRefusal(
  status: number,
  error: string,
  text: string,
  challenge: string,
  more: object = {},
): HttpRefusal {
  return new HttpRefusal({
    status,
    headers: { 'www-authenticate': challenge },
    body: { error, error_description: text, ...more },
  })
}
