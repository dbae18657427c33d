import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { checkSignature } from '../../../lib/sandbox/webhook-signature.ts'
import { createSigner } from '../../../lib/webhook/sign.ts'

const webhook = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: 1614265330,
  body: Buffer.from('{"test": 2432232314}'),
}
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

describe('the signature of a webhook', () => {
  it('is the one of the Standard Webhooks libraries', () => {
    const headers = createSigner('standard-webhooks', { secret, previousSecret: '' })(webhook)
    assert.deepEqual(headers, {
      'webhook-id': webhook.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('is made with both secrets while they rotate, the present one first', () => {
    const headers = createSigner('standard-webhooks', { secret: 'new', previousSecret: secret })(webhook)
    const [now, before] = headers['webhook-signature']!.split(' ')
    const expected = createHmac('sha256', 'new')
      .update(`${webhook.id}.1614265330.{"test": 2432232314}`)
      .digest('base64')
    assert.equal(now, `v1,${expected}`)
    assert.equal(before, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
    const hex = createSigner('hmac-sha256-hex', { secret: 'new', previousSecret: 'old' })(webhook)
    assert.equal(hex['x-signature'], createHmac('sha256', 'new').update(webhook.body).digest('hex'))
    assert.equal(hex['x-signature-previous'], createHmac('sha256', 'old').update(webhook.body).digest('hex'))
  })

  it('differs with the moment of the attempt, but keeps the id', () => {
    const sign = createSigner('standard-webhooks', { secret, previousSecret: '' })
    const later = sign({ ...webhook, timestamp: webhook.timestamp + 5 })
    assert.equal(later['webhook-id'], webhook.id)
    assert.notEqual(later['webhook-signature'], sign(webhook)['webhook-signature'])
  })

  it('can be left out; the id goes along all the same', () => {
    const headers = createSigner('none', { secret: '', previousSecret: '' })(webhook)
    assert.deepEqual(Object.keys(headers), ['webhook-id', 'webhook-timestamp'])
  })

  it('needs a secret that can be read', () => {
    for (const mode of ['standard-webhooks', 'hmac-sha256-hex'] as const) {
      assert.throws(() => createSigner(mode, { secret: '', previousSecret: 'x' }), {
        code: 'CONFIG_INVALID',
        details: { field: 'secret' },
      })
    }
    for (const wrong of ['whsec_', 'whsec_QQQQQ', 'whsec_not base64!', 'whsec_====']) {
      assert.throws(
        () => createSigner('standard-webhooks', { secret: 'ok', previousSecret: wrong }),
        (error: { code: string; details: object; message: string }) =>
          error.code === 'CONFIG_INVALID' &&
          (error.details as { field: string }).field === 'previousSecret' &&
          !error.message.includes(wrong.slice(6) || '\0'),
      )
    }
  })

  it('is accepted by a verifier for any body, and by none after a change', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ minLength: 1 }), (bytes, key) => {
        fc.pre(!key.startsWith('whsec_'))
        const body = Buffer.from(bytes)
        const now = 1_800_000_000
        const headers = createSigner('standard-webhooks', { secret: key, previousSecret: '' })({
          id: 'a',
          timestamp: now,
          body,
        })
        assert.equal(checkSignature(headers, body, key, now).ok, true)
        assert.equal(checkSignature(headers, Buffer.concat([body, Buffer.from('x')]), key, now).ok, false)
        assert.equal(checkSignature({ ...headers, 'webhook-id': 'b' }, body, key, now).ok, false)
      }),
    )
  })
})
