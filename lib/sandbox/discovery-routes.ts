import { SANDBOX_SCOPES, SANDBOX_TENANT } from './credentials.ts'
import { refusal, type Reply, type Route, type SandboxRequest } from './http-types.ts'

/** The two discovery documents; both point back to the sandbox (cxone-facts.md, 1.1 and 2). */
export function discoveryRoutes(): Route[] {
  const get = (pattern: string, handle: Route['handle']): Route => ({
    name: 'discovery',
    method: 'GET',
    pattern,
    handle,
  })
  return [
    get('/.well-known/openid-configuration', ({ baseUrl }) => ({
      status: 200,
      body: openidConfiguration(baseUrl),
    })),
    get('/.well-known/cxone-configuration', cxoneConfiguration),
  ]
}

/** OpenID Connect Discovery 1.0, as far as the sandbox goes. */
function openidConfiguration(url: string): object {
  return {
    issuer: url,
    token_endpoint: `${url}/auth/token`,
    grant_types_supported: ['password', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    id_token_signing_alg_values_supported: ['HS256'],
    scopes_supported: ['openid', ...SANDBOX_SCOPES],
  }
}

function cxoneConfiguration({ query, baseUrl }: SandboxRequest): Reply {
  const tenantId = query.get('tenantId')
  if (tenantId !== null && tenantId !== SANDBOX_TENANT.tenantId) {
    throw refusal(404, 'tenant_not_found', `The sandbox has one tenant, ${SANDBOX_TENANT.tenantId}`)
  }
  const body = {
    private: false,
    ui_endpoint: baseUrl,
    auth_endpoint: baseUrl,
    api_endpoint: baseUrl,
    area: SANDBOX_TENANT.area,
    cluster: SANDBOX_TENANT.icClusterId,
    domain: 'sandbox.test',
    acdDomain: 'sandbox.test',
    uhDomain: 'sandbox.test',
    tenantId: SANDBOX_TENANT.tenantId,
  }
  return { status: 200, body }
}
