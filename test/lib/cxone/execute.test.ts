import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createExecute, valuesOf, type ExecuteDataAction } from '../../../lib/cxone/execute.ts'
import { answerJson } from '../http/stub-server.ts'
import { failureOf, startWorld, type World } from './world.ts'

const OUTPUTS = [
  { name: 'a', value: 1 },
  { name: 'b', value: null },
]

describe('Execution of a data action', () => {
  let world: World | undefined
  const start = async (
    ...args: Parameters<typeof startWorld>
  ): Promise<World & { readonly execute: ExecuteDataAction }> => {
    world = await startWorld(...args)
    let keys = 0
    const { client, paths } = world.access
    return {
      ...world,
      execute: createExecute({ client, path: paths.execute, newKey: () => `key-${++keys}` }),
    }
  }
  afterEach(async () => {
    await world?.close()
    world = undefined
  })

  it('posts the inputs with an Idempotency-Key and gives the outputs by name', async () => {
    const { execute, calls } = await start((_request, response) => answerJson(response, 200, OUTPUTS))
    const done = await execute('a b', { x: [1] }, {})
    assert.deepEqual(done.values, { a: 1, b: null })
    assert.deepEqual(done.outputs, OUTPUTS)
    assert.deepEqual([done.id, done.status, done.attempts], ['a b', 200, 1])
    const [request] = calls()
    assert.equal(request?.method, 'POST')
    assert.equal(request.url, '/api/v2/data-actions/a%20b/execute')
    assert.equal(request.body, '{"inputs":{"x":[1]}}')
    assert.equal(request.headers['idempotency-key'], 'key-1')
  })

  it('uses one key for all attempts of a run, and a new one for the next', async () => {
    const { execute, calls } = await start((_request, response, n) => {
      if (n === 0) response.destroy()
      else answerJson(response, n === 1 ? 502 : 200, OUTPUTS)
    })
    assert.equal((await execute('a', {}, {})).attempts, 3)
    await execute('a', {}, {})
    assert.deepEqual(
      calls().map(({ headers }) => headers['idempotency-key']),
      ['key-1', 'key-1', 'key-1', 'key-2'],
    )
  })

  it('never repeats a 2xx, whatever its body, nor another 4xx', async () => {
    for (const [status, body] of [
      [200, '{"name":"a","value":1}'],
      [200, '[{"value":1}]'],
      [200, '[{"name":"a"}]'],
      [200, '[{"name":7,"value":1}]'],
      [200, '[null]'],
      [200, 'oops'],
      [204, ''],
    ] as const) {
      const { execute, calls, close } = await start(
        (_request, response) => void response.writeHead(status).end(body),
      )
      const error = await failureOf(execute('a', {}, {}))
      assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE', body)
      assert.equal(error.details['status'], status)
      assert.equal(calls().length, 1)
      await close()
    }
    for (const status of [400, 403, 404, 409, 410, 422]) {
      const { execute, calls, close } = await start((_request, response) => answerJson(response, status, {}))
      await failureOf(execute('a', {}, {}))
      assert.equal(calls().length, 1)
      await close()
    }
    world = undefined
  })

  it('accepts an empty list of outputs', async () => {
    const { execute } = await start((_request, response) => answerJson(response, 200, []))
    assert.deepEqual((await execute('a', {}, {})).values, {})
  })

  it('refuses inputs that are no object, or no JSON, before anything is sent', async () => {
    const { execute, calls, tokenCalls } = await start((_request, response) => answerJson(response, 200, []))
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const inputs of [
      undefined,
      null,
      'x',
      7,
      true,
      [],
      Buffer.from('x'),
      new Uint8Array(2),
      new Date(),
    ]) {
      const error = await failureOf(execute('a', inputs, { place: 'msg.payload' }))
      assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', 'msg.payload'])
    }
    assert.equal(
      (await failureOf(execute('a', cyclic, { place: 'msg.payload' }))).details['path'],
      'msg.payload.self',
    )
    assert.equal(calls().length + tokenCalls().length, 0)
  })

  it('sends 20 MB of inputs', async () => {
    const { execute, calls } = await start((_request, response) => answerJson(response, 200, []))
    await execute('a', { big: 'x'.repeat(20_000_000) }, { timeoutMs: 9000 })
    assert.equal(calls()[0]?.body.length, 20_000_021)
  })

  it('makes plain members of all names, also those that could poison prototypes', () => {
    const values = valuesOf([
      { name: '__proto__', value: { polluted: true } },
      { name: 'constructor', value: 1 },
      { name: 'toString', value: 2 },
      { name: 'twice', value: 1 },
      { name: 'twice', value: 2 },
    ])
    assert.deepEqual(Object.keys(values), ['__proto__', 'constructor', 'toString', 'twice'])
    assert.equal(Object.getPrototypeOf(values), Object.prototype)
    assert.equal((values as { polluted?: boolean }).polluted, undefined)
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
    assert.equal(values['twice'], 2)
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), (names) => {
        const made = valuesOf(names.map((name) => ({ name, value: name })))
        assert.deepEqual(new Set(Object.keys(made)), new Set(names))
      }),
    )
  })
})
