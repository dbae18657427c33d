/** All scopes that the sandbox knows. */
export const SANDBOX_SCOPES = [
  'data-actions:read',
  'data-actions:write',
  'data-actions:execute',
  'integrations:read',
  'integrations:write',
  'webhooks:write',
] as const

/** A client of the sandbox's token endpoints. Nothing here is secret: it all stands in docs/sandbox.md. */
export interface SandboxClient {
  readonly id: string
  readonly secret: string
  readonly scopes: readonly string[]
}

/** The client that may do everything. */
export const SANDBOX_CLIENT: SandboxClient = {
  id: 'sandbox',
  secret: 'sandbox-secret',
  scopes: SANDBOX_SCOPES,
}

/** A client that may only read data actions: for flows that show how a missing permission looks. */
export const LIMITED_CLIENT: SandboxClient = {
  id: 'limited',
  secret: 'limited-secret',
  scopes: ['data-actions:read'],
}

/** The access key, with the trailing `====` of real ones. */
export const SANDBOX_ACCESS_KEY = { id: 'SANDBOXKEY====', secret: 'sandbox-key-secret====' } as const

/** Plain form of the webhook secret, 32 bytes. */
export const WEBHOOK_SECRET_TEXT = 'cxone-flows-sandbox-webhook-key!'

/** The webhook secret in the form of Standard Webhooks. */
export const SANDBOX_WEBHOOK_SECRET = `whsec_${Buffer.from(WEBHOOK_SECRET_TEXT).toString('base64')}`

/** What the claims of the sandbox's tokens say about its tenant. */
export const SANDBOX_TENANT = {
  tenantId: '11ec5a9d-0000-4000-8000-000000005ab0',
  tenant: 'sandbox',
  area: 'sandbox',
  icBUId: '4600001',
  icClusterId: 'SB1',
  icAgentId: '4600100',
  icSPId: '4600000',
  icDomain: 'sandbox.test',
  userId: '11ec5a9d-0000-4000-8000-0000000005e7',
} as const

/** The name of the API in the sandbox's zone, for connections that are pinned to what its DNS server answers. */
export const SANDBOX_API = 'api.sandbox.test'
