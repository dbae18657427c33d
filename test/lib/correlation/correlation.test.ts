import assert from 'node:assert/strict'
import { validate, version } from 'uuid'
import {
  correlationHeaders,
  newCorrelationId,
  readCorrelationId,
} from '../../../lib/correlation/correlation.ts'
import { isPaletteError } from '../../../lib/errors.ts'

describe('newCorrelationId', () => {
  it('makes UUIDs of version 7 that increase, many a millisecond', () => {
    const made = Array.from({ length: 20_000 }, newCorrelationId)
    assert.deepEqual(made, [...made].sort())
    assert.equal(new Set(made).size, made.length)
    assert.ok(made.every((id) => validate(id) && version(id) === 7))
  })

  it('carries the present time', () => {
    const before = Date.now()
    const ms = parseInt(newCorrelationId().replaceAll('-', '').slice(0, 12), 16)
    assert.ok(ms >= before && ms <= Date.now() + 1, `${ms} ${before}`)
  })
})

describe('readCorrelationId', () => {
  it('takes a UUID of any version, in lower case', () => {
    assert.equal(
      readCorrelationId('F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6'),
      'f81d4fae-7dec-41d0-a765-00a0c91e6bf6',
    )
  })

  it('says that there is none', () => {
    assert.equal(readCorrelationId(undefined), undefined)
  })

  for (const value of [
    '',
    'x',
    'f81d4fae7dec41d0a76500a0c91e6bf6',
    'f81d4fae-7dec-41d0-a765-00a0c91e6bf6\r\nX: y',
    null,
    7,
    {},
  ]) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => readCorrelationId(value),
        (error: unknown) => {
          assert.ok(isPaletteError(error))
          assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', 'msg.cxone.correlationId'])
          return true
        },
      )
    })
  }
})

describe('correlationHeaders', () => {
  it('carries the id as CXone and as W3C Trace Context want it', () => {
    const id = newCorrelationId()
    const headers = correlationHeaders(id)
    assert.equal(headers['CorrelationId'], id)
    assert.match(headers['traceparent'] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    assert.equal(headers['traceparent']?.split('-')[1], id.replaceAll('-', ''))
  })

  it('has a new parent id each time', () => {
    const id = newCorrelationId()
    assert.notEqual(correlationHeaders(id)['traceparent'], correlationHeaders(id)['traceparent'])
  })
})
