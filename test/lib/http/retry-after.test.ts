import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseHttpDate, parseRetryAfter } from '../../../lib/http/retry-after.ts'

const now = Date.UTC(2026, 4, 17, 12, 0, 0)

describe('Retry-After', () => {
  it('is read as seconds', () => {
    assert.equal(parseRetryAfter('120', now), 120_000)
    assert.equal(parseRetryAfter(' 0 ', now), 0)
  })

  it('is a number that JSON can hold, however long the digits', () => {
    assert.equal(parseRetryAfter('9'.repeat(400), 0), Number.MAX_SAFE_INTEGER)
  })

  it('is read as each of the three forms of an HTTP date', () => {
    assert.equal(parseRetryAfter('Sun, 17 May 2026 12:00:30 GMT', now), 30_000)
    assert.equal(parseRetryAfter('Sunday, 17-May-26 12:00:30 GMT', now), 30_000)
    assert.equal(parseRetryAfter('Sun May 17 12:00:30 2026', now), 30_000)
    assert.equal(parseRetryAfter('Mon Jun  1 12:00:00 2026', now), 15 * 86_400_000)
  })

  it('is ignored when it is negative, past, fractional, empty or garbage', () => {
    const wrong = [
      '-1',
      '1.5',
      '',
      'soon',
      '1e3',
      '0x10',
      'Sun, 17 May 2026 11:59:59 GMT',
      '2026-05-17',
      '12 s',
    ]
    for (const value of [
      ...wrong,
      'Sun, 17 Foo 2026 12:00:30 GMT',
      'Sun, 17 May 2026 25:00:30 GMT',
      undefined,
    ])
      assert.equal(parseRetryAfter(value, now), undefined, String(value))
  })

  it('takes a two-digit year far ahead as one of the century before', () => {
    assert.equal(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', now), Date.UTC(1994, 10, 6, 8, 49, 37))
  })

  it('reads every date that JavaScript writes', () => {
    const max = Date.UTC(9999, 11, 31)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: max / 1000 }), (seconds) => {
        const ms = seconds * 1000
        assert.equal(parseHttpDate(new Date(ms).toUTCString(), now), ms)
      }),
    )
  })

  it('never throws nor gives a negative wait', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const wait = parseRetryAfter(text, now)
        assert.ok(wait === undefined || wait >= 0)
      }),
    )
  })
})
