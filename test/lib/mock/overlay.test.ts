import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readOverlay } from '../../../lib/mock/overlay.ts'

const VALUES = { index: 7, timestamp: '2026-03-02T09:30:00.000Z', uuid: () => 'a-uuid' }
const merge = (base: unknown, over: unknown): unknown =>
  readOverlay(over, 'msg.overrides').apply(base, VALUES)
const failureOf = (over: unknown): any => {
  try {
    readOverlay(over, 'msg.overrides')
  } catch (error) {
    return error
  }
  return assert.fail('it was taken')
}

describe('an overlay', () => {
  it('merges objects at every depth and replaces all else, lists and null too', () => {
    const base = { a: { b: 1, c: { d: 2 } }, list: [1, 2, 3], n: 1, gone: {} }
    const over = { a: { c: { e: 3 } }, list: [9], n: null, gone: 'text', new: { x: [{ y: 1 }] } }
    assert.deepEqual(merge(base, over), {
      a: { b: 1, c: { d: 2, e: 3 } },
      list: [9],
      n: null,
      gone: 'text',
      new: { x: [{ y: 1 }] },
    })
  })

  it('makes an object where there was none', () => {
    for (const base of [undefined, null, 7, 'x', [1]])
      assert.deepEqual(merge({ a: base }, { a: { b: 1 } }), { a: { b: 1 } })
  })

  it('removes what is not to exist: properties, also deep down, and items', () => {
    const base = { a: 1, b: { c: 1, d: 2 }, e: 3 }
    const over = {
      a: { $exists: false },
      b: { c: undefined },
      f: { $exists: false },
      g: [1, { $exists: false }, 2, undefined],
    }
    assert.deepEqual(merge(base, over), { b: { d: 2 }, e: 3, g: [1, 2, null] })
    assert.deepEqual(merge({}, { a: { $exists: true }, b: { $exists: false, c: 1 } }), {
      a: { $exists: true },
      b: { $exists: false, c: 1 },
    })
  })

  it('fills placeholders in; one alone is a number, unknown ones stay', () => {
    const over = {
      a: '{{index}}',
      b: 'n {{index}} at {{timestamp}}',
      c: ['{{uuid}}'],
      d: '{{name}} {{ index }}',
    }
    assert.deepEqual(merge({}, over), {
      a: 7,
      b: 'n 7 at 2026-03-02T09:30:00.000Z',
      c: ['a-uuid'],
      d: '{{name}} {{ index }}',
    })
  })

  it('gives each event parts of its own', () => {
    const over = { list: [{ a: 1 }], object: { b: 1 } }
    const overlay = readOverlay(over, 'x')
    const [first, second] = [overlay.apply({}, VALUES), overlay.apply({}, VALUES)] as [
      typeof over,
      typeof over,
    ]
    first.list[0]!.a = 2
    first.object.b = 2
    over.list.push({ a: 3 })
    assert.deepEqual(second, { list: [{ a: 1 }], object: { b: 1 } })
  })

  it('keeps names that are special for what they are: names', () => {
    const over = JSON.parse(
      '{"__proto__": {"x": 1}, "constructor": {"prototype": {"x": 1}}, "toString": null}',
    ) as object
    const merged = merge({}, over) as object
    assert.equal(Object.getPrototypeOf(merged), Object.prototype)
    assert.equal(({} as { x?: number }).x, undefined)
    assert.equal(JSON.stringify(merged), JSON.stringify(over))
    const removed = merge(
      JSON.parse('{"__proto__": {"y": 1}}'),
      JSON.parse('{"__proto__": {"$exists": false}}'),
    )
    assert.deepEqual(Object.keys(removed as object), [])
  })

  it('takes objects of other realms and without a prototype', async () => {
    const { runInNewContext } = await import('node:vm')
    assert.deepEqual(merge({}, runInNewContext('({ a: { b: [1] } })')), { a: { b: [1] } })
    assert.deepEqual(merge({}, Object.assign(Object.create(null), { a: 1 })), { a: 1 })
  })

  it('lays any JSON object over nothing as it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value)
        fc.pre(!/\$exists|\{\{/.test(text))
        assert.equal(JSON.stringify(merge({}, JSON.parse(text))), text)
      }),
    )
  })

  it('laid over twice changes nothing more', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (base, over) => {
          const once = merge(structuredClone(base), over)
          assert.deepEqual(merge(structuredClone(once), over), once)
        },
      ),
    )
  })

  describe('names the place of what it cannot take', () => {
    const cyclic: Record<string, unknown> = { a: {} }
    ;(cyclic['a'] as Record<string, unknown>)['b'] = cyclic
    const deep = Array.from({ length: 200 }).reduce<object>((inner) => ({ a: inner }), {})
    const cases: Record<string, readonly [unknown, RegExp]> = {
      'a list': [[1], /^msg\.overrides$/],
      null: [null, /^msg\.overrides$/],
      text: ['x', /^msg\.overrides$/],
      'a function': [{ a: [{ f: () => 1 }] }, /^msg\.overrides\.a\[0\]\.f$/],
      'a Buffer': [{ b: Buffer.alloc(3) }, /^msg\.overrides\.b$/],
      'a Date': [{ d: new Date(0) }, /^msg\.overrides\.d$/],
      'a bigint': [{ n: 1n }, /^msg\.overrides\.n$/],
      NaN: [{ n: [NaN] }, /^msg\.overrides\.n\[0\]$/],
      'a cycle': [cyclic, /^msg\.overrides(\.a\.b)+/],
      'a deep object': [{ deep }, /^msg\.overrides\.deep(\.a)+/],
      'a huge list': [{ list: Array.from({ length: 100_001 }, () => 1) }, /^msg\.overrides$/],
    }
    for (const [name, [over, path]] of Object.entries(cases))
      it(name, () => {
        const { code, details, message } = failureOf(over)
        assert.equal(code, 'INPUT_INVALID')
        assert.match(details.path, path)
        assert.ok(message.length < 600)
      })
  })
})
