import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Credentials, TokenPlan } from '../../../lib/auth/endpoints.ts'
import { TokenSlots } from '../../../lib/auth/token-slots.ts'
import { TokenSource, type TokenSourceOptions } from '../../../lib/auth/token-source.ts'
import type { PaletteError } from '../../../lib/errors.ts'
import { createHttpClient, type HttpClient } from '../../../lib/http/client.ts'
import { systemClock } from '../../../lib/system.ts'
import { fakeClock, type FakeClock } from '../http/fake-clock.ts'
import { answerJson, startServer, type Received, type StubServer } from '../http/stub-server.ts'

const SECRET = 's3cr3t/with=odd&chars'
const credentials: Credentials = {
  clientId: 'client-1',
  clientSecret: SECRET,
  accessKeyId: 'KEY-ID====',
  accessKeySecret: 'KEY-SECRET====',
}
const jwt = (claims: object): string => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`

describe('Token source', () => {
  let clock: FakeClock
  let http: HttpClient
  let slots: TokenSlots
  const closers: (() => Promise<void> | void)[] = []

  beforeEach(() => {
    clock = fakeClock()
    http = createHttpClient({ clock })
    slots = new TokenSlots()
  })
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
    await http.close()
  })

  const serve = async (...args: Parameters<typeof startServer>): Promise<StubServer> => {
    const server = await startServer(...args)
    closers.push(() => server.close())
    return server
  }
  const planAt = (server: StubServer): TokenPlan => ({
    kind: 'client-credentials',
    tokenUrl: `${server.url}/token`,
    apiBase: 'https://api.example.test',
  })
  const source = (plan: TokenPlan, more: Partial<TokenSourceOptions> = {}): TokenSource => {
    const made = new TokenSource({
      plan,
      credentials,
      clientAuth: 'body',
      scopes: 'a:read b:write',
      refreshBufferS: 30,
      timeoutMs: 2000,
      policy: { maxRetries: 3, baseDelayMs: 500, maxDelayMs: 30_000 },
      send: http.send,
      clock,
      random: { uniform: () => 0.5 },
      slots,
      ...more,
    })
    closers.push(() => made.close())
    return made
  }
  /** Answers a new token `t-<n>` for each request. */
  const tokens =
    (more: object = { expires_in: 3600 }) =>
    (_request: Received, response: Parameters<typeof answerJson>[0], count: number): void =>
      answerJson(response, 200, { access_token: `t-${count + 1}`, ...more })
  const failure = async (promise: Promise<unknown>): Promise<PaletteError> => {
    try {
      await promise
    } catch (error) {
      const text =
        inspect(error, { depth: 20, showHidden: true }) +
        JSON.stringify(error) +
        String((error as Error).stack)
      for (const secret of [
        SECRET,
        encodeURIComponent(SECRET),
        'KEY-SECRET',
        Buffer.from(`client-1:${SECRET}`).toString('base64'),
      ])
        assert.ok(!text.includes(secret), `the error holds ${secret}`)
      return error as PaletteError
    }
    assert.fail('expected a failure')
  }

  it('asks with the client in the body, as a form', async () => {
    const server = await serve(tokens())
    const grant = await source(planAt(server)).get()
    assert.equal(grant.accessToken, 't-1')
    const [request] = server.received
    assert.equal(request?.method, 'POST')
    assert.equal(request.headers['content-type'], 'application/x-www-form-urlencoded')
    assert.equal(request.headers.authorization, undefined)
    assert.deepEqual(Object.fromEntries(new URLSearchParams(request.body)), {
      grant_type: 'client_credentials',
      client_id: 'client-1',
      client_secret: SECRET,
      scope: 'a:read b:write',
    })
  })

  it('asks with the client in the header, and for no scope when none is set', async () => {
    const server = await serve(tokens())
    await source(planAt(server), { clientAuth: 'basic', scopes: '' }).get()
    const [request] = server.received
    assert.equal(
      request?.headers.authorization,
      `Basic ${Buffer.from(`client-1:${SECRET}`).toString('base64')}`,
    )
    assert.equal(request.body, 'grant_type=client_credentials')
  })

  it('makes one request for 1,000 callers, also when the token has expired', async () => {
    const server = await serve(tokens())
    const shared = source(planAt(server))
    const ask = (): Promise<string[]> =>
      Promise.all(Array.from({ length: 1000 }, async () => (await shared.get()).accessToken))
    assert.deepEqual(new Set(await ask()), new Set(['t-1']))
    clock.advance(3_600_000)
    assert.deepEqual(new Set(await ask()), new Set(['t-2']))
    assert.equal(server.received.length, 2)
  })

  it('shares the token between sources of equal credentials, and with nobody else', async () => {
    const server = await serve(tokens())
    const plan = planAt(server)
    const [one, two] = [source(plan), source(plan)]
    await Promise.all([one.get(), two.get()])
    assert.equal(server.received.length, 1)
    await source(plan, { credentials: { ...credentials, clientSecret: 'other' } }).get()
    await source(plan, { credentials: { ...credentials, clientId: 'other' } }).get()
    await source(plan, { scopes: 'c' }).get()
    assert.equal(server.received.length, 4)
  })

  it('forgets the token when its last source is closed', async () => {
    const server = await serve(tokens())
    const [one, two] = [source(planAt(server)), source(planAt(server))]
    await one.get()
    one.close()
    assert.equal((await two.get()).accessToken, 't-1')
    two.close()
    assert.equal((await source(planAt(server)).get()).accessToken, 't-2')
  })

  it('renews the token before its end', async () => {
    const server = await serve(tokens({ expires_in: '100' }))
    const shared = source(planAt(server))
    await shared.get()
    clock.advance(69_000)
    assert.equal((await shared.get()).accessToken, 't-1')
    clock.advance(2000)
    assert.equal((await shared.get()).accessToken, 't-2')
  })

  it('does not ask for a token a call when tokens live shorter than the buffer', async () => {
    const server = await serve(tokens({ expires_in: 20 }))
    const shared = source(planAt(server))
    for (let i = 0; i < 5; i += 1) await shared.get()
    assert.equal(server.received.length, 1)
    clock.advance(11_000)
    await shared.get()
    assert.equal(server.received.length, 2)
  })

  it('carries on with a token in its last seconds while the endpoint is down, and asks again later', async () => {
    let down = false
    const server = await serve((_request, response, count) => {
      if (down) answerJson(response, 503, {})
      else answerJson(response, 200, { access_token: `t-${count + 1}`, expires_in: 100 })
    })
    const shared = source(planAt(server), { policy: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 } })
    await shared.get()
    down = true
    clock.advance(75_000)
    assert.equal((await shared.get()).accessToken, 't-1')
    assert.equal((await shared.get()).accessToken, 't-1')
    assert.equal(server.received.length, 2)
    clock.advance(26_000)
    assert.equal((await failure(shared.get())).code, 'AUTH_UNAVAILABLE')
    down = false
    assert.equal((await shared.get()).accessToken, 't-4')
  })

  it('asks with a wrong secret at most once in 10 seconds', async () => {
    const server = await serve((_request, response) =>
      answerJson(response, 401, { error: 'invalid_client', error_description: `no ${SECRET} here` }),
    )
    const shared = source(planAt(server))
    const errors = await Promise.all(Array.from({ length: 50 }, () => failure(shared.get())))
    errors.push(await failure(shared.get()))
    for (const error of errors) {
      assert.equal(error.code, 'AUTH_REJECTED')
      assert.match(error.message, /invalid_client/)
      assert.equal(error.details['status'], 401)
      assert.match(String(error.details['body']), /no \[redacted\] here/)
    }
    assert.equal(server.received.length, 1)
    clock.advance(10_001)
    await failure(shared.get())
    assert.equal(server.received.length, 2)
  })

  it('takes 400 and 403 of the token endpoint as a refusal, too', async () => {
    for (const [status, error] of [
      [400, 'invalid_client'],
      [400, 'invalid_scope'],
      [403, 'access_denied'],
    ] as const) {
      const server = await serve((_request, response) => answerJson(response, status, { error }))
      const rejected = await failure(source(planAt(server)).get())
      assert.equal(rejected.code, 'AUTH_REJECTED')
      assert.ok(rejected.message.includes(error))
    }
  })

  it('tries again after 429 and 5xx, and honours Retry-After', async () => {
    const server = await serve((_request, response, count) => {
      if (count === 0) answerJson(response, 429, {}, { 'Retry-After': '3' })
      else if (count === 1) answerJson(response, 503, {})
      else answerJson(response, 200, { access_token: 'ok' })
    })
    assert.equal((await source(planAt(server)).get()).accessToken, 'ok')
    assert.deepEqual(clock.sleeps, [3000, 500])
  })

  it('fails with AUTH_UNAVAILABLE for what gives no token', async () => {
    const answers: [number, string][] = [
      [503, 'down'],
      [429, ''],
      [404, 'nothing'],
      [302, ''],
      [200, '<html>'],
      [200, '{}'],
      [200, 'null'],
      [204, ''],
      [200, '{"access_token":"a\\nb"}'],
    ]
    for (const [status, body] of answers) {
      const server = await serve((_request, response) => {
        response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body)
      })
      const error = await failure(source(planAt(server)).get())
      assert.equal(error.code, 'AUTH_UNAVAILABLE', `${status} ${body}`)
      assert.equal(error.details['status'], status)
      assert.ok(Number(error.details['attempts']) >= 1)
      assert.ok(Number(error.details['elapsedMs']) >= Number(error.details['latencyMs']))
    }
  })

  it('fails with AUTH_UNAVAILABLE when the endpoint is slow, drops the connection, or is not there', async () => {
    const slow = await serve(() => undefined)
    const dropping = await serve((_request, response) => void response.destroy())
    const gone = await startServer(() => undefined)
    await gone.close()
    const cases: [StubServer, string][] = [
      [slow, 'TIMEOUT'],
      [dropping, 'UND_ERR_SOCKET'],
      [gone, 'ECONNREFUSED'],
    ]
    for (const [server, reason] of cases) {
      const error = await failure(source(planAt(server), { timeoutMs: 50 }).get())
      assert.equal(error.code, 'AUTH_UNAVAILABLE')
      assert.equal(error.details['reason'], reason)
      assert.equal(error.details['attempts'], 4)
    }
  })

  it('lets a caller give up while the others get their token', async () => {
    const server = await serve(async (_request, response) => {
      await systemClock.sleep(40)
      answerJson(response, 200, { access_token: 'ok' })
    })
    const shared = source(planAt(server))
    const abort = new AbortController()
    const leaving = shared.get(abort.signal)
    const staying = shared.get(new AbortController().signal)
    setTimeout(() => abort.abort(), 10)
    await assert.rejects(leaving, { code: 'ABORTED' })
    assert.equal((await staying).accessToken, 'ok')
    assert.equal(server.received.length, 1)
  })

  it('goes on for a second source when the one that asked is closed', async () => {
    const server = await serve(async (_request, response) => {
      await systemClock.sleep(40)
      answerJson(response, 200, { access_token: 'ok' })
    })
    const [one, two] = [source(planAt(server)), source(planAt(server))]
    const first = one.get()
    const second = two.get()
    await systemClock.sleep(10)
    one.close()
    await assert.rejects(first, { code: 'ABORTED' })
    assert.equal((await second).accessToken, 'ok')
    assert.equal(server.received.length, 2)
  })

  it('drops a token only while it is the present one', async () => {
    const server = await serve(tokens())
    const shared = source(planAt(server))
    await shared.get()
    assert.equal(shared.drop('another'), true)
    assert.equal((await shared.get()).accessToken, 't-1')
    assert.equal(shared.drop('t-1'), true)
    assert.equal(shared.current(), undefined)
    assert.equal((await shared.get()).accessToken, 't-2')
  })

  it('does not renew a token that the API refused although it was new, for 10 seconds', async () => {
    const server = await serve(tokens())
    const shared = source(planAt(server))
    await shared.get()
    shared.refuse('t-1')
    assert.equal(shared.drop('t-1'), false)
    assert.equal((await shared.get()).accessToken, 't-1')
    clock.advance(10_001)
    assert.equal(shared.drop('t-1'), true)
  })

  describe('of an access key', () => {
    it('sends the key as JSON and finds the API of its tenant', async () => {
      const server: StubServer = await serve((request, response) => {
        if (request.method === 'GET') {
          answerJson(response, 200, { api_endpoint: `${server.url}/api/` })
          return
        }
        const id_token = jwt({ iss: server.url, tenantId: 'a b', area: 'na1' })
        answerJson(response, 200, { access_token: 'ok', id_token, expires_in: 3600 })
      })
      const key = source({ kind: 'access-key', tokenUrl: `${server.url}/key`, areaUrl: server.url })
      const grant = await key.get()
      assert.equal(grant.apiBase, `${server.url}/api`)
      assert.equal(grant.claims.area, 'na1')
      const [login, discovery] = server.received
      assert.equal(login?.headers['content-type'], 'application/json')
      assert.deepEqual(JSON.parse(login.body), {
        accessKeyId: 'KEY-ID====',
        accessKeySecret: 'KEY-SECRET====',
      })
      assert.equal(discovery?.url, '/.well-known/cxone-configuration?tenantId=a%20b')
      assert.equal(discovery.headers.authorization, undefined)
      key.drop('ok')
      await key.get()
      assert.equal(server.received.length, 3) // what was discovered is known
    })

    it('asks the area host when the token has no claims, and takes an API base that is set', async () => {
      const server: StubServer = await serve((request, response) =>
        answerJson(
          response,
          200,
          request.method === 'GET' ? { api_endpoint: server.url } : { access_token: 'ok' },
        ),
      )
      const plan: TokenPlan = { kind: 'access-key', tokenUrl: `${server.url}/key`, areaUrl: server.url }
      assert.equal((await source(plan).get()).apiBase, server.url)
      assert.equal(server.received[1]?.url, '/.well-known/cxone-configuration')
      assert.equal(
        (await source(plan, { apiBase: 'https://set.example' }).get()).apiBase,
        'https://set.example',
      )
      assert.equal(server.received.length, 3)
    })

    it('never believes a discovery document that leads to plain http or is wrong', async () => {
      const documents = [{ api_endpoint: 'http://api.example.com' }, { api_endpoint: 7 }, {}, null, 'x']
      for (const document of documents) {
        const server = await serve((request, response) =>
          answerJson(response, 200, request.method === 'GET' ? document : { access_token: 'ok' }),
        )
        const error = await failure(
          source({ kind: 'access-key', tokenUrl: `${server.url}/key`, areaUrl: server.url }).get(),
        )
        assert.equal(error.code, 'AUTH_UNAVAILABLE')
      }
    })

    it('never asks an issuer that a token names over plain http', async () => {
      const server = await serve((_request, response) =>
        answerJson(response, 200, { access_token: 'ok', id_token: jwt({ iss: 'http://evil.example' }) }),
      )
      const error = await failure(
        source({ kind: 'access-key', tokenUrl: `${server.url}/key`, areaUrl: server.url }).get(),
      )
      assert.match(error.message, /`issuer` cannot be used/)
    })
  })

  describe('of a registered back-end app', () => {
    it('finds the token endpoint, logs in with key and client, and finds the API', async () => {
      const server: StubServer = await serve((request, response) => {
        if (request.url === '/.well-known/openid-configuration') {
          answerJson(response, 200, { token_endpoint: `${server.url}/auth/token` })
          return
        }
        if (request.url.startsWith('/.well-known/cxone-configuration')) {
          answerJson(response, 200, { api_endpoint: 'https://api-na1.example' })
          return
        }
        const id_token = jwt({ iss: server.url, tenantId: 't-1' })
        answerJson(response, 200, { access_token: 'ok', id_token, expires_in: 3600 })
      })
      const app = source({ kind: 'backend-app', issuer: server.url }, { clientAuth: 'basic', scopes: '' })
      const grant = await app.get()
      assert.deepEqual(
        [grant.apiBase, grant.tokenUrl],
        ['https://api-na1.example', `${server.url}/auth/token`],
      )
      const login = server.received[1]
      assert.equal(
        login?.headers.authorization,
        `Basic ${Buffer.from(`client-1:${SECRET}`).toString('base64')}`,
      )
      assert.equal(
        login.body,
        'grant_type=password&username=KEY-ID%3D%3D%3D%3D&password=KEY-SECRET%3D%3D%3D%3D',
      )
    })

    it('sends no secret to a token endpoint over plain http', async () => {
      const server = await serve((_request, response) =>
        answerJson(response, 200, { token_endpoint: 'http://evil.example/token' }),
      )
      const error = await failure(source({ kind: 'backend-app', issuer: server.url }).get())
      assert.equal(error.code, 'AUTH_UNAVAILABLE')
      assert.equal(server.received.length, 1)
    })
  })
})
