import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { answerJson, startServer, type StubServer } from '../lib/http/stub-server.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow, type Msg } from './harness.ts'

const AUTH = { id: 'auth', type: 'cxone-auth' }

describe('action-lookup', () => {
  let server: StubServer | undefined
  afterEach(async () => {
    await unloadFlow()
    await server?.close()
    server = undefined
  })
  const flow = (more: object = {}): Promise<LoadedFlow> =>
    loadFlow([AUTH, { id: 'n', type: 'action-lookup', auth: 'auth', ...more }])
  /** A flow whose CXone is a stub; `answer` gets the API calls only. */
  const stubbed = async (
    answer: Parameters<typeof startServer>[0],
    more: object = {},
  ): Promise<LoadedFlow> => {
    server = await startServer((request, response, count) =>
      request.url === '/t'
        ? answerJson(response, 200, { access_token: 'TOKEN-1-x' })
        : answer(request, response, count),
    )
    const { url } = server
    const auth = {
      ...AUTH,
      profile: 'custom',
      tokenUrl: `${url}/t`,
      apiBaseUrl: url,
      baseDelayMs: 1,
      maxDelayMs: 5,
    }
    return loadFlow([auth, { id: 'n', type: 'action-lookup', auth: 'auth', ...more }], {
      credentials: { auth: { clientId: 'c', clientSecret: 'S3CRET-x' } },
    })
  }

  it('gives the definition, its details, and the message as it was otherwise', async () => {
    const loaded = await flow()
    const req = { on: 1 }
    const input: Msg = {
      dataActionId: 'crm-customer-lookup',
      payload: 'old',
      req,
      topic: 't',
      cxone: { before: 1 },
    }
    const msg = sentOf(await loaded.receive('n', input))
    assert.equal(msg, input)
    assert.equal(msg['payload'].endpointUrl, 'https://crm.sandbox.test/v2/customers/lookup')
    assert.ok(msg['payload'].inputSchema)
    assert.equal(msg['req'], req)
    const { before, correlationId, dataAction } = msg['cxone']
    assert.equal(before, 1)
    assert.match(correlationId, /^[0-9a-f-]{36}$/)
    const { latencyMs, ...facts } = dataAction
    assert.ok(latencyMs > 0)
    assert.deepEqual(facts, {
      id: 'crm-customer-lookup',
      endpointUrl: 'https://crm.sandbox.test/v2/customers/lookup',
      hostname: 'crm.sandbox.test',
      cacheHit: false,
      attempts: 1,
    })
    await until(() => loaded.status('n')?.fill === 'green' || undefined)
  })

  it('answers the second message from memory, which no flow can change', async () => {
    const loaded = await flow()
    const first = sentOf(await loaded.receive('n', { dataActionId: 'crm-customer-lookup' }))
    first['payload'].endpointUrl = 'changed by a flow'
    const second = sentOf(await loaded.receive('n', { dataActionId: 'crm-customer-lookup' }))
    assert.equal(second['cxone'].dataAction.cacheHit, true)
    assert.equal(second['payload'].endpointUrl, 'https://crm.sandbox.test/v2/customers/lookup')
    const third = sentOf(await loaded.receive('n', { dataActionId: 'crm-customer-lookup', refresh: true }))
    assert.equal(third['cxone'].dataAction.cacheHit, false)
  })

  it('takes the id from where it is told, also a number', async () => {
    const seen: string[] = []
    const loaded = await stubbed(
      (request, response) => {
        seen.push(request.url)
        answerJson(response, 200, { endpointUrl: 'https://[2001:DB8::1]/x' })
      },
      { actionId: 'payload.id', actionIdType: 'msg' },
    )
    const msg = sentOf(await loaded.receive('n', { payload: { id: 4711 } }))
    assert.deepEqual(seen, ['/api/v2/data-actions/4711'])
    assert.equal(msg['cxone'].dataAction.hostname, '2001:db8::1')
  })

  it('fails with INPUT_INVALID for what is no id', async () => {
    const loaded = await flow()
    for (const dataActionId of [
      undefined,
      null,
      '',
      ' ',
      {},
      [],
      1.5,
      true,
      Buffer.from('x'),
      'x'.repeat(300),
      '..',
      '.',
    ]) {
      const error = failureOf(await loaded.receive('n', { dataActionId }))
      assert.equal(error.code, 'INPUT_INVALID', inspect(dataActionId))
      assert.ok(error.details['path'])
    }
    await until(() => loaded.status('n')?.fill === 'red' || undefined)
  })

  it('keeps an id with slashes within its place', async () => {
    const seen: string[] = []
    const loaded = await stubbed((request, response) => {
      seen.push(request.url)
      answerJson(response, 404, {})
    })
    const error = failureOf(await loaded.receive('n', { dataActionId: 'a/../../oauth/token?x#y' }))
    assert.equal(error.code, 'CXONE_NOT_FOUND')
    assert.deepEqual(seen, ['/api/v2/data-actions/a%2F..%2F..%2Foauth%2Ftoken%3Fx%23y'])
    assert.equal(loaded.caught[0]?.['code'], 'CXONE_NOT_FOUND')
  })

  it('fails with CONFIG_INVALID naming the wrong property', async () => {
    const wrong: [object, string][] = [
      [{ auth: '' }, 'auth'],
      [{ auth: 'missing' }, 'auth'],
      [{ cacheTtlS: -1 }, 'cacheTtlS'],
      [{ cacheTtlS: 'x' }, 'cacheTtlS'],
      [{ actionId: '', actionIdType: 'msg' }, 'actionId'],
      [{ actionId: 'a', actionIdType: 'bin' }, 'actionId'],
      [{ actionId: 'a[', actionIdType: 'msg' }, 'actionId'],
      [{ actionId: '$(', actionIdType: 'jsonata' }, 'actionId'],
      [{ actionId: ' ', actionIdType: 'str' }, 'actionId'],
      [{ actionId: 'x'.repeat(300), actionIdType: 'str' }, 'actionId'],
      [{ refresh: 'maybe', refreshType: 'bool' }, 'refresh'],
    ]
    for (const [more, field] of wrong) {
      const loaded = await flow(more)
      const error = failureOf(await loaded.receive('n', { dataActionId: 'crm-customer-lookup' }))
      assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', field])
      await until(() => loaded.status('n')?.fill === 'red' || undefined)
      await unloadFlow()
    }
  }).timeout(30_000)

  it('stops what is in flight when the flow is stopped, and sends nothing late', async () => {
    const loaded = await stubbed(() => undefined)
    const ending = loaded.receive('n', { dataActionId: 'a' })
    await new Promise((done) => setTimeout(done, 50))
    await loaded.unload()
    assert.equal(failureOf(await ending).code, 'ABORTED')
  })
})
