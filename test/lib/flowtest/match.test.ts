import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describeDifferences, differencesOf } from '../../../lib/flowtest/match.ts'
import { changesBetween } from '../../../lib/flowtest/changes.ts'
import { snapshot } from '../../../lib/flowtest/snapshot.ts'

const paths = (expected: unknown, actual: unknown): string[] =>
  differencesOf(expected, actual).map(({ path }) => path)

describe('a partial match', () => {
  it('finds no difference of any JSON value from itself', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('"$')),
        (value) => assert.deepEqual(differencesOf(value, structuredClone(value)), []),
      ),
    )
  })

  it('lets objects hold more, at every depth, but lists be of the same length', () => {
    assert.deepEqual(paths({ a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 1, d: 2 }], e: 3 }, f: 4 }), [])
    assert.deepEqual(paths({ a: [1] }, { a: [1, 2] }), ['msg.a'])
    assert.deepEqual(paths({ a: [1, 2] }, { a: [2, 1] }), ['msg.a[0]', 'msg.a[1]'])
  })

  it('tells types, null, missing and inherited properties apart', () => {
    assert.deepEqual(paths({ a: 1 }, { a: '1' }), ['msg.a'])
    assert.deepEqual(paths({ a: null }, {}), ['msg.a'])
    assert.deepEqual(paths({ toString: { $exists: false } }, {}), [])
    assert.deepEqual(paths({ a: {} }, { a: null }), ['msg.a'])
    assert.deepEqual(paths([], {}), ['msg'])
  })

  for (const [matcher, good, bad] of [
    [{ $matches: '^rec-' }, 'rec-1', 'x'],
    [{ $type: 'integer' }, 3, 3.5],
    [{ $type: 'number' }, 3, '3'],
    [{ $type: 'array' }, [], {}],
    [{ $type: 'null' }, null, undefined],
    [{ $exists: true }, 0, undefined],
    [{ $oneOf: ['a', { $min: 2 }] }, 3, 'b'],
    [{ $min: 1, $max: 5 }, 5, 6],
    [{ $length: 2 }, 'ab', [1]],
    [{ $contains: { id: 2 } }, [{ id: 1 }, { id: 2, more: 1 }], [{ id: 1 }]],
    [{ $contains: 'b' }, 'abc', 'acd'],
  ] as const) {
    it(`understands ${JSON.stringify(matcher)}`, () => {
      assert.deepEqual(paths(matcher, good), [])
      assert.deepEqual(paths(matcher, bad), ['msg'])
    })
  }

  it('takes an object with other names for an object, not for a matcher', () => {
    assert.deepEqual(paths({ $ref: '#/x', $min: 1 }, { $ref: '#/x', $min: 1 }), [])
  })

  it('shows each difference in three lines, long values cut, and at most twenty', () => {
    const [path, expected, actual] = describeDifferences(
      differencesOf({ 'a b': 1 }, { 'a b': 'x'.repeat(500) }),
    )
    assert.deepEqual(
      [path, expected, actual?.length],
      ['msg["a b"]', '  expected 1', '  actual   '.length + 200],
    )
    assert.equal(differencesOf(Array(50).fill(1), Array(50).fill(2)).length, 20)
  })
})

describe('a snapshot of a message', () => {
  it('is not changed by what nodes do later', () => {
    const message = { payload: { list: [1] } }
    const copy = snapshot(message)
    message.payload.list.push(2)
    assert.deepEqual(copy, { payload: { list: [1] } })
  })

  it('survives cycles, throwing getters, sockets, functions, dates, errors, buffers and depth', () => {
    const message: Record<string, unknown> = {
      when: new Date(0),
      bytes: Buffer.from('a'),
      big: 5n,
      no: undefined,
      call: () => 1,
    }
    message['self'] = message
    message['res'] = { on: () => undefined, constructor: { name: 'ServerResponse' } }
    message['error'] = Object.assign(new Error('no'), { code: 'X' })
    Object.defineProperty(message, 'bad', {
      enumerable: true,
      configurable: true,
      get: () => {
        throw new Error('touched')
      },
    })
    assert.equal(snapshot(message), '[unreadable]')
    delete message['bad']
    Object.defineProperty(message, 'bad', { enumerable: false, value: 1 })
    assert.deepEqual(snapshot(message), {
      when: '1970-01-01T00:00:00.000Z',
      bytes: { type: 'Buffer', data: [97] },
      big: '5',
      self: '[circular]',
      res: '[ServerResponse]',
      error: { name: 'Error', message: 'no', code: 'X' },
    })
    let deep: object = {}
    for (let level = 0; level < 5000; level += 1) deep = { deep }
    assert.ok(JSON.stringify(snapshot(deep)).includes('[cut]'))
  })
})

describe('the changes of a message', () => {
  it('are what was added, removed and changed, with paths', () => {
    assert.deepEqual(changesBetween({ a: 1, b: { c: [1, 2] }, d: 4 }, { a: 2, b: { c: [1] }, e: 5 }), [
      { path: 'msg.a', kind: 'changed', from: 1, to: 2 },
      { path: 'msg.b.c[1]', kind: 'removed', from: 2 },
      { path: 'msg.d', kind: 'removed', from: 4 },
      { path: 'msg.e', kind: 'added', to: 5 },
    ])
  })

  it('are none between equal values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        assert.deepEqual(changesBetween(value, structuredClone(value)), []),
      ),
    )
  })
})
