import assert from 'node:assert/strict'
import { readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { editorDefs } from '../support/editor-defs.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow, type Msg } from './harness.ts'

const AUTH = { id: 'auth', type: 'cxone-auth', profile: 'sandbox' }
const ORDER = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    qty: { type: 'integer', default: 1 },
    password: { type: 'string', minLength: 50 },
  },
}
const SECRET = 'hunter2-never-to-be-seen'

const load = (properties: object = {}): Promise<LoadedFlow> =>
  loadFlow([AUTH, { id: 'n', type: 'schema-validate', schema: JSON.stringify(ORDER), ...properties }])

describe('schema-validate', () => {
  afterEach(unloadFlow)
  const failed = async (flow: LoadedFlow, msg: Msg) => failureOf(await flow.receive('n', msg))

  it('sends a valid message on by its first output, as it is', async () => {
    const flow = await load()
    const payload = { id: 'a', qty: 2 }
    const input: Msg = { payload, topic: 't', req: {}, cxone: { before: 1 } }
    const ending = await flow.receive('n', input)
    const msg = sentOf(ending)
    assert.equal(msg, input)
    assert.equal(msg['payload'], payload)
    assert.equal(msg['cxone'].before, 1)
    const { latencyMs, ...validation } = msg['cxone'].validation
    assert.ok(latencyMs >= 0)
    assert.deepEqual(validation, {
      valid: true,
      schemaId: 'inline',
      draft: '2020-12',
      coerced: [],
      attempts: 0,
    })
    assert.ok('sent' in ending && ending.sent[1] === null)
    await until(() => flow.status('n')?.text === 'valid' || undefined)
    assert.deepEqual(flow.status('n'), { fill: 'green', shape: 'dot', text: 'valid' })
  })

  it('sends an invalid message on by its second output, with the faults and nothing changed', async () => {
    const flow = await load({ coerce: true, useDefaults: true, strip: true })
    const payload = { qty: 'two', extra: 1 }
    const ending = await flow.receive('n', { payload })
    const msg = sentOf(ending, 1)
    assert.equal(msg['payload'], payload)
    assert.deepEqual(payload, { qty: 'two', extra: 1 })
    assert.ok('sent' in ending && ending.sent[0] === null)
    const { valid, errors, coerced } = msg['cxone'].validation
    assert.equal(valid, false)
    assert.deepEqual(coerced, [])
    assert.deepEqual(
      errors.map(({ path, keyword, property }: Msg) => [path, keyword, property]),
      [
        ['', 'required', 'id'],
        ['/qty', 'type', undefined],
      ],
    )
  })

  it('changes a valid value where that is wanted, and reports it', async () => {
    const flow = await load({ coerce: true, useDefaults: true, strip: true })
    const payload = { id: 7, extra: 1 }
    const msg = sentOf(await flow.receive('n', { payload }))
    assert.deepEqual(msg['payload'], { id: '7', qty: 1 })
    assert.deepEqual(payload, { id: 7, extra: 1 })
    assert.deepEqual(msg['cxone'].validation.coerced, [{ path: '/id', from: 7, to: '7' }])
  })

  it('reads and writes another property, also of the flow context', async () => {
    const nested = await load({ property: 'data.order', propertyType: 'msg', coerce: true })
    const msg = sentOf(await nested.receive('n', { data: { order: { id: 1 }, rest: 2 } }))
    assert.deepEqual(msg['data'], { order: { id: '1' }, rest: 2 })
    await nested.unload()
    const flow = await load({ property: 'order', propertyType: 'flow', coerce: true })
    flow.node('n').context().flow.set('order', { id: 1 })
    sentOf(await flow.receive('n', {}))
    assert.deepEqual(flow.node('n').context().flow.get('order'), { id: '1' })
  })

  it('shows at most maxErrors errors, and no secret in any of them', async () => {
    const flow = await load({ maxErrors: 1 })
    const msg = sentOf(await flow.receive('n', { payload: { id: 1, qty: 'x' } }), 1)
    assert.equal(msg['cxone'].validation.errors.length, 1)
    const hidden = sentOf(await flow.receive('n', { payload: { id: 'a', password: SECRET } }), 1)
    assert.ok(!JSON.stringify(hidden['cxone']).includes(SECRET))
    assert.ok(!flow.log().includes(SECRET))
  })

  describe('with any payload', () => {
    it('answers in order: missing, Buffer, cyclic, 20 MB', async () => {
      const flow = await load()
      const missing = sentOf(await flow.receive('n', {}), 1)
      assert.match(missing['cxone'].validation.errors[0].message, /`msg.payload` .* is missing/)
      const buffer = sentOf(await flow.receive('n', { payload: Buffer.from('{}') }), 1)
      assert.match(buffer['cxone'].validation.errors[0].message, /got a Buffer/)
      const cyclic: Msg = { id: 'a' }
      cyclic['self'] = cyclic
      assert.ok(sentOf(await flow.receive('n', { payload: cyclic })))
      const huge = { id: 'a', list: Array.from({ length: 200_000 }, (_, i) => `item ${i} ${'x'.repeat(90)}`) }
      assert.equal(sentOf(await flow.receive('n', { payload: huge }))['payload'], huge)
    })

    it('refuses a cyclic one where the schema has no end', async () => {
      const flow = await load({ schema: '{"properties":{"self":{"$ref":"#"}}}' })
      const cyclic: Msg = {}
      cyclic['self'] = cyclic
      const { code, details } = await failed(flow, { payload: cyclic })
      assert.deepEqual([code, details['path']], ['INPUT_INVALID', 'msg.payload'])
      assert.equal(flow.caught[0]?.['code'], 'INPUT_INVALID')
    })

    it('gives up on a pattern that takes too long, and goes on', async () => {
      const flow = await load({ schema: '{"pattern":"^(a+)+$"}' })
      const { code, message } = await failed(flow, { payload: `${'a'.repeat(60)}!` })
      assert.equal(code, 'INPUT_INVALID')
      assert.match(message, /given up after 1000 ms/)
      assert.ok(sentOf(await flow.receive('n', { payload: 'aaa' })))
    })
  })

  describe('with the schema from the message', () => {
    it('takes an object or JSON text, from any place', async () => {
      const flow = await load({ source: 'msg' })
      assert.ok(sentOf(await flow.receive('n', { payload: 1, schema: { type: 'integer' } })))
      assert.ok(sentOf(await flow.receive('n', { payload: 1, schema: '{"type":"string"}' }), 1))
      await flow.unload()
      const other = await load({ source: 'msg', schemaProperty: 'x.y', schemaPropertyType: 'msg' })
      const msg = sentOf(await other.receive('n', { payload: 1, x: { y: true } }))
      assert.equal(msg['cxone'].validation.schemaId, 'msg.x.y')
    })

    it('fails where it is missing or wrong', async () => {
      const flow = await load({ source: 'msg' })
      assert.equal((await failed(flow, { payload: 1 })).code, 'SCHEMA_UNAVAILABLE')
      const { code, details } = await failed(flow, { payload: 1, schema: { items: { type: 'x' } } })
      assert.deepEqual([code, details['path']], ['SCHEMA_INVALID', '/items/type'])
      const remote = { $ref: 'http://127.0.0.1:9/x.json' }
      assert.equal((await failed(flow, { payload: 1, schema: remote })).code, 'SCHEMA_INVALID')
    })
  })

  describe('with the schema from a file', () => {
    it('reads it from the user directory, again when it changes, and the old one while it is gone', async () => {
      const flow = await load({ source: 'file', file: 'order.json' })
      const path = join(flow.userDir, 'order.json')
      const { code, message } = await failed(flow, { payload: {} })
      assert.equal(code, 'SCHEMA_UNAVAILABLE')
      assert.match(message, /`order.json`/)
      await writeFile(path, '{"type":"string"}')
      assert.ok(sentOf(await flow.receive('n', { payload: {} }), 1))
      await writeFile(path, '{"type":"object"}')
      await utimes(path, 1, 1)
      assert.ok(sentOf(await flow.receive('n', { payload: {} })))
      await rm(path)
      const stale = sentOf(await flow.receive('n', { payload: {} }))
      assert.equal(stale['cxone'].validation.stale, true)
    })
  })

  describe('with the schema of a data action', () => {
    const dataAction = (more: object = {}): Promise<LoadedFlow> =>
      load({ source: 'dataAction', auth: 'auth', ...more })
    const order = {
      orderId: 'ORD-104233',
      status: 'shipped',
      carrier: null,
      items: 2,
      total: 49.9,
      currency: 'EUR',
      estimatedDelivery: '2026-12-24',
    }
    const dataActionId = 'order-status'

    it('checks against the outputs or the inputs, and asks once', async () => {
      const flow = await dataAction()
      const first = sentOf(await flow.receive('n', { payload: order, dataActionId }))['cxone'].validation
      assert.equal(first.schemaId, 'order-status/output')
      assert.equal(first.attempts, 1)
      const bad = await flow.receive('n', { payload: { ...order, status: 'lost' }, dataActionId })
      const { errors, attempts } = sentOf(bad, 1)['cxone'].validation
      assert.equal(errors[0].path, '/status')
      assert.equal(attempts, 0)
      await flow.unload()
      const inputs = await dataAction({ part: 'input' })
      assert.ok(sentOf(await inputs.receive('n', { payload: { orderId: 'ORD-104233' }, dataActionId })))
    })

    it('fails where there is no such action or no id', async () => {
      const flow = await dataAction()
      const none = await failed(flow, { payload: {}, dataActionId: 'none' })
      assert.equal(none.code, 'SCHEMA_UNAVAILABLE')
      assert.equal(none.details['reason'], 'CXONE_NOT_FOUND')
      const { code, details } = await failed(flow, { payload: {} })
      assert.deepEqual([code, details['path']], ['INPUT_INVALID', 'msg.dataActionId'])
    })

    it('uses the old copy while CXone cannot be asked', async () => {
      // One try a look-up, and a copy that is old at once.
      const auth = { ...AUTH, maxRetries: 0 }
      const node = { id: 'n', type: 'schema-validate', source: 'dataAction', auth: 'auth', cacheTtlS: 1 }
      const flow = await loadFlow([auth, node])
      sentOf(await flow.receive('n', { payload: order, dataActionId }))
      await new Promise((done) => setTimeout(done, 1100))
      const { acquireSandbox } = (await import('../../dist/lib/sandbox/shared.js')) as any
      const { sandbox, release } = await acquireSandbox()
      try {
        sandbox.fault('lookup:503*forever')
        const msg = sentOf(await flow.receive('n', { payload: order, dataActionId }))
        assert.equal(msg['cxone'].validation.stale, true)
      } finally {
        await release()
      }
      assert.equal(
        (await failed(flow, { payload: order, dataActionId: 'uuid-intake' })).code,
        'SCHEMA_UNAVAILABLE',
      )
      assert.equal(flow.statuses('n').find(({ fill }) => fill === 'yellow')?.text, 'valid, old schema')
    })
  })

  describe('with a wrong setting', () => {
    const cases: [field: string, properties: object][] = [
      ['source', { source: 'web' }],
      ['schema', { schema: '' }],
      ['schema', { schema: undefined }],
      ['schema', { schema: 42 }],
      ['schema', { schema: { type: 'object' } }],
      ['schema', { schema: ' '.repeat(2_000_001) }],
      ['file', { source: 'file' }],
      ['file', { source: 'file', file: ['x'] }],
      ['file', { source: 'file', file: 'a\0b' }],
      ['file', { file: 'x'.repeat(5000) }],
      ['schemaProperty', { source: 'msg', schemaProperty: '', schemaPropertyType: 'msg' }],
      ['schemaProperty', { source: 'msg', schemaProperty: 'a..b', schemaPropertyType: 'msg' }],
      ['schemaProperty', { schemaProperty: 'x', schemaPropertyType: 're' }],
      ['actionId', { source: 'dataAction', auth: 'auth', actionId: {}, actionIdType: 'msg' }],
      ['actionId', { source: 'dataAction', auth: 'auth', actionId: '$(', actionIdType: 'jsonata' }],
      ['auth', { source: 'dataAction' }],
      ['auth', { source: 'dataAction', auth: 'missing' }],
      ['auth', { auth: 'x'.repeat(65) }],
      ['part', { part: 'middle' }],
      ['property', { property: 'a..b', propertyType: 'msg' }],
      ['property', { property: 'payload', propertyType: 'jsonata', coerce: true }],
      ['draft', { draft: 'draft-04' }],
      ['coerce', { coerce: 'yes' }],
      ['useDefaults', { useDefaults: 1 }],
      ['strip', { strip: {} }],
      ['formats', { formats: 'no' }],
      ['maxErrors', { maxErrors: 0 }],
      ['maxErrors', { maxErrors: 1e9 }],
      ['cacheTtlS', { cacheTtlS: -1 }],
      ['audit', { audit: 'missing' }],
      ['version', { version: 2 }],
    ]
    for (const [field, properties] of cases)
      it(`fails with CONFIG_INVALID for ${field}: ${JSON.stringify(properties).slice(0, 60)}`, async () => {
        const flow = await load(properties)
        const { code, details } = await failed(flow, { payload: {}, dataActionId: 'order-status' })
        assert.deepEqual([code, details['field']], ['CONFIG_INVALID', field])
        const { fill, text } = flow.status('n') ?? {}
        assert.equal(fill, 'red')
        assert.match(text ?? '', new RegExp(field))
      })

    for (const schema of [
      '{"type":',
      '7',
      '{"type":"objekt"}',
      '{"$ref":"https://x.test/y.json"}',
      '${NOT_SET}',
    ])
      it(`fails with SCHEMA_INVALID for the schema ${schema}`, async () => {
        const flow = await load({ schema })
        const { code, details } = await failed(flow, { payload: {} })
        assert.deepEqual([code, details['field']], ['SCHEMA_INVALID', 'schema'])
        assert.deepEqual(flow.status('n'), { fill: 'red', shape: 'ring', text: 'SCHEMA_INVALID: schema' })
      })
  })

  it('writes an audit record without values', async () => {
    const flow = await loadFlow([
      { id: 'trail', type: 'audit-trail' },
      { id: 'n', type: 'schema-validate', schema: JSON.stringify(ORDER), audit: 'trail' },
    ])
    sentOf(await flow.receive('n', { payload: { id: 'a', password: SECRET } }), 1)
    const text = await readFile(join(flow.userDir, 'cxone/audit/audit.jsonl'), 'utf8')
    const { subject, status, details } = JSON.parse(text)
    assert.deepEqual([subject, status], ['inline', 'SUCCESS'])
    assert.deepEqual(details, {
      valid: false,
      errors: 1,
      faults: [{ path: '/password', keyword: 'minLength' }],
    })
    assert.ok(!text.includes(SECRET))
  })

  describe('in the editor', () => {
    const check = async (property: string, value: unknown, node: object = {}): Promise<unknown> => {
      const { defaults } = (await editorDefs()).get('schema-validate')!
      return defaults[property]!.validate!.call({ source: 'inline', ...node }, value, {})
    }

    it('is right as it comes from the palette', async () => {
      const { defaults } = (await editorDefs()).get('schema-validate')!
      const values = Object.fromEntries(Object.entries(defaults).map(([name, { value }]) => [name, value]))
      for (const [name, { value, validate }] of Object.entries(defaults))
        if (validate) assert.equal(validate.call(values, value, {}), true, name)
    })

    it('needs a CXone access for data actions', async () => {
      const node = { auth: '', _: (key: string) => key }
      assert.equal(await check('source', 'dataAction', node), 'schema-validate.authMissing')
      assert.equal(await check('source', 'dataAction', { ...node, auth: 'auth' }), true)
    })

    it('says what is wrong with the schema and the file that are in use', async () => {
      assert.match(String(await check('schema', '{"type":')), /expected JSON/)
      assert.match(String(await check('schema', '')), /give a JSON Schema/)
      assert.match(String(await check('schema', '[]')), /expected an object/)
      assert.equal(await check('schema', '', { source: 'msg' }), true)
      assert.match(String(await check('file', '', { source: 'file' })), /give the path/)
      assert.equal(await check('file', ''), true)
      assert.match(String(await check('maxErrors', 'all')), /integer from 1 to 10000/)
    })
  })
})
