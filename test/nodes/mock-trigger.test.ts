import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { editorDefs } from '../support/editor-defs.ts'
import { until } from '../support/until.ts'
import {
  failureOf,
  loadFlow,
  sentOf,
  unloadFlow,
  type FlowNodeDef,
  type LoadedFlow,
  type Msg,
} from './harness.ts'

const AUTH = { id: 'auth', type: 'cxone-auth', profile: 'sandbox' }
const CORRELATION_ID = '0190b7a0-5c1e-7000-8000-0d4c1b2a3f4e'

const require = createRequire(import.meta.url)
const core = {
  join: require(resolve('node_modules/@node-red/nodes/core/sequence/17-split.js')) as (RED: unknown) => void,
}

const load = (properties: object = {}, more: readonly FlowNodeDef[] = []): Promise<LoadedFlow> =>
  loadFlow([AUTH, { id: 'mock', type: 'mock-trigger', ...properties }, ...more], { extra: core })

async function once(properties: object, msg: Msg = {}): Promise<Msg> {
  const flow = await load(properties)
  return sentOf(await flow.receive('mock', msg))
}

/** What a helper node behind the mock gets; it holds on to messages until told. */
function collect(flow: LoadedFlow): Msg[] {
  const got: Msg[] = []
  flow.node('end').on('input', (msg: Msg, _send: unknown, done: () => void) => {
    got.push(msg)
    done()
  })
  return got
}

const END = { id: 'end', type: 'helper' }
const cyclic: Msg = {}
cyclic['self'] = cyclic

describe('mock-trigger', function () {
  this.timeout(30_000)
  afterEach(unloadFlow)

  it('sends the sample event, with ids and times of its own', async () => {
    const before = Date.now()
    const flow = await load()
    const msg: Msg = { topic: 'kept', req: { a: 1 } }
    const sent = sentOf(await flow.receive('mock', msg))
    assert.equal(sent, msg)
    const { triggerId, timestamp, interaction, contact, ...rest } = sent['payload']
    assert.deepEqual(rest, {
      dataActionId: 'crm-customer-lookup',
      environment: 'sandbox',
      data: {
        disposition: 'callback_requested',
        agentId: 'ag-112233',
        wrapUpCode: 'WU-04',
        customFields: { issueCategory: 'billing', resolutionScore: 87 },
      },
    })
    assert.match(triggerId, /^tr-\d{6}$/)
    const { id, startTime, ...how } = interaction
    assert.match(id, /^i-\d{6}$/)
    assert.deepEqual(how, { type: 'voice', direction: 'inbound', status: 'active', channel: 'phone' })
    assert.match(contact.id, /^c-\d{6}$/)
    assert.equal(contact.externalId, 'EXT-9921')
    assert.deepEqual(contact.attributes, {
      customerId: 'CUST-4412',
      tier: 'premium',
      lastCallDate: '2023-11-15T10:30:00Z',
    })
    assert.ok(Date.parse(timestamp) >= before && Date.parse(timestamp) <= Date.now())
    assert.ok(Date.parse(startTime) <= Date.parse(timestamp))
    assert.deepEqual(Object.keys(sent['payload']), [
      'dataActionId',
      'triggerId',
      'timestamp',
      'environment',
      'interaction',
      'contact',
      'data',
    ])
    assert.equal(sent['dataActionId'], 'crm-customer-lookup')
    assert.equal(sent['parts'], undefined)
    const { seed, ...facts } = sent['cxone'].mock
    assert.deepEqual(facts, {
      source: 'sample',
      channel: 'phone',
      index: 0,
      count: 1,
      attempts: 0,
      latencyMs: 0,
    })
    assert.ok(Number.isInteger(seed))
    assert.deepEqual(flow.status('mock'), { fill: 'green', shape: 'dot', text: 'ready' })
    await until(() => flow.status('mock')?.text === '1 event' || undefined)
  })

  it('goes on with new ids from message to message without a seed', async () => {
    const flow = await load()
    const sent = [sentOf(await flow.receive('mock')), sentOf(await flow.receive('mock'))]
    const [a, b] = sent.map((msg) => Number(msg['payload'].triggerId.slice(3)))
    assert.equal(b, a! + 1)
    assert.deepEqual(
      sent.map((msg) => msg['cxone'].mock.index),
      [0, 1],
    )
    assert.equal(sent[0]!['cxone'].mock.seed, sent[1]!['cxone'].mock.seed)
  })

  it('sends the same event for the same seed, in the node or in the message, and others for another', async () => {
    const flow = await load({ seed: '7' })
    const { payload, cxone } = sentOf(await flow.receive('mock'))
    assert.equal(cxone.mock.seed, 7)
    assert.equal(payload.timestamp, '2026-03-02T09:30:00.000Z')
    assert.deepEqual(sentOf(await flow.receive('mock'))['payload'], payload)
    await flow.unload()
    const byMessage = await load({ seed: 'run.seed', seedType: 'msg' })
    const of = async (seed: unknown): Promise<unknown> =>
      sentOf(await byMessage.receive('mock', { run: { seed } }))['payload']
    assert.deepEqual(await of(7), payload)
    assert.deepEqual(await of('7'), payload)
    assert.notDeepEqual(await of(8), payload)
    assert.deepEqual(await of('Tuesday'), await of('Tuesday'))
  })

  it('makes the event of the help text', async () => {
    const { readFile } = await import('node:fs/promises')
    const help = await readFile('nodes/mock-trigger/locales/en-US/mock-trigger.html', 'utf8')
    const [, message] = help.split('### Example')[1]!.split('```json').slice(1)
    const { payload, dataActionId, cxone } = JSON.parse(message!.split('```')[0]!)
    const overrides = '{"contact": {"attributes": {"tier": "standard"}}, "data": {"customFields": null}}'
    assert.ok(help.includes(overrides))
    const sent = await once({ overrides, seed: '7' })
    assert.deepEqual(
      [sent['payload'], sent['dataActionId'], sent['cxone'].mock],
      [payload, dataActionId, cxone.mock],
    )
  })

  it('repeats a run without a seed by the seed that it tells', async () => {
    const flow = await load()
    await flow.receive('mock')
    const { payload, cxone } = sentOf(await flow.receive('mock'))
    const { seed, index } = cxone.mock
    await flow.unload()
    const again = await load({ seed, count: Number(index) + 1, wires: [['end']] }, [END])
    const last = sentOf(await again.receive('mock'))['payload']
    assert.deepEqual(
      [last.triggerId, last.interaction.id, last.contact],
      [payload.triggerId, payload.interaction.id, payload.contact],
    )
  })

  const channels = {
    phone: 'voice',
    voicemail: 'voicemail',
    chat: 'chat',
    email: 'email',
    sms: 'digital',
    whatsapp: 'digital',
    workitem: 'workitem',
  }
  for (const [channel, type] of Object.entries(channels))
    it(`sets type and channel of the interaction for ${channel}`, async () => {
      const { interaction } = (await once({ channel }))['payload']
      assert.deepEqual([interaction.channel, interaction.type], [channel, type])
    })

  describe('with overrides', () => {
    it('merges them at every depth, sets null and removes what is not to exist', async () => {
      const overrides = {
        dataActionId: 'order-status',
        interaction: { direction: 'outbound' },
        contact: { attributes: { tier: 'standard', tags: ['a', 'b'] }, externalId: { $exists: false } },
        data: { customFields: null, agentId: undefined },
      }
      const flow = await load({ overrides: 'with', overridesType: 'msg', seed: 1 })
      const { payload, dataActionId } = sentOf(await flow.receive('mock', { with: overrides }))
      assert.equal(dataActionId, 'order-status')
      assert.equal(payload.interaction.direction, 'outbound')
      assert.equal(payload.interaction.channel, 'phone')
      assert.deepEqual(payload.contact.attributes, {
        customerId: 'CUST-4412',
        tier: 'standard',
        lastCallDate: '2023-11-15T10:30:00Z',
        tags: ['a', 'b'],
      })
      assert.ok(!('externalId' in payload.contact))
      assert.deepEqual(payload.data, {
        disposition: 'callback_requested',
        wrapUpCode: 'WU-04',
        customFields: null,
      })
      overrides.contact.attributes.tags.push('c')
      assert.equal(payload.contact.attributes.tags.length, 2)
    })

    it('takes them from the form', async () => {
      const sent = await once({ overrides: '{"contact":{"attributes":{"tier":"standard"}}}' })
      assert.equal(sent['payload'].contact.attributes.tier, 'standard')
    })

    it('are none where the message brings none', async () => {
      const sent = await once({ overrides: 'with', overridesType: 'msg' })
      assert.equal(sent['payload'].contact.attributes.tier, 'premium')
    })

    it('pollute nothing', async () => {
      const overrides = JSON.parse(
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"contact":{"__proto__":{"polluted":1}}}',
      ) as object
      const flow = await load({ overrides: 'with', overridesType: 'msg' })
      const { payload } = sentOf(await flow.receive('mock', { with: overrides }))
      assert.equal(({} as Msg)['polluted'], undefined)
      assert.equal(payload.polluted, undefined)
      assert.deepEqual(Object.getOwnPropertyDescriptor(payload, '__proto__')?.value, { polluted: 1 })
    })

    const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`p${i}`, i]))
    const shared = Array.from({ length: 40 }).reduce<object>((inner) => ({ a: inner, b: inner }), {
      end: true,
    })
    for (const [name, value] of Object.entries({
      text: 'x',
      list: [1],
      cyclic,
      number: 7,
      buffer: Buffer.alloc(2),
      many,
      shared,
      function: { f: () => 1 },
      date: { d: new Date() },
      nan: { n: NaN },
    }))
      it(`fail with INPUT_INVALID for ${name}`, async () => {
        const flow = await load({ overrides: 'with', overridesType: 'msg' })
        const { code, details, message } = failureOf(await flow.receive('mock', { with: value }))
        assert.equal(code, 'INPUT_INVALID', message)
        assert.match(details['path'], /^msg\.with/)
        assert.ok(message.length < 600, message)
        sentOf(await flow.receive('mock', {}))
      })
  })

  describe('with a template', () => {
    it('fills what it leaves out from the sample; data and attributes stand as they are', async () => {
      const template = JSON.stringify({
        interaction: { status: 'ended' },
        contact: { attributes: { customerId: 'CUST-{{index}}' } },
        data: { orderId: 'ORD-{{index}}', n: '{{index}}', at: '{{timestamp}}', key: '{{uuid}}' },
        more: true,
      })
      const { payload, cxone } = await once({ source: 'template', template, seed: 3, channel: 'chat' })
      assert.equal(cxone.mock.source, 'template')
      assert.equal(payload.environment, 'sandbox')
      assert.deepEqual([payload.interaction.status, payload.interaction.type], ['ended', 'chat'])
      assert.deepEqual(payload.contact.attributes, { customerId: 'CUST-0' })
      assert.equal(payload.contact.externalId, 'EXT-9921')
      const { key, ...data } = payload.data
      assert.deepEqual(data, { orderId: 'ORD-0', n: 0, at: payload.timestamp })
      assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.equal(payload.more, true)
    })

    it('lays overrides over it', async () => {
      const properties = { source: 'template', template: '{"data":{"a":1}}', overrides: '{"data":{"b":2}}' }
      assert.deepEqual((await once(properties))['payload'].data, { a: 1, b: 2 })
    })

    it('fails with INPUT_INVALID where the message brings none', async () => {
      const flow = await load({ source: 'template', template: 'event', templateType: 'msg' })
      const { code, details } = failureOf(await flow.receive('mock'))
      assert.deepEqual([code, details['path']], ['INPUT_INVALID', 'msg.event'])
    })
  })

  describe('with several events', () => {
    it('sends a sequence that Join can put together; the last is the message itself', async () => {
      const flow = await load(
        { count: 300, seed: 5, overrides: '{"data":{"n":"{{index}}"}}', wires: [['gather']] },
        [{ id: 'gather', type: 'join', mode: 'auto', wires: [['end']] }, END],
      )
      const got = collect(flow)
      const msg: Msg = {
        _msgid: 'first',
        topic: 'kept',
        cxone: { correlationId: CORRELATION_ID },
        parts: { id: 'outer', index: 4, count: 9, type: 'array', len: 1 },
      }
      const sent = sentOf(await flow.receive('mock', msg))
      assert.equal(sent, msg)
      assert.equal(sent['_msgid'], 'first')
      assert.equal(sent['cxone'].correlationId, CORRELATION_ID)
      assert.deepEqual(
        [sent['parts'].index, sent['parts'].count, sent['parts'].type, sent['parts'].parts.id],
        [299, 300, 'array', 'outer'],
      )
      const [joined] = await until(() => (got.length > 0 ? got : undefined))
      assert.deepEqual(
        joined!['payload'].map((event: Msg) => event['data'].n),
        Array.from({ length: 300 }, (_, at) => at),
      )
      assert.equal(new Set(joined!['payload'].map((event: Msg) => event['triggerId'])).size, 300)
      assert.equal(joined!['parts'].id, 'outer')
      // The same once more: Join has told its end by now.
      await flow.receive('mock', { _msgid: 'second' })
      await until(() => got.length > 1 || undefined)
    })

    it('gives each message an id and a correlation id of its own', async () => {
      const flow = await load({ count: 'n', countType: 'msg', wires: [['end']] }, [END])
      const got = collect(flow)
      await flow.receive('mock', { n: 3, topic: 'kept', req: { url: '/' } })
      await until(() => got.length === 3 || undefined)
      assert.equal(new Set(got.map((msg) => msg['_msgid'])).size, 3)
      assert.equal(new Set(got.map((msg) => msg['cxone'].correlationId)).size, 3)
      assert.equal(new Set(got.map((msg) => msg['payload'])).size, 3)
      assert.deepEqual(
        got.map((msg) => [msg['topic'], msg['n'], msg['cxone'].mock.index, msg['cxone'].mock.count]),
        [0, 1, 2].map((at) => ['kept', 3, at, 3]),
      )
    })

    it('waits for the nodes behind, and stops on close', async () => {
      const flow = await load({ count: 1_000_000, wires: [['end']] }, [END])
      const waiting: (() => void)[] = []
      flow.node('end').on('input', (_msg: Msg, _send: unknown, done: () => void) => void waiting.push(done))
      const ending = flow.receive('mock')
      await until(() => waiting.length >= 32 || undefined)
      for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate)
      assert.equal(waiting.length, 32)
      waiting.splice(0, 10).forEach((done) => done())
      await until(() => waiting.length >= 32 || undefined)
      await until(() => /^\d+\/1000000$/.test(flow.status('mock')?.text ?? '') || undefined)
      await flow.unload()
      assert.equal(failureOf(await ending).code, 'ABORTED')
      assert.equal(waiting.length, 32)
    })

    for (const count of [0, -1, 1.5, 1_000_001, 'x', null, undefined, {}, cyclic])
      it(`fails with INPUT_INVALID for the number ${count === cyclic ? 'cyclic' : JSON.stringify(count)}`, async () => {
        const flow = await load({ count: 'n', countType: 'msg' })
        const { code, details } = failureOf(await flow.receive('mock', { n: count }))
        assert.deepEqual([code, details['path']], ['INPUT_INVALID', 'msg.n'])
      })
  })

  describe('with the input schema of the data action', () => {
    const properties = {
      source: 'schema',
      auth: 'auth',
      actionId: 'crm-customer-lookup',
      actionIdType: 'str',
    }

    it('makes valid data, edge cases first, and asks once', async () => {
      const validate = {
        id: 'check',
        type: 'schema-validate',
        source: 'dataAction',
        auth: 'auth',
        part: 'input',
        property: 'payload.data',
        wires: [['end'], ['bad']],
      }
      const flow = await load({ ...properties, count: 40, seed: 2, wires: [['check']] }, [
        validate,
        END,
        { id: 'bad', type: 'helper' },
      ])
      const got = collect(flow)
      await flow.receive('mock')
      await until(() => got.length === 40 || undefined)
      const ids = got.map((msg) => msg['payload'].data.customerId as string)
      assert.deepEqual(
        ids.slice(0, 2).map((id) => id.length),
        [9, 13],
      )
      assert.deepEqual(
        got.slice(0, 2).map((msg) => 'includeCases' in msg['payload'].data),
        [true, false],
      )
      assert.ok(got.every((msg) => msg['cxone'].validation.valid))
      assert.deepEqual(
        [got[0]!['cxone'].mock.attempts, got[0]!['cxone'].mock.stale, got[0]!['payload'].dataActionId],
        [1, undefined, 'crm-customer-lookup'],
      )
      assert.equal(sentOf(await flow.receive('mock'))['cxone'].mock.attempts, 0)
    })

    it('walks the edge cases from message to message without a seed', async () => {
      const flow = await load(properties)
      const next = async (): Promise<Msg> => sentOf(await flow.receive('mock'))['payload'].data
      const lengths = [await next(), await next()].map(({ customerId }) => (customerId as string).length)
      assert.deepEqual(lengths, [9, 13])
    })

    it('goes on without CXone once the definition was fetched', async () => {
      const { startSandbox } = (await import('../../dist/lib/sandbox/sandbox.js')) as any
      const { SANDBOX_CLIENT } = (await import('../../dist/lib/sandbox/credentials.js')) as any
      const sandbox = await startSandbox()
      const url: string = sandbox.info.url
      const auth = {
        ...{ id: 'cxone', type: 'cxone-auth', profile: 'custom', apiBaseUrl: url, maxRetries: 0 },
        tokenUrl: `${url}/api/v2/oauth/token`,
      }
      const credentials = { cxone: { clientId: SANDBOX_CLIENT.id, clientSecret: SANDBOX_CLIENT.secret } }
      const node = { ...properties, type: 'mock-trigger', auth: 'cxone' }
      const check = {
        type: 'schema-validate',
        source: 'dataAction',
        auth: 'cxone',
        part: 'input',
        property: 'payload.data',
      }
      const flow = await loadFlow(
        [
          auth,
          { ...node, id: 'mock' },
          { ...node, id: 'short', cacheTtlS: 1 },
          { ...check, id: 'check' },
          { ...check, id: 'check-short', cacheTtlS: 1 },
        ],
        { credentials },
      )
      try {
        sentOf(await flow.receive('mock'))
        assert.deepEqual([sandbox.counts().token, sandbox.counts().lookup], [1, 1])
        sandbox.revokeTokens()
        await sandbox.close()
        // Fresh: nothing is asked, not even for a token.
        const msg = sentOf(await flow.receive('mock'))
        assert.deepEqual([msg['cxone'].mock.attempts, msg['cxone'].mock.stale], [0, undefined])
        const valid = sentOf(await flow.receive('check', msg))
        assert.deepEqual([valid['cxone'].validation.valid, valid['cxone'].validation.attempts], [true, 0])
        // Old: asked for in vain, and then the old copy serves on.
        await new Promise((done) => setTimeout(done, 1100))
        const old = sentOf(await flow.receive('short'))
        assert.deepEqual([old['cxone'].mock.stale, old['cxone'].mock.attempts], [true, 1])
        const checked = sentOf(await flow.receive('check-short', old))['cxone'].validation
        assert.deepEqual([checked.valid, checked.stale, checked.attempts], [true, true, 0])
        await until(() => flow.status('short')?.fill === 'yellow' || undefined)
        assert.equal(flow.status('short')?.text, '1 event, old schema')
      } finally {
        await sandbox.close()
      }
    })

    it('fails with SCHEMA_UNAVAILABLE where there is no such action, and with INPUT_INVALID where there is no id', async () => {
      const flow = await load({ source: 'schema', auth: 'auth' })
      const none = failureOf(await flow.receive('mock', { dataActionId: 'none' }))
      assert.deepEqual([none.code, none.details['reason']], ['SCHEMA_UNAVAILABLE', 'CXONE_NOT_FOUND'])
      const { code, details } = failureOf(await flow.receive('mock'))
      assert.deepEqual([code, details['path']], ['INPUT_INVALID', 'msg.dataActionId'])
    })

    it('writes an audit record that names the data action', async () => {
      const trail = { id: 'trail', type: 'audit-trail', path: 'trail.jsonl' }
      const flow = await load({ ...properties, audit: 'trail', seed: 4 }, [trail])
      sentOf(await flow.receive('mock'))
      const { readFile } = await import('node:fs/promises')
      const record = JSON.parse(await readFile(`${flow.userDir}/trail.jsonl`, 'utf8'))
      assert.deepEqual(
        [record.subject, record.status, record.attempts],
        ['crm-customer-lookup', 'SUCCESS', 1],
      )
      assert.deepEqual(record.details, { source: 'schema', channel: 'phone', seed: 4, count: 1 })
    })
  })

  it('answers any payload', async () => {
    const flow = await load()
    const huge = { rows: Array.from({ length: 20 }, () => 'x'.repeat(1_000_000)) }
    for (const payload of [undefined, cyclic, Buffer.from('x'), huge, null, 10n])
      assert.equal(sentOf(await flow.receive('mock', { payload }))['payload'].environment, 'sandbox')
  })

  describe('with a property that is wrong', () => {
    const hostile = [{}, [], '__proto__', '<script>', 'x'.repeat(100_000)]
    const wrong: Record<string, readonly object[]> = {
      version: [{ version: 2 }],
      source: hostile.map((source) => ({ source })),
      actionId: [{ actionId: '', actionIdType: 'str' }, { actionId: 'a..b' }, { actionId: {} }],
      template: [
        { template: '[1]' },
        { template: '{' },
        { template: {} },
        { template: 'x', templateType: 'bin' },
      ],
      overrides: [
        { overrides: 'null' },
        { overrides: '7' },
        { overrides: '{"a":' },
        { overrides: '', overridesType: 'msg' },
      ],
      channel: hostile.map((channel) => ({ channel })),
      count: [
        { count: 0 },
        { count: '1e99' },
        { count: '' },
        { count: {} },
        { count: '1', countType: 'str' },
      ],
      seed: [{ seed: {} }, { seed: 'x'.repeat(300) }, { seed: 'x', seedType: 'num' }],
      cacheTtlS: [{ cacheTtlS: -1 }, { cacheTtlS: 'x' }],
      auth: [{ source: 'schema' }, { source: 'schema', auth: 'missing' }],
      audit: [{ audit: 'missing' }],
    }
    for (const [field, cases] of Object.entries(wrong))
      it(`fails with CONFIG_INVALID naming \`${field}\``, async () => {
        for (const properties of cases) {
          const flow = await load(properties)
          const { code, details, message } = failureOf(await flow.receive('mock', {}))
          assert.deepEqual(
            [code, details['field']],
            ['CONFIG_INVALID', field],
            JSON.stringify(properties).slice(0, 200),
          )
          assert.ok(message.length < 400, message)
          assert.deepEqual(flow.status('mock'), {
            fill: 'red',
            shape: 'ring',
            text: `CONFIG_INVALID: ${field}`,
          })
          await flow.unload()
        }
      })
  })

  describe('in the editor', () => {
    it('has the defaults of the runtime and accepts them', async () => {
      const def = (await editorDefs()).get('mock-trigger')!
      const node = Object.fromEntries(Object.entries(def.defaults).map(([name, { value }]) => [name, value]))
      for (const [name, { value, validate }] of Object.entries(def.defaults))
        assert.equal(
          validate?.call({ ...node, _: (key: string) => key } as never, value, {}) ?? true,
          true,
          name,
        )
      assert.equal((await once(node))['cxone'].mock.source, 'sample')
    })

    it('asks for an access to CXone where the schema is fetched', async () => {
      const { source } = (await editorDefs()).get('mock-trigger')!.defaults
      const node = { source: 'schema', auth: '', _: (key: string) => key }
      assert.equal(source!.validate!.call(node as never, 'schema', {}), 'mock-trigger.authMissing')
      assert.equal(source!.validate!.call({ ...node, auth: 'auth' } as never, 'schema', {}), true)
      assert.equal(source!.validate!.call(node as never, 'sample', {}), true)
    })

    it('previews the first events of the form', async () => {
      const flow = await load()
      const preview = async (body: unknown, status = 200): Promise<any> =>
        (await flow.request().post('/cxone/mock-trigger/preview').send(body).expect(status)).body
      const events = await preview({ source: 'sample', seed: '7', count: '9', countType: 'num' })
      assert.deepEqual(
        events.map((event: Msg) => event['interaction'].channel),
        ['phone', 'phone', 'phone'],
      )
      assert.equal((await preview({ count: '1' })).length, 1)
      const [made] = await preview({
        source: 'schema',
        auth: 'auth',
        actionId: 'order-status',
        actionIdType: 'str',
      })
      assert.match(made.data.orderId, /^ORD-\d{6}$/)
      assert.equal((await preview({ source: 'template', template: 'x', templateType: 'msg' })).length, 1)
      assert.equal((await preview({ channel: 'fax' }, 400)).code, 'CONFIG_INVALID')
      assert.equal((await preview({ source: 'schema', auth: 'auth' }, 400)).code, 'INPUT_INVALID')
    })
  })
})
