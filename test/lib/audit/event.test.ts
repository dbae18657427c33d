import assert from 'node:assert/strict'
import { describeResult, readEvent } from '../../../lib/audit/event.ts'
import { isPaletteError, show } from '../../../lib/errors.ts'

const places = { eventType: 'eventType', status: 'msg.outcome', subject: 'msg.topic' }
const good = { eventType: 'ORDER_APPROVED', status: 'SUCCESS', subject: 'order-7', details: { a: 1 } }

describe('readEvent', () => {
  it('takes the values as they are', () => {
    assert.deepEqual(readEvent(good, places), good)
  })

  for (const subject of [undefined, null, '']) {
    it(`takes the subject ${JSON.stringify(subject)} as none`, () => {
      assert.equal(readEvent({ ...good, subject }, places).subject, undefined)
    })
  }

  it('takes a number as subject', () => {
    assert.equal(readEvent({ ...good, subject: 7 }, places).subject, '7')
  })

  for (const [name, value, path] of [
    ['eventType', undefined, 'eventType'],
    ['eventType', ' ', 'eventType'],
    ['eventType', 'x'.repeat(201), 'eventType'],
    ['eventType', { a: 1 }, 'eventType'],
    ['status', 1, 'msg.outcome'],
    ['status', null, 'msg.outcome'],
    ['subject', {}, 'msg.topic'],
    ['subject', true, 'msg.topic'],
    ['subject', 'x'.repeat(2001), 'msg.topic'],
  ] as const) {
    it(`refuses ${show(value)} as ${name} and says where it is`, () => {
      assert.throws(
        () => readEvent({ ...good, [name]: value }, places),
        (error: unknown) => {
          assert.ok(isPaletteError(error))
          assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', path])
          return true
        },
      )
    })
  }
})

describe('describeResult', () => {
  it('shows the number of a record, and that one was lost', () => {
    assert.deepEqual(describeResult({ id: 'x', seq: 12 }), ['#12', 'ready'])
    assert.deepEqual(describeResult({ lost: true, reason: 'disk' }), ['record lost', 'degraded'])
  })
})
