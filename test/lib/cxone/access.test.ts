import assert from 'node:assert/strict'
import {
  createCxoneAccess,
  type AccessSettings,
  type ManagedAccess,
} from '../../../lib/cxone/create-access.ts'
import { createExecute } from '../../../lib/cxone/execute.ts'
import { openCxoneAccess } from '../../../lib/cxone/open-access.ts'
import type { Credentials } from '../../../lib/auth/endpoints.ts'
import { TokenSlots } from '../../../lib/auth/token-slots.ts'
import type { HttpSend } from '../../../lib/ports.ts'
import { createHttpClient, type HttpClient } from '../../../lib/http/client.ts'
import { SANDBOX_ACCESS_KEY } from '../../../lib/sandbox/credentials.ts'
import { startSandbox, type Sandbox } from '../../../lib/sandbox/sandbox.ts'
import { systemClock, systemRandom } from '../../../lib/system.ts'
import { failureOf, settings } from './world.ts'

const empty: Credentials = { clientId: '', clientSecret: '', accessKeyId: '', accessKeySecret: '' }
const client: Credentials = { ...empty, clientId: 'sandbox', clientSecret: 'sandbox-secret' }
const key: Credentials = {
  ...client,
  accessKeyId: SANDBOX_ACCESS_KEY.id,
  accessKeySecret: SANDBOX_ACCESS_KEY.secret,
}

describe('CXone access against the sandbox', () => {
  let sandbox: Sandbox
  let http: HttpClient
  before(async () => {
    sandbox = await startSandbox()
    http = createHttpClient({ clock: systemClock })
  })
  after(async () => {
    await http.close()
    await sandbox.close()
  })
  beforeEach(() => sandbox.reset())

  // The names of real hosts lead to the sandbox here, as they would with a hosts file.
  const asked: string[] = []
  const send: HttpSend = (request) => {
    const url = new URL(request.url)
    asked.push(url.origin)
    return http.send({ ...request, url: sandbox.info.url + url.pathname + url.search })
  }
  const make = (more: Partial<AccessSettings>, credentials: Credentials): ManagedAccess =>
    createCxoneAccess({
      settings: { ...settings, ...more },
      credentials,
      sandbox: sandbox.info,
      send,
      clock: systemClock,
      random: systemRandom,
      slots: new TokenSlots(),
    })

  const profiles: [string, Partial<AccessSettings>, Credentials, string][] = [
    ['sandbox', { profile: 'sandbox' }, empty, ''],
    ['tenant', { profile: 'tenant', tenant: 'acme' }, client, 'https://acme.api.niceincontact.com'],
    ['base-url', { profile: 'base-url', baseUrl: 'https://api.cxone.com' }, client, 'https://api.cxone.com'],
    [
      'environment',
      { profile: 'environment', environment: 'api.nicecxone.com' },
      client,
      'https://api.nicecxone.com',
    ],
    ['org', { profile: 'org', org: 'acme' }, client, 'https://acme.api.nicecxone.com'],
    ['region', { profile: 'region', region: 'api-us-1.cxone.com' }, client, 'https://api-us-1.cxone.com'],
    ['access-key', { profile: 'access-key', area: 'na1' }, key, 'https://na1.nice-incontact.com'],
    [
      'backend-app',
      { profile: 'backend-app', issuer: 'https://cxone.niceincontact.com' },
      key,
      'https://cxone.niceincontact.com',
    ],
    [
      'custom',
      { profile: 'custom', tokenUrl: 'https://id.example/oauth2/token', apiBaseUrl: 'https://gw.example' },
      client,
      'https://id.example',
    ],
  ]
  for (const [profile, more, credentials, origin] of profiles) {
    it(`gets a token, looks up and executes with the profile ${profile}`, async () => {
      asked.length = 0
      const access = make(more, credentials)
      const entry = await access.lookup('crm-customer-lookup', { cacheTtlS: 60 })
      assert.equal(entry.hostname, 'crm.sandbox.test')
      const execute = createExecute({
        client: access.client,
        path: access.paths.execute,
        newKey: () => `key-${profile}`,
      })
      const { values } = await execute('crm-customer-lookup', { customerId: 'CUST-4412' }, {})
      assert.equal(values['tier'], 'premium')
      assert.equal(asked[0], origin || sandbox.info.url)
      assert.equal(sandbox.counts()['token'], 1)
      access.close()
    })
  }

  it('describes the connection without the token', async () => {
    const access = make({ profile: 'backend-app', issuer: sandbox.info.url }, key)
    const connection = await access.describe()
    assert.equal(connection.tokenHost, new URL(sandbox.info.url).host)
    assert.equal(connection.apiBase, sandbox.info.url)
    assert.ok(connection.expiresInS > 3500 && connection.expiresInS <= 3600)
    assert.match(connection.expiresAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    const { tenant, area, cluster, businessUnit, tenantId } = connection.claims
    assert.deepEqual([tenant, area, cluster, businessUnit], ['sandbox', 'sandbox', 'SB1', '4600001'])
    assert.ok(tenantId)
    assert.ok(!/eyJ|[\w-]{40,}/.test(JSON.stringify(connection)), JSON.stringify(connection))
    access.close()
  })

  it('makes one token request for 1,000 messages when all tokens have become invalid', async () => {
    const access = make({ profile: 'sandbox' }, empty)
    await access.lookup('crm-customer-lookup', { cacheTtlS: 60 })
    sandbox.reset()
    sandbox.revokeTokens()
    const execute = createExecute({
      client: access.client,
      path: access.paths.execute,
      newKey: () => crypto.randomUUID(),
    })
    const runs = Array.from({ length: 1000 }, () =>
      execute('crm-customer-lookup', { customerId: 'CUST-4412' }, { timeoutMs: 9000 }),
    )
    assert.equal((await Promise.all(runs)).length, 1000)
    assert.equal(sandbox.counts()['token'], 1)
    access.close()
  })

  it('fails with CXONE_FORBIDDEN naming the scope that was not asked for', async () => {
    const access = make({ profile: 'sandbox', scopes: 'data-actions:read' }, empty)
    const execute = createExecute({ client: access.client, path: access.paths.execute, newKey: () => 'k' })
    const error = await failureOf(execute('crm-customer-lookup', { customerId: 'CUST-4412' }, {}))
    assert.deepEqual([error.code, error.details['scope']], ['CXONE_FORBIDDEN', 'data-actions:execute'])
    access.close()
  })

  it('names the credential that a profile lacks', () => {
    const lacking: [Partial<AccessSettings>, Credentials, string][] = [
      [{ profile: 'tenant', tenant: 'acme' }, empty, 'clientId'],
      [{ profile: 'tenant', tenant: 'acme' }, { ...empty, clientId: 'x' }, 'clientSecret'],
      [{ profile: 'access-key', area: 'na1' }, client, 'accessKeyId'],
      [
        { profile: 'backend-app', issuer: 'https://x.example' },
        { ...key, accessKeySecret: '' },
        'accessKeySecret',
      ],
    ]
    for (const [more, credentials, field] of lacking)
      assert.throws(() => make(more, credentials), { code: 'CONFIG_INVALID', details: { field } })
  })

  it('starts the sandbox with its first user and stops it with its last', async () => {
    const options = {
      settings: { ...settings, profile: 'sandbox' as const },
      credentials: empty,
      transport: {},
      clock: systemClock,
      random: systemRandom,
    }
    const [one, two] = [await openCxoneAccess(options), await openCxoneAccess(options)]
    const url = one.access.sandbox?.url ?? ''
    assert.equal(two.access.sandbox?.url, url)
    await one.close()
    await two.access.lookup('crm-customer-lookup', { cacheTtlS: 60 })
    await two.close()
    await assert.rejects(http.send({ method: 'GET', url, timeoutMs: 1000 }), { code: 'CXONE_UNREACHABLE' })
  })
})
