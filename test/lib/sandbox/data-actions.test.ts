import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { SANDBOX_ACTIONS } from '../../../lib/sandbox/data-action-catalogue.ts'
import { useSandbox } from './running-sandbox.ts'

const SAMPLES: Record<string, object> = {
  'crm-customer-lookup': { customerId: 'CUST-4412', includeCases: true },
  'order-status': { orderId: 'ORD-104233' },
  'appointment-booking': { customerId: 'CUST-4412', date: '2026-04-01', slot: 'evening' },
  'uuid-intake': { uuid: '0190a6f4b7c87d3e9f1023456789abcd' },
  'wrap-up-sync': {
    dataActionId: 'wrap-up-sync',
    triggerId: 'tr-883210',
    timestamp: '2026-03-02T09:30:00.000Z',
    environment: 'sandbox',
    interaction: { id: 'i-774421', type: 'voice', direction: 'inbound', status: 'active', channel: 'phone' },
    contact: { id: 'c-982104', attributes: { customerId: 'CUST-4412', tier: 'premium' } },
    data: { customFields: { issueCategory: 'billing', resolutionScore: 87 } },
  },
  'legacy-billing': { customerId: 'CUST-4412' },
  'retired-loyalty': { customerId: 'CUST-4412' },
}
const path = (id: string): string => `/api/v2/data-actions/${id}`
const outputs = (list: { name: string; value: unknown }[]): Record<string, unknown> =>
  Object.fromEntries(list.map(({ name, value }) => [name, value]))

describe('sandbox data actions', () => {
  const running = useSandbox()
  const { send, token } = running

  it('lists the actions and gives each with both schemas and an endpoint', async () => {
    const access = await token()
    const { json } = await send('GET', '/api/v2/data-actions', { token: access })
    assert.equal(json.total, SANDBOX_ACTIONS.length)
    for (const { id } of json.entities) {
      const { status, json: action } = await send('GET', path(id), { token: access })
      assert.equal(status, 200)
      assert.match(new URL(action.endpointUrl).hostname, /\.sandbox\.test$/)
      assert.deepEqual(action.schema, { input: action.inputSchema, output: action.outputSchema })
    }
  })

  it('answers 304 to the ETag that it gave, and 404 for an unknown id', async () => {
    const access = await token()
    const first = await send('GET', path('order-status'), { token: access })
    const etag = first.headers.get('etag') ?? ''
    assert.match(etag, /^"[\w-]+"$/)
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const { status, text } = await send('GET', path('order-status'), {
        token: access,
        headers: { 'if-none-match': tag },
      })
      assert.deepEqual([status, text], [304, ''])
    }
    const other = await send('GET', path('order-status'), {
      token: access,
      headers: { 'if-none-match': '"x"' },
    })
    assert.equal(other.status, 200)
    const unknown = await send('GET', path('no-such'), { token: access })
    assert.equal(unknown.status, 404)
    assert.match(unknown.json.message, /no-such.*crm-customer-lookup/)
  })

  it('asks for a token with the right scope and names the one that is missing', async () => {
    assert.equal((await send('GET', path('order-status'))).status, 401)
    assert.equal((await send('GET', path('order-status'), { token: 'made-up' })).status, 401)
    const limited = await token({ id: 'limited', secret: 'limited-secret' })
    assert.equal((await send('GET', path('order-status'), { token: limited })).status, 200)
    const body = { inputs: SAMPLES['order-status'] }
    const { status, json, headers } = await send('POST', `${path('order-status')}/execute`, {
      token: limited,
      body,
    })
    assert.equal(status, 403)
    assert.equal(json.scope, 'data-actions:execute')
    assert.match(headers.get('www-authenticate') ?? '', /insufficient_scope.*data-actions:execute/)
  })

  for (const action of SANDBOX_ACTIONS) {
    it(`executes ${action.id}: outputs match its schema and are the same each time`, async () => {
      const access = await token()
      const execute = () =>
        send('POST', `${path(action.id)}/execute`, { token: access, body: { inputs: SAMPLES[action.id] } })
      const first = await execute()
      assert.equal(first.status, 200, first.text)
      const ajv = new Ajv2020({ allowUnionTypes: true })
      addFormats.default(ajv)
      const validate = ajv.compile(action.outputSchema)
      assert.ok(validate(outputs(first.json)), ajv.errorsText(validate.errors))
      assert.equal((await execute()).text, first.text)
    })
  }

  it('makes a record that matches the schema of any interaction, also without contact and data', () => {
    const action = SANDBOX_ACTIONS.find(({ id }) => id === 'wrap-up-sync')
    assert.ok(action)
    const ajv = new Ajv2020({ allowUnionTypes: true })
    addFormats.default(ajv)
    const [takes, gives] = [ajv.compile(action.inputSchema), ajv.compile(action.outputSchema)]
    const object = fc.dictionary(
      fc.constantFrom('attributes', 'customFields', 'x'),
      fc.oneof(
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom('customerId', 'tier', 'issueCategory', 'resolutionScore'),
          fc.jsonValue(),
        ),
      ),
    )
    const property = fc.property(fc.option(object), fc.option(object), (contact, data) => {
      const base = { timestamp: '2026-03-02T09:30:00Z', interaction: { id: 'i-1' } }
      const inputs = { ...base, ...(contact && { contact }), ...(data && { data }) }
      assert.ok(takes(inputs), ajv.errorsText(takes.errors))
      assert.ok(gives(action.run(inputs)), ajv.errorsText(gives.errors))
    })
    fc.assert(property)
  })

  it('makes the CRM record of a wrapped-up interaction', async () => {
    const body = { inputs: SAMPLES['wrap-up-sync'] }
    const { json } = await send('POST', `${path('wrap-up-sync')}/execute`, { token: await token(), body })
    assert.deepEqual(outputs(json), {
      recordId: 'rec-i-774421',
      customerId: 'CUST-4412',
      issueCategory: 'billing',
      priority: 'high',
      resolutionScore: 87,
      processedAt: '2026-03-02T09:30:00.000Z',
    })
  })

  it('lists all faults of the inputs with their paths', async () => {
    const body = { inputs: { customerId: 'x', slot: 'noon', extra: 1 } }
    const { status, json } = await send('POST', `${path('appointment-booking')}/execute`, {
      token: await token(),
      body,
    })
    assert.equal(status, 400)
    assert.deepEqual(json.errors.map(({ path: at }: { path: string }) => at).sort(), [
      '/inputs',
      '/inputs',
      '/inputs/customerId',
      '/inputs/slot',
    ])
    assert.match(json.message, /required property 'date'/)
    assert.match(json.message, /additional properties: extra/)
    assert.match(json.message, /morning, afternoon, evening/)
  })

  for (const [name, body] of [
    ['no JSON', '{'],
    ['an empty body', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['no inputs', '{}'],
    ['inputs that are a list', '{"inputs":[]}'],
    ['inputs that are null', '{"inputs":null}'],
  ] as const) {
    it(`answers ${name} with 400`, async () => {
      const { status, json } = await send('POST', `${path('order-status')}/execute`, {
        token: await token(),
        body,
      })
      assert.equal(status, 400)
      assert.equal(typeof json.message, 'string')
    })
  }

  it('answers an Idempotency-Key once: the same body gets the same answer, another one 409', async () => {
    const access = await token()
    const execute = (orderId: string, key: string) =>
      send('POST', `${path('order-status')}/execute`, {
        token: access,
        headers: { 'idempotency-key': key },
        body: { inputs: { orderId } },
      })
    const first = await execute('ORD-000001', 'a')
    const again = await execute('ORD-000001', 'a')
    assert.equal(again.text, first.text)
    assert.deepEqual(
      [first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')],
      [null, 'true'],
    )
    assert.equal((await execute('ORD-000002', 'a')).status, 409)
    assert.equal((await execute('ORD-000002', 'b')).status, 200)
    assert.equal((await execute('wrong', 'c')).status, 400)
    assert.equal((await execute('ORD-000003', 'c')).status, 200, 'a refusal is not kept')
    assert.equal((await execute('ORD-000003', 'k'.repeat(256))).status, 400)
    assert.deepEqual(running.sandbox.requests().filter(({ note }) => note === 'replayed').length, 1)
  })

  it('gives the CorrelationId back', async () => {
    const headers = { CorrelationId: '0190a6f4-b7c8-7d3e-9f10-23456789abcd' }
    const answer = await send('GET', path('order-status'), { headers })
    assert.equal(answer.headers.get('correlationid'), headers.CorrelationId)
  })
})
