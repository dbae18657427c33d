import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { SANDBOX_WEBHOOK_SECRET } from '../../../lib/sandbox/credentials.ts'
import { checkSignature } from '../../../lib/sandbox/webhook-signature.ts'
import { useSandbox } from './running-sandbox.ts'

const KEY = Buffer.from(SANDBOX_WEBHOOK_SECRET.slice('whsec_'.length), 'base64')
const BODY = '{"type":"order.shipped","data":{"orderId":"ORD-104233"}}'

function signed(id: string, timestamp: number, body = BODY, key: Buffer = KEY): Record<string, string> {
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` }
}

describe('webhook signature', () => {
  // The example of the Standard Webhooks specification and its reference libraries.
  const vector = {
    key: Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'),
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1614265330,
    body: Buffer.from('{"test": 2432232314}'),
    signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  }
  const headers = {
    'webhook-id': vector.id,
    'webhook-timestamp': String(vector.timestamp),
    'webhook-signature': vector.signature,
  }
  const check = (changes: object, nowS = vector.timestamp) =>
    checkSignature({ ...headers, ...changes }, vector.body, vector.key, nowS)

  it('accepts the vector of the specification, also among other signatures', () => {
    assert.deepEqual(check({}), { ok: true, form: 'standard-webhooks', id: vector.id })
    const list = `v1,AAAA v1a,BBBB ${vector.signature}`
    assert.ok(check({ 'webhook-signature': list }).ok)
  })

  for (const [name, changes, nowS] of [
    ['a changed id', { 'webhook-id': 'msg_other' }, undefined],
    ['an empty id', { 'webhook-id': '' }, undefined],
    ['a missing timestamp', { 'webhook-timestamp': undefined }, undefined],
    ['a timestamp that is no number', { 'webhook-timestamp': '1614265330.5' }, undefined],
    ['a message of six minutes ago', {}, 1614265330 + 360],
    ['a message from the future', {}, 1614265330 - 360],
    ['another version', { 'webhook-signature': vector.signature.replace('v1', 'v2') }, undefined],
    ['an empty signature', { 'webhook-signature': '' }, undefined],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.equal(check(changes, nowS).ok, false)
    })
  }
})

describe('sandbox webhook sink', () => {
  const running = useSandbox()
  const { send } = running
  const now = (): number => Math.floor(running.clock.now() / 1000)
  const post = (path: string, headers: Record<string, string>, body = BODY) =>
    send('POST', path, { headers, body })

  it('takes a well signed event, on any path below and under any host name', async () => {
    assert.equal((await post('/webhooks/sink', signed('msg_1', now()))).status, 204)
    assert.equal((await post('/webhooks/orders/new', signed('msg_2', now()))).status, 204)
    const events = running.sandbox.webhooks()
    assert.deepEqual(
      events.map(({ id, path, signature, deliveries, carriedToken }) => [
        id,
        path,
        signature,
        deliveries,
        carriedToken,
      ]),
      [
        ['msg_1', '/webhooks/sink', 'standard-webhooks', 1, false],
        ['msg_2', '/webhooks/orders/new', 'standard-webhooks', 1, false],
      ],
    )
    assert.deepEqual(events[0]?.body, JSON.parse(BODY))
    assert.deepEqual((await send('GET', '/sandbox/webhooks')).json.webhooks, events)
  })

  it('takes X-Signature as hex, with or without sha256=', async () => {
    const hex = createHmac('sha256', KEY).update(BODY).digest('hex')
    assert.equal((await post('/webhooks/sink', { 'x-signature': hex })).status, 204)
    assert.equal((await post('/webhooks/sink', { 'x-signature': `sha256=${hex}` })).status, 204)
    assert.equal((await post('/webhooks/sink', { 'x-signature': hex.toUpperCase() })).status, 401)
    assert.equal(running.sandbox.webhooks().length, 2)
  })

  it('answers 401 with the reason to unsigned, badly signed and changed events', async () => {
    const cases: [Record<string, string>, string, RegExp][] = [
      [{}, BODY, /no webhook-signature/],
      [signed('msg_1', now(), BODY, Buffer.from('other')), BODY, /fits/],
      [signed('msg_1', now()), `${BODY} `, /fits/],
      [signed('msg_1', now() - 301), BODY, /differs by 30\d s/],
    ]
    for (const [headers, body, reason] of cases) {
      const { status, json } = await post('/webhooks/sink', headers, body)
      assert.equal(status, 401)
      assert.match(json.message, reason)
    }
    assert.deepEqual(running.sandbox.webhooks(), [])
  })

  it('counts repeated deliveries of one id as one event', async () => {
    for (let at = 0; at < 3; at += 1) await post('/webhooks/sink', signed('msg_1', now()))
    const events = running.sandbox.webhooks()
    assert.deepEqual(
      events.map(({ deliveries }) => deliveries),
      [3],
    )
    assert.deepEqual(
      running.sandbox.requests().map(({ note }) => note),
      [undefined, 'duplicate', 'duplicate'],
    )
  })

  it('takes unsigned events at /webhooks/open and shows when a token came along', async () => {
    await send('POST', '/webhooks/open', { token: 'should-not-be-here', body: 'no json' })
    const [event] = running.sandbox.webhooks()
    assert.deepEqual([event?.signature, event?.carriedToken, event?.body], ['none', true, 'no json'])
    assert.ok(!JSON.stringify(event).includes('should-not-be-here'))
  })

  it('answers 410 at /webhooks/gone', async () => {
    assert.equal((await post('/webhooks/gone', signed('msg_1', now()))).status, 410)
  })

  it('keeps the newest 500 events', async () => {
    for (let from = 0; from < 510; from += 30) {
      const ids = Array.from({ length: 30 }, (_, at) => `msg_${from + at}`)
      await Promise.all(ids.map((id) => post('/webhooks/sink', signed(id, now()))))
    }
    const ids = running.sandbox.webhooks().map(({ id }) => id)
    assert.equal(ids.length, 500)
    assert.ok(!ids.includes('msg_0') && ids.includes('msg_509'))
  })
})
