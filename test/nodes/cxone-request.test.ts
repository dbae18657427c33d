import assert from 'node:assert/strict'
import { answerJson, startServer, type Received, type StubServer } from '../lib/http/stub-server.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow } from './harness.ts'

const AUTH = { id: 'auth', type: 'cxone-auth' }

describe('cxone-request', () => {
  let server: StubServer | undefined
  let calls: Received[] = []
  afterEach(async () => {
    await unloadFlow()
    await server?.close()
    server = undefined
  })
  /** A flow whose CXone is a stub; `answer` gets the API calls only. */
  const stubbed = async (
    more: object,
    answer: (request: Received, response: Parameters<typeof answerJson>[0]) => void = (request, response) =>
      answerJson(response, 200, { url: request.url, body: request.body }),
  ): Promise<LoadedFlow> => {
    calls = []
    server = await startServer((request, response) => {
      if (request.url === '/t') {
        answerJson(response, 200, { access_token: 'TOKEN-1-x' })
        return
      }
      calls.push(request)
      answer(request, response)
    })
    const { url } = server
    const auth = {
      ...AUTH,
      profile: 'custom',
      tokenUrl: `${url}/t`,
      apiBaseUrl: url,
      baseDelayMs: 1,
      maxDelayMs: 5,
    }
    return loadFlow([auth, { id: 'n', type: 'cxone-request', auth: 'auth', ...more }], {
      credentials: { auth: { clientId: 'c', clientSecret: 'S3CRET-x' } },
    })
  }

  it('calls the API of the sandbox and gives payload, status, headers and details', async () => {
    const loaded = await loadFlow([
      AUTH,
      {
        id: 'n',
        type: 'cxone-request',
        auth: 'auth',
        path: '/api/v2/data-actions/{id}',
        params: '{"id":"crm-customer-lookup"}',
        paramsType: 'json',
      },
    ])
    const msg = sentOf(await loaded.receive('n', { topic: 't' }))
    assert.equal(msg['payload'].id, 'crm-customer-lookup')
    assert.equal(msg['statusCode'], 200)
    assert.match(msg['headers']['content-type'], /json/)
    assert.equal(msg['topic'], 't')
    const { method, url, status, attempts } = msg['cxone'].request
    assert.deepEqual([method, status, attempts], ['GET', 200, 1])
    assert.match(url, /\/api\/v2\/data-actions\/crm-customer-lookup$/)
  })

  it('takes path, path values, query, headers and body from the message', async () => {
    const loaded = await stubbed({
      method: 'POST',
      path: 'p',
      pathType: 'msg',
      params: 'v',
      paramsType: 'msg',
      query: 'q',
      queryType: 'msg',
      headers: 'h',
      headersType: 'msg',
    })
    const input = {
      p: '/u/{id}',
      v: { id: 'a/b' },
      q: { x: [1, 2] },
      h: { 'X-Mine': 'yes' },
      payload: { a: 1 },
    }
    const msg = sentOf(await loaded.receive('n', input))
    assert.deepEqual(msg['payload'], { url: '/u/a%2Fb?x=1&x=2', body: '{"a":1}' })
    assert.equal(calls[0]?.headers['x-mine'], 'yes')
    assert.equal(calls[0].headers.accept, 'application/json')
    assert.equal(msg['cxone'].request.url, `${server!.url}/u/a%2Fb`)
  })

  it('sends no body with GET and DELETE, whatever the payload', async () => {
    const cyclic: any = {}
    cyclic.self = cyclic
    for (const method of ['GET', 'DELETE', 'HEAD']) {
      const loaded = await stubbed({ method, path: '/x' })
      sentOf(await loaded.receive('n', { payload: cyclic }))
      assert.equal(calls[0]?.body, '')
      await unloadFlow()
      await server?.close()
    }
    server = undefined
  })

  it('gives null for an answer without a body', async () => {
    const loaded = await stubbed(
      { method: 'POST', path: '/x' },
      (_request, response) => void response.writeHead(202).end(),
    )
    const msg = sentOf(await loaded.receive('n', { payload: { a: 1 } }))
    assert.deepEqual([msg['payload'], msg['statusCode']], [null, 202])
  })

  it('reads all pages into one list', async () => {
    const loaded = await stubbed(
      { path: '/agents', paginate: 'skip-top', query: '{"top":2}' },
      (request, response) => {
        const skip = Number(new URL(request.url, 'http://x').searchParams.get('skip'))
        answerJson(response, 200, { totalRecords: 5, agents: [1, 2, 3, 4, 5].slice(skip, skip + 2) })
      },
    )
    const msg = sentOf(await loaded.receive('n'))
    assert.deepEqual(msg['payload'], [1, 2, 3, 4, 5])
    const { pages, records, attempts } = msg['cxone'].request
    assert.deepEqual([pages, records, attempts], [3, 5, 3])
  })

  it('repeats a GET but never a POST', async () => {
    for (const [method, times] of [
      ['GET', 4],
      ['PUT', 4],
      ['POST', 1],
      ['PATCH', 1],
    ] as const) {
      const loaded = await stubbed({ method, path: '/x' }, (_request, response) => void response.destroy())
      const error = failureOf(await loaded.receive('n', { payload: {} }))
      assert.deepEqual([error.code, calls.length], ['CXONE_UNREACHABLE', times])
      await unloadFlow()
      await server?.close()
    }
    server = undefined
  })

  it('never leaves the API of its access, whatever the message says', async () => {
    const loaded = await stubbed({ path: 'p', pathType: 'msg', params: 'v', paramsType: 'msg' })
    const paths = [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example',
      '/a/../../b',
      '@evil.example\n',
    ]
    for (const p of paths) {
      const error = failureOf(await loaded.receive('n', { p }))
      assert.equal(error.code, 'INPUT_INVALID', p)
    }
    assert.equal(
      failureOf(await loaded.receive('n', { p: '/x/{id}', v: { id: '..' } })).code,
      'INPUT_INVALID',
    )
    assert.equal(calls.length, 0)
  })

  it('fails with INPUT_INVALID naming the place of what is wrong', async () => {
    const typed = {
      params: 'v',
      paramsType: 'msg',
      query: 'q',
      queryType: 'msg',
      headers: 'h',
      headersType: 'msg',
    }
    const loaded = await stubbed({ method: 'POST', path: '/x/{id}', ...typed })
    const cyclic: any = {}
    cyclic.self = cyclic
    const wrong: [object, string][] = [
      [{ v: {} }, 'params.id'],
      [{ v: 7 }, 'msg.v'],
      [{ v: { id: 1 }, q: [] }, 'msg.q'],
      [{ v: { id: 1 }, q: { a: {} } }, 'query.a'],
      [{ v: { id: 1 }, h: { Authorization: 'mine' } }, 'headers.Authorization'],
      [{ v: { id: 1 }, payload: cyclic }, 'msg.payload.self'],
      [{ v: { id: 1 }, payload: Buffer.from('x') }, 'msg.payload'],
    ]
    for (const [msg, path] of wrong) {
      const error = failureOf(await loaded.receive('n', msg))
      assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', path])
    }
    assert.equal(calls.length, 0)
  })

  it('fails with CONFIG_INVALID naming the wrong property', async () => {
    const wrong: [object, string][] = [
      [{ path: '' }, 'path'],
      [{}, 'path'],
      [{ path: '/x', auth: '' }, 'auth'],
      [{ path: '/x', method: 'get' }, 'method'],
      [{ path: '/x', method: 'TRACE' }, 'method'],
      [{ path: '/x', params: '{', paramsType: 'json' }, 'params'],
      [{ path: '/x', query: '1', queryType: 'num' }, 'query'],
      [{ path: '/x', headers: '', headersType: 'msg' }, 'headers'],
      [{ path: '/x', body: '(', bodyType: 'jsonata' }, 'body'],
      [{ path: '/x', paginate: 'all' }, 'paginate'],
      [{ path: '/x', paginate: 'next-link', method: 'POST' }, 'paginate'],
      [{ path: '/x', timeoutMs: -5 }, 'timeoutMs'],
    ]
    for (const [more, field] of wrong) {
      const loaded = await loadFlow([AUTH, { id: 'n', type: 'cxone-request', auth: 'auth', ...more }])
      const error = failureOf(await loaded.receive('n', { payload: {} }))
      assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', field])
      await unloadFlow()
    }
  }).timeout(30_000)

  it('stops what is in flight when the flow is stopped', async () => {
    const loaded = await stubbed({ path: '/x' }, () => undefined)
    const ending = loaded.receive('n')
    await new Promise((done) => setTimeout(done, 50))
    await loaded.unload()
    assert.equal(failureOf(await ending).code, 'ABORTED')
  })
})
