import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toJson } from '../../../lib/cxone/to-json.ts'

const invalid = (path: string, message: RegExp) => ({ code: 'INPUT_INVALID', details: { path }, message })

describe('JSON of a message', () => {
  it('is what JSON.stringify gives', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(toJson(value, 'x'), JSON.stringify(value))))
  })

  it('names the very place of a cycle', () => {
    const payload: Record<string, unknown> = { a: { 'b c': [1, {}] } }
    ;(payload['a'] as { 'b c': Record<string, unknown>[] })['b c'][1]!['back'] = payload['a']
    assert.throws(
      () => toJson(payload, 'msg.payload'),
      invalid('msg.payload.a["b c"][1].back', /refers back to `msg.payload.a`/),
    )
  })

  it('takes a value that is used twice for no cycle', () => {
    const shared = { x: 1 }
    assert.equal(toJson({ a: shared, b: shared }, 'x'), '{"a":{"x":1},"b":{"x":1}}')
    assert.throws(() => toJson({ a: shared, b: shared, c: 1n }, 'x'), invalid('x.c', /BigInt/))
  })

  it('names a BigInt, and what fails to give itself away', () => {
    assert.throws(() => toJson({ a: [1n] }, 'p'), invalid('p.a[0]', /BigInt/))
    const angry = {
      toJSON() {
        throw new Error('geheim')
      },
    }
    assert.throws(() => toJson({ a: angry }, 'p'), invalid('p.a', /fails when it is written/))
  })

  it('refuses what JSON has no word for', () => {
    for (const value of [undefined, () => 1, Symbol('x')])
      assert.throws(() => toJson(value, 'p'), { code: 'INPUT_INVALID', details: { path: 'p' } })
  })

  it('refuses a nesting too deep for JSON instead of overflowing', () => {
    let deep: unknown = 1
    for (let i = 0; i < 200_000; i += 1) deep = [deep]
    assert.throws(() => toJson(deep, 'p'), { code: 'INPUT_INVALID' })
  })
})
