import assert from 'node:assert/strict'
import { pack } from '../../../lib/webhook/envelope.ts'

const event = {
  id: 'id-1',
  type: 'customer.looked-up',
  source: '/node-red/n1',
  correlationId: '019aa5e5-1f0a-7d1c-9a53-0d6a6f6c2c11',
  time: 1_800_000_000_000,
}
const json = (payload: unknown): unknown =>
  JSON.parse(pack('cloudevents', { ...event, payload }, 'msg.payload').body.toString())

describe('the envelope of a webhook', () => {
  it('is a CloudEvent 1.0 in structured mode', () => {
    const packed = pack('cloudevents', { ...event, payload: { a: 1 } }, 'msg.payload')
    assert.equal(packed.contentType, 'application/cloudevents+json')
    assert.deepEqual(JSON.parse(packed.body.toString()), {
      specversion: '1.0',
      id: 'id-1',
      source: '/node-red/n1',
      type: 'customer.looked-up',
      time: '2027-01-15T08:00:00.000Z',
      correlationid: '019aa5e5-1f0a-7d1c-9a53-0d6a6f6c2c11',
      datacontenttype: 'application/json',
      data: { a: 1 },
    })
  })

  it('holds binary payloads as base64 and leaves out what is not there', () => {
    const binary = json(Buffer.from([0, 255])) as Record<string, unknown>
    assert.equal(binary['data_base64'], 'AP8=')
    assert.equal(binary['datacontenttype'], 'application/octet-stream')
    assert.ok(!('data' in binary))
    assert.ok(!('data' in (json(undefined) as object)))
    assert.equal((json(null) as { data: unknown }).data, null)
    assert.equal((json('text') as { data: unknown }).data, 'text')
  })

  it('can be the payload alone', () => {
    const raw = (payload: unknown): [string, string] => {
      const { contentType, body } = pack('raw', { ...event, payload }, 'msg.payload')
      return [contentType, body.toString('latin1')]
    }
    assert.deepEqual(raw({ a: [1] }), ['application/json', '{"a":[1]}'])
    assert.deepEqual(raw('héllo'), ['text/plain; charset=utf-8', Buffer.from('héllo').toString('latin1')])
    assert.deepEqual(raw(new Uint8Array([1, 2])), ['application/octet-stream', '\x01\x02'])
    assert.deepEqual(raw(undefined), ['application/json', ''])
    assert.deepEqual(raw(null), ['application/json', 'null'])
    assert.deepEqual(
      raw(() => 1),
      ['application/json', 'null'],
    )
  })

  it('cannot hold what JSON cannot', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const payload of [cyclic, { big: 1n }]) {
      for (const mode of ['cloudevents', 'raw'] as const) {
        assert.throws(() => pack(mode, { ...event, payload }, 'msg.payload'), {
          code: 'INPUT_INVALID',
          details: { path: 'msg.payload' },
        })
      }
    }
  })
})
