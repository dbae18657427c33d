import assert from 'node:assert/strict'
import { answerJson, startServer, type Received, type StubServer } from '../lib/http/stub-server.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow } from './harness.ts'

const AUTH = { id: 'auth', type: 'cxone-auth' }
const CUSTOMER = { customerId: 'CUST-4412' }

describe('action-execute', () => {
  let server: StubServer | undefined
  afterEach(async () => {
    await unloadFlow()
    await server?.close()
    server = undefined
  })
  const flow = (more: object = {}): Promise<LoadedFlow> =>
    loadFlow([AUTH, { id: 'n', type: 'action-execute', auth: 'auth', ...more }])
  /** A flow whose CXone is a stub; `answer` gets the API calls only, counted from 0. */
  const stubbed = async (
    answer: (
      request: Received,
      response: Parameters<typeof answerJson>[0],
      count: number,
    ) => void | Promise<void>,
    more: object = {},
    access: object = {},
  ): Promise<LoadedFlow> => {
    let calls = 0
    server = await startServer((request, response) =>
      request.url === '/t'
        ? answerJson(response, 200, { access_token: 'TOKEN-1-x' })
        : answer(request, response, calls++),
    )
    const { url } = server
    const auth = {
      ...AUTH,
      profile: 'custom',
      tokenUrl: `${url}/t`,
      apiBaseUrl: url,
      baseDelayMs: 1,
      maxDelayMs: 5,
      ...access,
    }
    return loadFlow([auth, { id: 'n', type: 'action-execute', auth: 'auth', ...more }], {
      credentials: { auth: { clientId: 'c', clientSecret: 'S3CRET-x' } },
    })
  }

  it('runs a data action of the sandbox and gives its outputs by name', async () => {
    const loaded = await flow()
    const res = {}
    const msg = sentOf(
      await loaded.receive('n', { dataActionId: 'crm-customer-lookup', payload: CUSTOMER, res }),
    )
    assert.equal(msg['payload'].tier, 'premium')
    assert.equal(msg['res'], res)
    const { id, status, outputs, latencyMs, elapsedMs, attempts } = msg['cxone'].execution
    assert.deepEqual([id, status, attempts], ['crm-customer-lookup', 200, 1])
    assert.ok(outputs.some(({ name, value }: any) => name === 'tier' && value === 'premium'))
    assert.ok(latencyMs > 0 && elapsedMs >= latencyMs)
    await until(() => loaded.status('n')?.fill === 'green' || undefined)
  })

  it('sends the correlation id of the message and an Idempotency-Key', async () => {
    const loaded = await stubbed((_request, response) => answerJson(response, 200, []))
    const msg = sentOf(await loaded.receive('n', { dataActionId: 'a', payload: {} }))
    const { headers } = server!.received[1]!
    assert.equal(headers['correlationid'], msg['cxone'].correlationId)
    assert.match(String(headers['idempotency-key']), /^[0-9a-f-]{36}$/)
  })

  it('tries again and shows so, then counts the attempts', async () => {
    const loaded = await stubbed(
      (_request, response, count) => {
        if (count < 3) answerJson(response, 503, {}, { 'Retry-After': '1' })
        else answerJson(response, 200, [{ name: 'x', value: 1 }])
      },
      {},
      { maxDelayMs: 150 },
    )
    const msg = sentOf(await loaded.receive('n', { dataActionId: 'a', payload: {} }))
    assert.equal(msg['cxone'].execution.attempts, 4)
    assert.ok(loaded.statuses('n').some(({ fill, text }) => fill === 'yellow' && text?.startsWith('retry')))
  })

  it('gives the codes of the contract to a Catch node, and no secret', async () => {
    const loaded = await stubbed((request, response) =>
      answerJson(response, 422, { message: 'no', echo: request.headers.authorization }),
    )
    const error = failureOf(await loaded.receive('n', { dataActionId: 'a', payload: {} }))
    assert.equal(error.code, 'CXONE_BAD_REQUEST')
    assert.deepEqual(Object.keys(error.details).slice(0, 3), ['status', 'url', 'attempts'])
    const [caught] = loaded.caught
    assert.equal(caught?.['code'], 'CXONE_BAD_REQUEST')
    assert.ok(!/TOKEN-1|S3CRET/.test(JSON.stringify([error, caught, loaded.statuses('n')]) + loaded.log()))
  })

  it('runs a list of inputs in order and lets one failure stop nothing', async () => {
    const loaded = await flow({ concurrency: 3 })
    const payload = Array.from({ length: 20 }, (_, i) => ({
      customerId: i === 7 ? 'wrong' : `CUST-${1000 + i}`,
    }))
    const msg = sentOf(await loaded.receive('n', { dataActionId: 'crm-customer-lookup', payload }))
    const items = msg['payload'] as any[]
    assert.equal(items.length, 20)
    items.forEach((item, i) => {
      if (i === 7) assert.equal(item.error.code, 'CXONE_BAD_REQUEST')
      else assert.equal(item.value.customerId, `CUST-${1000 + i}`)
    })
    const { total, succeeded, failed, status } = msg['cxone'].execution
    assert.deepEqual([total, succeeded, failed, status], [20, 19, 1, 'partial'])
  })

  it('shows how many of a list are done', async () => {
    const loaded = await stubbed(
      (_request, response) => void setTimeout(() => answerJson(response, 200, []), 100),
      { concurrency: 2 },
    )
    sentOf(await loaded.receive('n', { dataActionId: 'a', payload: Array.from({ length: 12 }, () => ({})) }))
    assert.ok(loaded.statuses('n').some(({ fill, text }) => fill === 'blue' && /^\d+\/12$/.test(text ?? '')))
  })

  it('fails with INPUT_INVALID for inputs that are none', async () => {
    const loaded = await flow()
    const cyclic: any = { a: {} }
    cyclic.a.back = cyclic
    const wrong: [unknown, string][] = [
      [undefined, 'msg.payload'],
      [null, 'msg.payload'],
      ['text', 'msg.payload'],
      [Buffer.from('x'), 'msg.payload'],
      [cyclic, 'msg.payload.a.back'],
      [{ n: [1n] }, 'msg.payload.n[0]'],
    ]
    for (const [payload, path] of wrong) {
      const error = failureOf(await loaded.receive('n', { dataActionId: 'crm-customer-lookup', payload }))
      assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', path])
    }
    const error = failureOf(await loaded.receive('n', { payload: CUSTOMER }))
    assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', 'msg.dataActionId'])
  })

  it('answers an object of 20 MB in order', async () => {
    const loaded = await stubbed((request, response) =>
      answerJson(response, 200, [{ name: 'bytes', value: request.body.length }]),
    )
    const msg = sentOf(
      await loaded.receive('n', { dataActionId: 'a', payload: { big: 'x'.repeat(20_000_000) } }),
    )
    assert.equal(msg['payload'].bytes, 20_000_021)
  })

  it('fails with CONFIG_INVALID naming the wrong property', async () => {
    const wrong: [object, string][] = [
      [{ auth: 'missing' }, 'auth'],
      [{ timeoutMs: 0 }, 'timeoutMs'],
      [{ timeoutMs: 1e12 }, 'timeoutMs'],
      [{ timeoutMs: {} }, 'timeoutMs'],
      [{ concurrency: 0 }, 'concurrency'],
      [{ concurrency: 'many' }, 'concurrency'],
      [{ inputs: '{', inputsType: 'json' }, 'inputs'],
      [{ inputs: 7, inputsType: 'num' }, 'inputs'],
      [{ inputs: 1, inputsValue: '{', inputsType: 'json' }, 'inputs'],
      [{ actionId: [], actionIdType: 'str' }, 'actionId'],
      [{ actionId: '', actionIdType: 'str' }, 'actionId'],
      [{ audit: 'missing' }, 'audit'],
    ]
    for (const [more, field] of wrong) {
      const loaded = await flow(more)
      const error = failureOf(await loaded.receive('n', { dataActionId: 'a', payload: {} }))
      assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', field])
      await until(() => loaded.status('n')?.fill === 'red' || undefined)
      await unloadFlow()
    }
  }).timeout(30_000)

  it('fails with TIMEOUT when CXone is slow, after all attempts', async () => {
    const loaded = await stubbed(() => undefined, { timeoutMs: 30 })
    const error = failureOf(await loaded.receive('n', { dataActionId: 'a', payload: {} }))
    assert.deepEqual([error.code, error.details['attempts']], ['TIMEOUT', 4])
  })

  it('stops a bulk run when the flow is stopped, and sends nothing late', async () => {
    const loaded = await stubbed(() => undefined)
    const ending = loaded.receive('n', {
      dataActionId: 'a',
      payload: Array.from({ length: 100 }, () => ({})),
    })
    await new Promise((done) => setTimeout(done, 50))
    await loaded.unload()
    assert.equal(failureOf(await ending).code, 'ABORTED')
    assert.ok(server!.received.length < 20)
  })
})
