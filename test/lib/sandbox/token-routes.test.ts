import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { SANDBOX_ACCESS_KEY, SANDBOX_SCOPES, SANDBOX_TENANT } from '../../../lib/sandbox/credentials.ts'
import { useSandbox } from './running-sandbox.ts'

const LEGACY_PATHS = ['/api/v2/oauth/token', '/oauth/token', '/oauth2/token']
const CLIENT = { client_id: 'sandbox', client_secret: 'sandbox-secret' }
const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
const form = (fields: Record<string, string>): URLSearchParams => new URLSearchParams(fields)
const claims = (jwt: string): any => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

describe('sandbox token endpoints', () => {
  const running = useSandbox({ tokenTtlS: 100 })
  const { send } = running
  const isAccepted = async (token: string): Promise<boolean> =>
    (await send('GET', '/api/v2/data-actions', { token })).status === 200

  for (const path of LEGACY_PATHS) {
    it(`issues a token for client credentials at ${path}`, async () => {
      const { status, json, headers } = await send('POST', path, {
        body: form({ grant_type: 'client_credentials', ...CLIENT }),
      })
      assert.equal(status, 200)
      assert.equal(json.token_type, 'bearer')
      assert.equal(json.expires_in, 100)
      assert.equal(json.scope, SANDBOX_SCOPES.join(' '))
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.ok(await isAccepted(json.access_token))
    })

    it(`answers a wrong secret at ${path} with 401 invalid_client`, async () => {
      const body = form({ grant_type: 'client_credentials', ...CLIENT, client_secret: 'wrong' })
      const { status, json } = await send('POST', path, { body })
      assert.equal(status, 401)
      assert.equal(json.error, 'invalid_client')
      assert.ok(!JSON.stringify(json).includes('wrong-secret'))
    })
  }

  it('takes the client by Basic header too, form-encoded or plain', async () => {
    for (const secret of ['sandbox-secret', 'sandbox%2Dsecret']) {
      const { status } = await send('POST', '/oauth/token', {
        headers: { authorization: basic('sandbox', secret) },
        body: form({ grant_type: 'client_credentials' }),
      })
      assert.equal(status, 200)
    }
  })

  it('challenges a wrong Basic header and refuses two ways of authentication at once', async () => {
    const wrong = await send('POST', '/oauth/token', {
      headers: { authorization: basic('sandbox', 'wrong') },
      body: form({ grant_type: 'client_credentials' }),
    })
    assert.equal(wrong.status, 401)
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Basic /)
    const both = await send('POST', '/oauth/token', {
      headers: { authorization: basic('sandbox', 'sandbox-secret') },
      body: form({ grant_type: 'client_credentials', ...CLIENT }),
    })
    assert.deepEqual([both.status, both.json.error], [400, 'invalid_request'])
  })

  it('grants the scopes that are asked for and refuses those that the client may not have', async () => {
    const asked = await send('POST', '/oauth2/token', {
      body: form({
        grant_type: 'client_credentials',
        ...CLIENT,
        scope: 'data-actions:read data-actions:execute',
      }),
    })
    assert.equal(asked.json.scope, 'data-actions:read data-actions:execute')
    const limited = { client_id: 'limited', client_secret: 'limited-secret' }
    const refused = await send('POST', '/oauth2/token', {
      body: form({ grant_type: 'client_credentials', ...limited, scope: 'data-actions:execute' }),
    })
    assert.deepEqual([refused.status, refused.json.error], [400, 'invalid_scope'])
  })

  it('refuses JSON bodies and other grants where client credentials are due', async () => {
    const json = await send('POST', '/oauth/token', { body: { grant_type: 'client_credentials', ...CLIENT } })
    assert.deepEqual([json.status, json.json.error], [400, 'invalid_request'])
    const password = await send('POST', '/oauth/token', { body: form({ grant_type: 'password', ...CLIENT }) })
    assert.deepEqual([password.status, password.json.error], [400, 'unsupported_grant_type'])
  })

  it('leads from the discovery document to the password grant, without client credentials', async () => {
    const { json: discovery } = await send('GET', '/.well-known/openid-configuration')
    assert.equal(discovery.token_endpoint, `${running.url}/auth/token`)
    const key = { username: SANDBOX_ACCESS_KEY.id, password: SANDBOX_ACCESS_KEY.secret }
    const good = await send('POST', '/auth/token', {
      body: form({ grant_type: 'password', ...key, ...CLIENT }),
    })
    assert.equal(good.status, 200)
    assert.ok(await isAccepted(good.json.access_token))
    const wrong = await send('POST', '/auth/token', {
      body: form({ grant_type: 'password', ...key, password: 'x', ...CLIENT }),
    })
    assert.deepEqual([wrong.status, wrong.json.error], [401, 'invalid_client'])
    assert.equal(wrong.json.errorDescription, wrong.json.error_description)
    const other = await send('POST', '/auth/token', {
      body: form({ grant_type: 'client_credentials', ...CLIENT }),
    })
    assert.deepEqual([other.status, other.json.error], [400, 'unsupported_grant_type'])
  })

  it('answers an access key alone, as JSON', async () => {
    const path = '/authentication/v1/token/access-key'
    const { id, secret } = SANDBOX_ACCESS_KEY
    const good = await send('POST', path, { body: { accessKeyId: id, accessKeySecret: secret } })
    assert.equal(good.status, 200)
    assert.ok(await isAccepted(good.json.access_token))
    const wrong = await send('POST', path, { body: { accessKeyId: id, accessKeySecret: 'wrong' } })
    assert.equal(wrong.status, 401)
    assert.equal((await send('POST', path, { body: 'accessKeyId=x' })).status, 400)
    assert.equal((await send('POST', path, { body: '[]' })).status, 400)
  })

  it('tells the tenant, area and cluster in the claims of the id token, which is signed', async () => {
    const { json } = await send('POST', '/oauth/token', {
      body: form({ grant_type: 'client_credentials', ...CLIENT }),
    })
    const { tenantId, area, icClusterId, icBUId, exp, iat } = claims(json.id_token)
    assert.deepEqual(
      { tenantId, area, icClusterId, icBUId, life: exp - iat },
      {
        tenantId: SANDBOX_TENANT.tenantId,
        area: 'sandbox',
        icClusterId: 'SB1',
        icBUId: '4600001',
        life: 100,
      },
    )
    const [head, body, signature] = json.id_token.split('.')
    const expected = createHmac('sha256', 'cxone-flows-sandbox').update(`${head}.${body}`).digest('base64url')
    assert.equal(signature, expected)
  })

  it('gives the configuration of its one tenant and 404 for another', async () => {
    const path = '/.well-known/cxone-configuration'
    const { json } = await send('GET', `${path}?tenantId=${SANDBOX_TENANT.tenantId}`)
    assert.equal(json.api_endpoint, running.url)
    assert.equal(json.auth_endpoint, running.url)
    assert.equal((await send('GET', path)).json.tenantId, SANDBOX_TENANT.tenantId)
    assert.equal((await send('GET', `${path}?tenantId=other`)).status, 404)
  })

  it('repeats the name under which a loopback caller came, and no other', async () => {
    const port = running.sandbox.info.port
    const viaName = await fetch(`http://localhost:${port}/.well-known/openid-configuration`).catch(
      () => undefined,
    )
    if (viaName) assert.equal((await viaName.json()).issuer, `http://localhost:${port}`)
    const { json } = await send('GET', '/.well-known/openid-configuration')
    assert.equal(json.issuer, `http://127.0.0.1:${port}`)
  })

  it('lets tokens expire and be revoked', async () => {
    const first = await running.token()
    running.clock.advance(99_000)
    assert.ok(await isAccepted(first))
    running.clock.advance(1_000)
    assert.ok(!(await isAccepted(first)))
    const second = await running.token()
    running.sandbox.revokeTokens()
    assert.ok(!(await isAccepted(second)))
    const third = await running.token()
    assert.equal((await send('DELETE', '/sandbox/tokens')).status, 204)
    assert.ok(!(await isAccepted(third)))
  })

  it('renews with a refresh token once, in both forms', async () => {
    const { json } = await send('POST', '/oauth/token', {
      body: form({ grant_type: 'client_credentials', ...CLIENT }),
    })
    const renew = form({ grant_type: 'refresh_token', refresh_token: json.refresh_token, ...CLIENT })
    const renewed = await send('POST', '/auth/token', { body: renew })
    assert.ok(await isAccepted(renewed.json.access_token))
    assert.deepEqual((await send('POST', '/auth/token', { body: renew })).json.error, 'invalid_grant')
    const again = await send('POST', '/public/user/refresh', { body: { token: renewed.json.refresh_token } })
    assert.ok(await isAccepted(again.json.access_token))
    assert.equal((await send('POST', '/public/user/refresh', { body: { token: 7 } })).status, 401)
  })

  it('answers expires_in in the odd forms that faults ask for', async () => {
    running.sandbox.fault('token:expires-in=string,expires-in=missing,expires-in=5,200')
    const answers = []
    for (let at = 0; at < 4; at += 1) {
      const { json } = await send('POST', '/oauth/token', {
        body: form({ grant_type: 'client_credentials', ...CLIENT }),
      })
      answers.push(json.expires_in)
      if (at === 2) {
        running.clock.advance(5_000)
        assert.ok(!(await isAccepted(json.access_token)))
      }
    }
    assert.deepEqual(answers, ['100', undefined, 5, 100])
  })
})
