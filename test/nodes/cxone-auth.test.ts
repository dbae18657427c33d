import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { selfSigned } from '../lib/http/self-signed.ts'
import { answerJson, startServer, type StubServer } from '../lib/http/stub-server.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow } from './harness.ts'

const SECRET = 'S3CRET-of-the-client'
const CREDENTIALS = { clientId: 'client', clientSecret: SECRET }

describe('cxone-auth', () => {
  const servers: StubServer[] = []
  const serve = async (...args: Parameters<typeof startServer>): Promise<StubServer> => {
    const server = await startServer(...args)
    servers.push(server)
    return server
  }
  afterEach(async () => {
    await unloadFlow()
    for (const server of servers.splice(0)) await server.close()
  })

  const flow = (
    auth: object,
    credentials: Record<string, string> = CREDENTIALS,
    more: readonly { id: string; type: string }[] = [],
  ): Promise<LoadedFlow> =>
    loadFlow(
      [
        { id: 'auth', type: 'cxone-auth', name: 'the tenant', ...auth },
        {
          id: 'lookup',
          type: 'action-lookup',
          auth: 'auth',
          actionId: 'a',
          actionIdType: 'str',
          cacheTtlS: 0,
        },
        ...more,
      ],
      { credentials: { auth: credentials } },
    )
  const test = (loaded: LoadedFlow, id = 'auth'): Promise<{ status: number; body: any }> =>
    loaded.request().post(`/cxone/auth/${id}/test`)

  it('needs nothing filled in: the profile is the sandbox', async () => {
    const loaded = await loadFlow([
      { id: 'auth', type: 'cxone-auth' },
      { id: 'lookup', type: 'action-lookup', auth: 'auth' },
    ])
    const msg = sentOf(await loaded.receive('lookup', { dataActionId: 'crm-customer-lookup' }))
    assert.equal(msg['cxone'].dataAction.hostname, 'crm.sandbox.test')
  })

  it('fails the nodes that use it with CONFIG_INVALID naming the wrong property', async () => {
    const wrong: [object, string][] = [
      [{ profile: 'nowhere' }, 'profile'],
      [{ profile: 'tenant' }, 'tenant'],
      [{ profile: 'tenant', tenant: 'a.b/c' }, 'tenant'],
      [{ profile: 'tenant', tenant: { a: 1 } }, 'tenant'],
      [{ profile: 'base-url', baseUrl: 'http://api.example.com' }, 'baseUrl'],
      [{ profile: 'base-url', baseUrl: '' }, 'baseUrl'],
      [{ profile: 'environment', environment: 'user@evil.example' }, 'environment'],
      [{ profile: 'org', org: '../x' }, 'org'],
      [{ profile: 'region', region: 'x'.repeat(5000) }, 'region'],
      [{ profile: 'access-key', area: 'na1 ' + '/x' }, 'area'],
      [{ profile: 'backend-app', issuer: 'cxone' }, 'issuer'],
      [{ profile: 'custom', apiBaseUrl: 'https://x.example' }, 'tokenUrl'],
      [{ profile: 'custom', tokenUrl: 'https://x.example', apiBaseUrl: 'ftp://x' }, 'apiBaseUrl'],
      [{ clientAuth: 'both' }, 'clientAuth'],
      [{ scopes: 'a\nb' }, 'scopes'],
      [{ refreshBufferS: -1 }, 'refreshBufferS'],
      [{ timeoutMs: 0 }, 'timeoutMs'],
      [{ timeoutMs: 'soon' }, 'timeoutMs'],
      [{ maxRetries: 1e9 }, 'maxRetries'],
      [{ baseDelayMs: [] }, 'baseDelayMs'],
      [{ maxDelayMs: 1.5 }, 'maxDelayMs'],
      [{ paths: '{' }, 'paths'],
      [{ paths: { execute: 'https://evil.example/{id}' } }, 'paths'],
      [{ paths: { execute: '/no-id' } }, 'paths'],
      [{ paths: { unknown: '/{id}' } }, 'paths'],
      [{ paths: { execute: '/{tenant}/{id}' } }, 'paths'],
      [{ paths: { execute: '/../{id}' } }, 'paths'],
      [{ paths: { execute: '/a\\b/{id}' } }, 'paths'],
      [{ paths: { execute: '/a?id={id}#x' } }, 'paths'],
      [{ tls: 'missing' }, 'tls'],
      [{ proxy: 'missing' }, 'proxy'],
      [{ version: 2 }, 'version'],
    ]
    for (const [auth, field] of wrong) {
      const loaded = await flow(auth)
      const error = failureOf(await loaded.receive('lookup'))
      assert.equal(error.code, 'CONFIG_INVALID', field)
      assert.match(error.message, new RegExp(`cxone-auth "the tenant": Property .${field}.`))
      await until(() => loaded.status('lookup')?.fill === 'red' || undefined)
      await unloadFlow()
    }
  }).timeout(60_000)

  it('names the credential that is missing', async () => {
    const loaded = await flow({ profile: 'tenant', tenant: 'acme' }, { clientId: 'x' })
    const error = failureOf(await loaded.receive('lookup'))
    assert.equal(error.code, 'CONFIG_INVALID')
    assert.match(error.message, /clientSecret/)
  })

  it('does not mind what another profile left behind', async () => {
    const loaded = await flow(
      { profile: 'sandbox', tenant: '???', baseUrl: 7, tokenUrl: 'x', apiBaseUrl: 'y' },
      {},
    )
    assert.equal((await test(loaded)).status, 200)
  })

  it('shows the connection to the Test button, never the token or the secret', async () => {
    const server = await serve((_request, response) =>
      answerJson(response, 200, {
        access_token: 'TOKEN-1-of-the-test',
        expires_in: 3600,
        scope: 'a:read b:write',
      }),
    )
    const loaded = await flow({ profile: 'custom', tokenUrl: `${server.url}/t`, apiBaseUrl: server.url })
    const { status, body } = await test(loaded)
    assert.equal(status, 200)
    assert.equal(body.tokenHost, new URL(server.url).host)
    assert.deepEqual(body.scopes, ['a:read', 'b:write'])
    assert.ok(body.expiresInS > 3500)
    assert.ok(!/TOKEN-1|S3CRET/.test(JSON.stringify(body) + loaded.log()))
  })

  it('tells the Test button what is wrong', async () => {
    const server = await serve((request, response) =>
      answerJson(response, 401, { error: 'invalid_client', echo: request.body }),
    )
    const loaded = await flow({ profile: 'custom', tokenUrl: `${server.url}/t`, apiBaseUrl: server.url })
    const refused = await test(loaded)
    assert.equal(refused.status, 400)
    assert.equal(refused.body.code, 'AUTH_REJECTED')
    const missing = await test(loaded, 'nothing-like-this')
    assert.equal(missing.body.code, 'CONFIG_INVALID')
    assert.match(missing.body.message, /deploy first/)
    assert.equal((await test(loaded, 'lookup')).body.code, 'CONFIG_INVALID')
    assert.ok(!JSON.stringify([refused.body, missing.body]).includes(SECRET))
  })

  it('asks with a wrong secret once for many messages, and never shows it', async () => {
    const server = await serve((request, response) =>
      answerJson(response, 401, { error: 'invalid_client', echo: request.body }),
    )
    const loaded = await flow({ profile: 'custom', tokenUrl: `${server.url}/t`, apiBaseUrl: server.url })
    const endings = await Promise.all(Array.from({ length: 100 }, () => loaded.receive('lookup')))
    for (const ending of endings) {
      const error = failureOf(ending)
      assert.equal(error.code, 'AUTH_REJECTED')
      assert.ok(!/S3CRET/.test(JSON.stringify(error) + error.message + String(error.stack)))
    }
    assert.equal(server.received.length, 1)
    assert.ok(!loaded.log().includes(SECRET))
    assert.ok(!JSON.stringify(loaded.caught).includes(SECRET))
  })

  it('takes secrets from the environment', async () => {
    process.env['CXONE_TEST_SECRET'] = 'from-the-environment'
    const server = await serve((_request, response) => answerJson(response, 200, { access_token: 'ok' }))
    const loaded = await flow(
      { profile: 'custom', tokenUrl: `${server.url}/t`, apiBaseUrl: server.url },
      { clientId: 'client', clientSecret: '${CXONE_TEST_SECRET}' },
    )
    delete process.env['CXONE_TEST_SECRET']
    assert.equal((await test(loaded)).status, 200)
    assert.equal(new URLSearchParams(server.received[0]?.body).get('client_secret'), 'from-the-environment')
  })

  it('goes through the proxy of an http proxy node', async () => {
    const tunnels: string[] = []
    const server = createServer().on('connect', (request, socket) => {
      tunnels.push(`${request.url} ${request.headers['proxy-authorization']}`)
      socket.end('HTTP/1.1 502 No\r\n\r\n')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const auth = {
      profile: 'custom',
      tokenUrl: 'https://id.example.test/t',
      apiBaseUrl: 'https://gw.example.test',
    }
    const loaded = await loadFlow(
      [
        { id: 'proxy', type: 'http proxy', url: `http://127.0.0.1:${port}`, noproxy: [] },
        { id: 'auth', type: 'cxone-auth', ...auth, proxy: 'proxy', maxRetries: 0 },
        { id: 'lookup', type: 'action-lookup', auth: 'auth', actionId: 'a', actionIdType: 'str' },
      ],
      {
        credentials: { auth: CREDENTIALS, proxy: { username: 'u', password: 'p' } },
        extra: { 'http proxy': coreNode('06-httpproxy') },
      },
    )
    assert.equal(failureOf(await loaded.receive('lookup')).code, 'AUTH_UNAVAILABLE')
    assert.deepEqual(tunnels, [`id.example.test:443 Basic ${Buffer.from('u:p').toString('base64')}`])
    server.close()
  })

  it('trusts the certificate authority of a tls-config node', async () => {
    const { key, cert } = selfSigned('localhost')
    const server = await serve(
      (request, response) =>
        answerJson(response, 200, request.url === '/t' ? { access_token: 'ok' } : { id: 'a' }),
      (listener) => createHttps({ key, cert }, listener),
    )
    const url = `https://localhost:${server.port}`
    const auth = {
      type: 'cxone-auth',
      profile: 'custom',
      tokenUrl: `${url}/t`,
      apiBaseUrl: url,
      maxRetries: 0,
    }
    const loaded = await loadFlow(
      [
        { id: 'tls', type: 'tls-config', verifyservercert: true },
        { id: 'auth', ...auth, tls: 'tls' },
        { id: 'bare', ...auth },
        { id: 'trusting', type: 'action-lookup', auth: 'auth', actionId: 'a', actionIdType: 'str' },
        { id: 'wary', type: 'action-lookup', auth: 'bare', actionId: 'a', actionIdType: 'str' },
      ],
      {
        credentials: {
          auth: CREDENTIALS,
          bare: { ...CREDENTIALS, clientId: 'another' },
          tls: { cadata: cert },
        },
        extra: { 'tls-config': coreNode('05-tls') },
      },
    )
    assert.deepEqual(sentOf(await loaded.receive('trusting'))['payload'], { id: 'a' })
    const refused = failureOf(await loaded.receive('wary'))
    assert.equal(refused.code, 'AUTH_UNAVAILABLE')
    assert.match(refused.message, /self-signed/)
  })
})

const require = createRequire(resolve('package.json'))
const coreNode = (name: string): ((RED: unknown) => void) =>
  require(`@node-red/nodes/core/network/${name}.js`) as (RED: unknown) => void
