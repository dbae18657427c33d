import assert from 'node:assert/strict'
import { useSandbox } from './running-sandbox.ts'

// The calls that CXone tutorials teach, as their clients send them: `Accept: */*`, a form with the credentials in it.
describe('clients of CXone tutorials', () => {
  const running = useSandbox()
  const { send } = running
  const plain = { accept: '*/*' }
  const login = async (path: string, scope?: string): Promise<string> => {
    const form = { grant_type: 'client_credentials', client_id: 'sandbox', client_secret: 'sandbox-secret' }
    const body = new URLSearchParams(scope === undefined ? form : { ...form, scope })
    const { status, json } = await send('POST', path, { headers: plain, body })
    assert.equal(status, 200)
    assert.equal(typeof json.expires_in, 'number')
    return json.access_token
  }

  it('reads the endpoint of a data action for DNS resolution, and posts its event', async () => {
    const token = await login('/api/v2/oauth/token', 'data-actions:read data-actions:write webhooks:write')
    const { json } = await send('GET', '/api/v2/data-actions/crm-customer-lookup', { token, headers: plain })
    assert.match(json.endpointUrl, /^https?:\/\/([a-zA-Z0-9.-]+)/)
    const body = {
      domain: 'crm.sandbox.test',
      data_action_id: json.id,
      resolve_results: {},
      cache_hit: false,
    }
    assert.equal((await send('POST', '/webhooks/open', { token, headers: plain, body })).status, 204)
    assert.ok(running.sandbox.webhooks()[0]?.carriedToken, 'it sends its token to the webhook')
  })

  it('registers a database connector', async () => {
    const token = await login('/oauth/token')
    const body = {
      connectorId: 'conn-1',
      connectorName: 'Warehouse',
      connectorType: 'DATABASE_POSTGRESQL',
      configuration: {
        connectionString: 'jdbc:postgresql://db.internal:5432/dw?driverVersion=42.6.0',
        credentials: {},
        credentialMasking: { username: 'VAULT_DB_USERNAME', password: 'VAULT_DB_PASSWORD' },
        poolSettings: { minPoolSize: 2, maxPoolSize: 15, connectionTimeoutSeconds: 25 },
        securitySettings: { enableParameterizedQueries: true, sslMode: true },
      },
      healthCheck: { enabled: true, query: 'SELECT 1', intervalSeconds: 60, timeoutSeconds: 5 },
      eventSubscriptions: [
        { eventType: 'CONFIG_UPDATED', webhookUrl: 'https://vault-sync.internal/webhooks/cxone-config' },
      ],
    }
    const { status, json } = await send('PUT', '/api/v1/integrations/connectors/conn-1', { token, body })
    assert.deepEqual([status, json.connectorId], [201, 'conn-1'])
  })

  it('executes an action with a UUID of 32 hex digits', async () => {
    const token = await login('/oauth2/token', 'data-actions:execute')
    const { json } = await send('POST', '/api/v2/data-actions/uuid-intake/execute', {
      token,
      headers: plain,
      body: { inputs: { uuid: '0190a6f4b7c84d3e9f1023456789abcd' } },
    })
    assert.ok(Array.isArray(json))
    assert.deepEqual(json[0], { name: 'uuid', value: '0190a6f4-b7c8-4d3e-9f10-23456789abcd' })
  })

  it('gets a token for integrations', async () => {
    await login('/api/v2/oauth/token', 'integrations:read integrations:write')
  })

  it('reads the output schema of a data action', async () => {
    const token = await login('/api/v2/oauth/token')
    const { json } = await send('GET', '/api/v2/data-actions/wrap-up-sync', { token, headers: plain })
    const fields = ['recordId', 'customerId', 'issueCategory', 'priority', 'resolutionScore', 'processedAt']
    assert.deepEqual(json.schema.output.required, fields)
  })
})
