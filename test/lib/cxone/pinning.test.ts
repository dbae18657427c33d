import assert from 'node:assert/strict'
import type { CxoneClient } from '../../../lib/cxone/access.ts'
import { createCxoneAccess, type ManagedAccess } from '../../../lib/cxone/create-access.ts'
import type { Pin } from '../../../lib/dns/pin.ts'
import { createHttpClient, type HttpClient } from '../../../lib/http/client.ts'
import { startSandbox, type Sandbox } from '../../../lib/sandbox/sandbox.ts'
import { systemClock, systemRandom } from '../../../lib/system.ts'
import { answerJson, startServer, type StubServer } from '../http/stub-server.ts'
import { settings } from './world.ts'

const HERE: Pin = { name: 'localhost', addresses: ['127.0.0.1'] }
const credentials = { clientId: 'c', clientSecret: 's', accessKeyId: '', accessKeySecret: '' }

describe('a call of CXone to addresses that were looked up before', () => {
  let http: HttpClient
  let access: ManagedAccess
  let servers: { close(): Promise<void> }[]

  beforeEach(() => {
    http = createHttpClient({ clock: systemClock })
    servers = []
  })
  afterEach(async () => {
    access.close()
    await http.close()
    for (const server of servers) await server.close()
  })

  const open = (apiBaseUrl: string, tokenUrl: string, more: object = {}): CxoneClient => {
    access = createCxoneAccess({
      settings: { ...settings, apiBaseUrl, tokenUrl },
      credentials,
      send: http.send,
      clock: systemClock,
      random: systemRandom,
      ...more,
    })
    return access.client
  }
  /** A token endpoint and an API with one port, at two addresses. */
  const serve = async (): Promise<{ tokens: StubServer; api: StubServer; client: CxoneClient }> => {
    const tokens = await startServer((_request, response) => answerJson(response, 200, { access_token: 'T' }))
    const api = await startServer((_request, response) => answerJson(response, 200, { ok: 1 }), undefined, {
      address: '127.0.0.2',
      port: tokens.port,
    })
    servers = [tokens, api]
    return { tokens, api, client: open(`http://localhost:${api.port}`, `${tokens.url}/t`) }
  }

  it('goes there with the name in Host and tells the address; the token is got as ever', async () => {
    const { tokens, api, client } = await serve()
    const connectTo = { ...HERE, addresses: ['127.0.0.2'] }
    const answer = await client.call({ method: 'GET', path: '/x', connectTo })
    assert.deepEqual([answer.status, answer.address], [200, '127.0.0.2'])
    assert.equal(answer.url, `http://localhost:${api.port}/x`)
    assert.equal(api.received[0]?.headers.host, `localhost:${api.port}`)
    assert.equal(api.received[0].headers.authorization, 'Bearer T')
    assert.deepEqual(
      tokens.received.map(({ url }) => url),
      ['/t'],
    )
    assert.equal('address' in (await client.call({ method: 'GET', path: '/x' })), false)
  })

  it('fails with both names when another host was looked up, before anything is sent', async () => {
    const { api, client } = await serve()
    const connectTo = { name: 'crm.example.com', addresses: ['127.0.0.2'] }
    await assert.rejects(client.call({ method: 'GET', path: '/x', connectTo }), {
      code: 'PIN_MISMATCH',
      details: { name: 'crm.example.com', host: 'localhost' },
    })
    assert.equal(api.connections(), 0)
  })

  it('takes the token nowhere else without TLS, and not with TLS that checks nothing', async () => {
    const { client } = await serve()
    const connectTo = { ...HERE, addresses: ['203.0.114.1'] }
    await assert.rejects(client.call({ method: 'GET', path: '/x', connectTo }), { code: 'PIN_REFUSED' })
    access.close()
    const [token] = servers as StubServer[]
    const lax = open('https://api.example.com', `${token!.url}/t`, { isVerified: false })
    const away = { name: 'api.example.com', addresses: ['203.0.114.1'] }
    await assert.rejects(lax.call({ method: 'GET', path: '/x', connectTo: away }), { code: 'PIN_REFUSED' })
  })

  describe('with the sandbox', () => {
    let sandbox: Sandbox
    before(async () => {
      sandbox = await startSandbox()
    })
    after(() => sandbox.close())
    const client = (): CxoneClient =>
      open('', '', {
        settings: { ...settings, profile: 'sandbox' },
        credentials: { ...credentials, clientId: '' },
        sandbox: sandbox.info,
      })

    it('calls its API by the name in its zone, the second address where the first is dead', async () => {
      const connectTo = { name: 'api.sandbox.test', addresses: ['::1', '127.0.0.1'] }
      const path = '/inContactAPI/services/v30.0/agents'
      const answer = await client().call({ method: 'GET', path, connectTo })
      assert.deepEqual([answer.status, answer.address], [200, '127.0.0.1'])
      assert.equal(answer.base, `http://api.sandbox.test:${sandbox.info.port}`)
    })

    it('takes no other name of the zone, and no address outside this machine', async () => {
      for (const [name, addresses, code] of [
        ['crm.sandbox.test', ['127.0.0.1'], 'PIN_MISMATCH'],
        ['api.sandbox.test', ['203.0.114.1'], 'PIN_REFUSED'],
      ] as const)
        await assert.rejects(client().call({ method: 'GET', path: '/x', connectTo: { name, addresses } }), {
          code,
        })
    })
  })
})
