import assert from 'node:assert/strict'
import type { CxoneCall } from '../../../lib/cxone/access.ts'
import { systemClock } from '../../../lib/system.ts'
import { answerJson, startServer } from '../http/stub-server.ts'
import { failureOf, SECRET, startWorld, tokenOf, type World } from './world.ts'

const GET: CxoneCall = { method: 'GET', path: '/thing' }
const POST: CxoneCall = { method: 'POST', path: '/thing', body: { a: 1 } }

describe('CXone client', () => {
  let world: World | undefined
  const start = async (...args: Parameters<typeof startWorld>): Promise<World> =>
    (world = await startWorld(...args))
  afterEach(async () => {
    await world?.close()
    world = undefined
  })

  it('sends the token, Accept, the correlation headers and the JSON body', async () => {
    const { client, calls, server } = await start((_request, response) =>
      answerJson(response, 200, { ok: true }),
    )
    const correlationId = '01890a5d-ac96-774b-bcce-b302099a8057'
    const answer = await client.call({ ...POST, correlationId, idempotencyKey: 'key-1', query: { a: 'ä' } })
    assert.deepEqual(answer.json, { ok: true })
    assert.deepEqual([answer.status, answer.attempts, answer.url], [200, 1, `${server.url}/thing`])
    const [request] = calls()
    assert.equal(request?.url, '/thing?a=%C3%A4')
    assert.equal(request.body, '{"a":1}')
    const { headers } = request
    assert.equal(headers.authorization, `Bearer ${tokenOf(1)}`)
    assert.equal(headers.accept, 'application/json')
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['idempotency-key'], 'key-1')
    assert.equal(headers['correlationid'], correlationId)
    assert.match(String(headers['traceparent']), /^00-01890a5dac96774bbcceb302099a8057-[0-9a-f]{16}-00$/)
  })

  it('makes one token request for 1,000 concurrent calls, also at its expiry', async () => {
    const { client, calls, tokenCalls, clock } = await start((_request, response) =>
      answerJson(response, 200, 1),
    )
    const all = (): Promise<unknown> => Promise.all(Array.from({ length: 1000 }, () => client.call(GET)))
    await all()
    clock.advance(3_600_000)
    await all()
    assert.equal(tokenCalls().length, 2)
    assert.equal(calls().length, 2000)
    assert.equal(calls().at(-1)?.headers.authorization, `Bearer ${tokenOf(2)}`)
  })

  it('fetches a new token on a 401 and makes the call once more, a POST too', async () => {
    const { client, calls, tokenCalls } = await start((_request, response, count) =>
      answerJson(response, count === 0 ? 401 : 200, {}),
    )
    const answer = await client.call(POST)
    assert.deepEqual([answer.status, answer.attempts, tokenCalls().length], [200, 2, 2])
    assert.deepEqual(
      calls().map(({ headers }) => headers.authorization),
      [`Bearer ${tokenOf(1)}`, `Bearer ${tokenOf(2)}`],
    )
  })

  it('counts the wait for a token as elapsed, not as latency', async () => {
    let asked = 0
    const tokens = await startServer((_request, response) => {
      asked += 1
      if (asked === 1) answerJson(response, 429, {}, { 'Retry-After': '7' })
      else answerJson(response, 200, { access_token: tokenOf(1) })
    })
    const { client } = await start((_request, response) => answerJson(response, 200, {}), {
      tokenUrl: tokens.url,
    })
    const { attempts, latencyMs, elapsedMs } = await client.call(GET).finally(() => tokens.close())
    assert.equal(attempts, 1)
    assert.ok(latencyMs < 7000 && elapsedMs >= 7000, `${latencyMs}, ${elapsedMs}`)
  })

  it('renews the token once for many calls that get a 401 at the same time', async () => {
    const { client, tokenCalls } = await start((request, response) =>
      answerJson(response, request.headers.authorization === `Bearer ${tokenOf(1)}` ? 401 : 200, {}),
    )
    await Promise.all(Array.from({ length: 100 }, () => client.call(GET)))
    assert.equal(tokenCalls().length, 2)
  })

  it('fails with CXONE_UNAUTHORIZED after a second 401, and then spares the token endpoint for 10 seconds', async () => {
    const { client, calls, tokenCalls, clock } = await start((_request, response) =>
      answerJson(response, 401, {}),
    )
    const error = await failureOf(client.call(GET))
    assert.equal(error.code, 'CXONE_UNAUTHORIZED')
    assert.equal(error.details['attempts'], 2)
    for (let i = 0; i < 5; i += 1) await failureOf(client.call(GET))
    assert.deepEqual([calls().length, tokenCalls().length], [7, 2])
    clock.advance(10_001)
    await failureOf(client.call(GET))
    assert.deepEqual([calls().length, tokenCalls().length], [9, 3])
  })

  it('maps each status to its code', async () => {
    const table: [number, string][] = [
      [400, 'CXONE_BAD_REQUEST'],
      [403, 'CXONE_FORBIDDEN'],
      [404, 'CXONE_NOT_FOUND'],
      [405, 'CXONE_BAD_REQUEST'],
      [408, 'TIMEOUT'],
      [409, 'CXONE_CONFLICT'],
      [410, 'CXONE_BAD_REQUEST'],
      [412, 'CXONE_CONFLICT'],
      [422, 'CXONE_BAD_REQUEST'],
      [429, 'CXONE_RATE_LIMITED'],
      [500, 'CXONE_SERVER_ERROR'],
      [501, 'CXONE_SERVER_ERROR'],
      [503, 'CXONE_SERVER_ERROR'],
      [302, 'CXONE_UNEXPECTED_RESPONSE'],
      [304, 'CXONE_UNEXPECTED_RESPONSE'],
    ]
    const { client, server } = await start((request, response) => {
      const status = Number(request.url.slice(2, 5))
      if (status === 304) response.writeHead(304).end()
      else
        answerJson(
          response,
          status,
          { message: `no; ${request.headers.authorization}` },
          { 'Retry-After': '9' },
        )
    })
    for (const [status, code] of table) {
      const error = await failureOf(
        client.call({ method: 'GET', path: `/s${status}`, query: { key: 'geheim' } }),
      )
      assert.equal(error.code, code, String(status))
      assert.match(error.message, new RegExp(`status ${status}.*: \\w`), 'the message tells what to do')
      assert.equal(error.details['status'], status)
      assert.equal(error.details['url'], `${server.url}/s${status}`)
      assert.equal(error.details['attempts'], [408, 429, 500, 503].includes(status) ? 4 : 1)
      if (status !== 304) {
        assert.equal(error.details['retryAfterMs'], 9000)
        assert.match(String(error.details['body']), /^\{"message":"no; /)
      }
      assert.ok(!JSON.stringify(error).includes('geheim') && !error.message.includes('geheim'))
    }
  })

  it('names the scope that is missing: as told, else as known', async () => {
    const { client } = await start((request, response) =>
      answerJson(
        response,
        403,
        {},
        request.url === '/told'
          ? { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="x:admin"' }
          : {},
      ),
    )
    const scopeOf = async (call: CxoneCall): Promise<unknown> => {
      const error = await failureOf(client.call(call))
      const scope = error.details['scope']
      if (typeof scope === 'string') assert.ok(error.message.includes(`\`${scope}\``))
      return scope
    }
    assert.equal(await scopeOf({ method: 'GET', path: '/told' }), 'x:admin')
    assert.equal(await scopeOf({ method: 'GET', path: '/api/v2/data-actions/1' }), 'data-actions:read')
    assert.equal(
      await scopeOf({ method: 'POST', path: '/api/v2/data-actions/1/execute' }),
      'data-actions:execute',
    )
    assert.equal(
      await scopeOf({ method: 'PUT', path: '/api/v1/integrations/connectors/1' }),
      'integrations:write',
    )
    assert.equal(await scopeOf({ method: 'GET', path: '/other' }), undefined)
  })

  it('sends no token to another host when it is redirected', async () => {
    const other = await startServer((_request, response) => answerJson(response, 200, 1))
    const { client } = await start((_request, response) => {
      response.writeHead(307, { location: `${other.url}/x` }).end()
    })
    const error = await failureOf(client.call(GET))
    await other.close()
    assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE')
    assert.equal(other.received.length, 0)
  })

  it('gives null for an answer without a body, also a 202 and a HEAD', async () => {
    const { client } = await start((request, response) => {
      response.writeHead(request.method === 'HEAD' ? 200 : Number(request.url.slice(2))).end()
    })
    for (const status of [200, 202, 204])
      assert.equal((await client.call({ method: 'GET', path: `/s${status}` })).json, null)
    assert.equal((await client.call({ method: 'HEAD', path: '/s200' })).json, null)
  })

  it('reads JSON whatever the content type, also behind a byte order mark', async () => {
    const { client } = await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('\ufeff{"a":1}')
    })
    assert.deepEqual((await client.call(GET)).json, { a: 1 })
  })

  it('fails with CXONE_UNEXPECTED_RESPONSE for a 2xx that is no JSON, and never sends it again', async () => {
    for (const garbage of ['No known way to render data', '<html>', '{"a":', '\x00\xff'.repeat(3000)]) {
      const { client, calls, close } = await startWorld((_request, response) => void response.end(garbage))
      const error = await failureOf(client.call({ ...POST, idempotencyKey: 'k' }))
      assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE')
      assert.ok(String(error.details['body']).length <= 2048)
      assert.equal(calls().length, 1)
      await close()
    }
  })

  it('fails with CXONE_UNEXPECTED_RESPONSE when the caller finds the answer wrong', async () => {
    const { client, calls } = await start((request, response) =>
      answerJson(response, 200, { echo: request.headers.authorization, secret: SECRET }),
    )
    const error = await failureOf(client.call({ ...GET, check: () => 'expected a list' }))
    assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE')
    assert.match(error.message, /expected a list/)
    assert.equal(calls().length, 1)
  })

  describe('repeats', () => {
    const dropping = (_request: unknown, response: { destroy(): unknown }): void => void response.destroy()
    const count = async (
      call: CxoneCall,
      answer: Parameters<typeof startWorld>[0] = dropping,
    ): Promise<number> => {
      const { client, calls, close } = await startWorld(answer, { timeoutMs: 40 })
      await failureOf(client.call(call))
      await close()
      return calls().length
    }

    it('a GET, HEAD, PUT and DELETE after a dropped connection', async () => {
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE'] as const)
        assert.equal(await count({ method, path: '/' }), 4, method)
    })

    it('a POST or PATCH after a dropped connection only with an Idempotency-Key', async () => {
      for (const method of ['POST', 'PATCH'] as const) {
        assert.equal(await count({ method, path: '/', body: 1 }), 1)
        assert.equal(await count({ method, path: '/', body: 1, idempotencyKey: 'k' }), 4)
      }
    })

    it('a POST after a time-out only with an Idempotency-Key', async () => {
      const never = (): void => undefined
      assert.equal(await count(POST, never), 1)
      assert.equal(await count({ ...POST, idempotencyKey: 'k' }, never), 4)
    })

    it('a POST after 503 only with an Idempotency-Key', async () => {
      const busy: Parameters<typeof startWorld>[0] = (_request, response) => answerJson(response, 503, {})
      assert.equal(await count(POST, busy), 1)
      assert.equal(await count({ ...POST, idempotencyKey: 'k' }, busy), 4)
    })

    it('with the same Idempotency-Key', async () => {
      const { client, calls } = await start((_request, response, n) =>
        answerJson(response, n < 2 ? 503 : 200, 1),
      )
      const answer = await client.call({ ...POST, idempotencyKey: 'key-1' })
      assert.equal(answer.attempts, 3)
      assert.deepEqual(new Set(calls().map(({ headers }) => headers['idempotency-key'])), new Set(['key-1']))
    })

    it('count the attempts before a 401 too when the connection fails after it', async () => {
      const { client, calls } = await start((_request, response, n) => {
        if (n === 1) answerJson(response, 401, {})
        else if (n === 0) answerJson(response, 503, {})
        else response.destroy()
      })
      const error = await failureOf(client.call(GET))
      assert.equal(error.code, 'CXONE_UNREACHABLE')
      assert.deepEqual([error.details['attempts'], calls().length], [5, 5])
      assert.ok(Number(error.details['elapsedMs']) >= Number(error.details['latencyMs']))
    })

    it('share their number with the call after a 401', async () => {
      const { client, calls } = await start((_request, response, n) =>
        answerJson(response, n === 2 ? 401 : 503, {}),
      )
      const error = await failureOf(client.call(GET))
      assert.equal(error.code, 'CXONE_SERVER_ERROR')
      assert.deepEqual([calls().length, error.details['attempts']], [5, 5])
    })
  })

  it('fails with CXONE_UNREACHABLE when the connection drops within the body', async () => {
    const { client } = await start((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"a":', () => response.destroy())
    })
    const error = await failureOf(client.call(POST))
    assert.equal(error.code, 'CXONE_UNREACHABLE')
    assert.equal(error.details['attempts'], 1)
  })

  it('fails with TIMEOUT when the body is slow', async () => {
    const { client } = await start(async (_request, response) => {
      response.writeHead(200)
      while (!response.destroyed) {
        response.write(' ')
        await systemClock.sleep(10)
      }
    })
    const error = await failureOf(client.call({ ...POST, timeoutMs: 60 }))
    assert.equal(error.code, 'TIMEOUT')
    assert.equal(error.details['attempts'], 1)
  })

  it('stops when its signal is aborted, while it waits for a repeat too', async () => {
    const { client } = await start(
      (_request, response) => answerJson(response, 503, {}, { 'Retry-After': '20' }),
      {},
      systemClock,
    )
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 30)
    assert.equal((await failureOf(client.call({ ...GET, signal: abort.signal }))).code, 'ABORTED')
  })

  it('lets no caller set the headers that are its own, nor break a line', async () => {
    const { client, calls } = await start((_request, response) => answerJson(response, 200, 1))
    const wrong = [
      'Authorization',
      'authorization',
      'Host',
      'ACCEPT',
      'Accept-Encoding',
      'Content-Length',
      'traceparent',
      'Cookie',
      'Transfer-Encoding',
    ]
    for (const name of wrong)
      assert.deepEqual((await failureOf(client.call({ ...GET, headers: { [name]: 'x' } }))).details, {
        path: `headers.${name}`,
      })
    for (const headers of [{ 'X-A': 'a\r\nX-B: c' }, { 'X A': 'b' }, { 'X-A': {} as string }, { '': 'x' }])
      assert.equal((await failureOf(client.call({ ...GET, headers }))).code, 'INPUT_INVALID')
    assert.equal(calls().length, 0)
    await client.call({ ...POST, headers: { 'content-type': 'application/merge-patch+json', 'X-Mine': '1' } })
    assert.equal(calls()[0]?.headers['content-type'], 'application/merge-patch+json')
    assert.equal(calls()[0]?.headers['x-mine'], '1')
  })

  it('passes a query of the path and one of the call on together', async () => {
    const { client, calls } = await start((_request, response) => answerJson(response, 200, 1))
    await client.call({ method: 'GET', path: '/x?a=1', query: { b: 2 } })
    assert.equal(calls()[0]?.url, '/x?a=1&b=2')
  })
})
