import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  boolean,
  integer,
  json,
  list,
  nodeId,
  oneOf,
  optionalInteger,
  parseFields,
  text,
  type Field,
} from '../../../lib/config/fields.ts'
import { optionalTyped, typed, TYPED_KINDS } from '../../../lib/config/typed.ts'
import { isPaletteError, show } from '../../../lib/errors.ts'

const samples: Record<
  string,
  { field: Field<unknown>; good: unknown[]; bad: unknown[]; is: (value: unknown) => boolean }
> = {
  integer: {
    field: integer({ min: 1, max: 50, default: 10 }),
    good: [1, 50, '1', ' 50 '],
    bad: [0, 51, '51', 1.5, '1.5', '1e1', '0x10', 'ten', true, [], [7], {}, NaN, Infinity, '9'.repeat(400)],
    is: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 50,
  },
  optionalInteger: {
    field: optionalInteger({ min: 30, max: 86_400 }),
    good: [30, '86400', '', undefined],
    bad: [29, '86401', 'x', {}],
    is: (value) => value === undefined || Number.isInteger(value),
  },
  boolean: {
    field: boolean(true),
    good: [true, false, 'true', 'false'],
    bad: ['yes', 0, 1, [], {}],
    is: (value) => typeof value === 'boolean',
  },
  oneOf: {
    field: oneOf(['udp', 'tcp'], 'udp'),
    good: ['udp', 'tcp'],
    bad: ['UDP', 'tls', 0, ['udp'], {}, 'toString'],
    is: (value) => value === 'udp' || value === 'tcp',
  },
  text: {
    field: text({ default: 'x', max: 10, pattern: /^[a-z]+$/, form: 'small letters' }),
    good: ['abc', 'abcdefghij'],
    bad: ['ABC', 'abcdefghijk', 1, {}, ['a'], 'a\n'],
    is: (value) => typeof value === 'string' && /^[a-z]{1,10}$/.test(value),
  },
  nodeId: {
    field: nodeId(),
    good: ['f6f2187d.f17ca8', ''],
    bad: [1, {}, 'x'.repeat(65)],
    is: (value) => typeof value === 'string' && value.length <= 64,
  },
  json: {
    field: json({ a: 1 }, (value) =>
      typeof value === 'object' && value !== null ? undefined : 'expected an object',
    ),
    good: [{ b: 1 }, '{"b":1}'],
    bad: ['{', '1', 1, 'null', true],
    is: (value) => typeof value === 'object' && value !== null,
  },
  list: {
    field: list<number>(
      [],
      (item) => (typeof item === 'number' ? undefined : `expected a number, got ${show(item)}`),
      3,
    ),
    good: [[], [1, 2], '[1,2,3]'],
    bad: [[1, 'x'], [1, 2, 3, 4], '{}', {}, 1, 'x'],
    is: (value) =>
      Array.isArray(value) && value.every((item) => typeof item === 'number') && value.length <= 3,
  },
}

describe('a field', () => {
  for (const [name, { field, good, bad, is }] of Object.entries(samples)) {
    describe(name, () => {
      for (const value of good) {
        it(`takes ${show(value)}`, () => {
          assert.equal(field.check(value), undefined)
          assert.ok(is(field.parse(value)), show(field.parse(value)))
        })
      }
      for (const value of bad) {
        it(`refuses ${show(value)} with a reason`, () => {
          assert.match(field.check(value) ?? '', /expected|item \d+:/)
        })
      }
      for (const value of [undefined, null, '']) {
        it(`has its default for ${show(value)}`, () => {
          assert.equal(field.check(value), undefined)
          assert.deepEqual(field.parse(value), field.default)
        })
      }

      it('parses to its type whatever its check lets through, and never throws', () => {
        const anything = fc.oneof(
          fc.anything(),
          fc.string(),
          fc.integer().map(String),
          fc.json(),
          fc.constantFrom(...good),
        )
        fc.assert(
          fc.property(anything, (value) => {
            const reason = field.check(value)
            if (reason !== undefined) {
              assert.ok(reason.length < 400, 'a reason is short')
              return
            }
            const parsed = field.parse(value)
            assert.ok(is(parsed) || parsed === field.default, show(parsed))
            assert.equal(field.check(parsed), undefined, 'what was parsed is right too')
          }),
        )
      })
    })
  }

  it('of a list names the item that is wrong', () => {
    assert.equal(samples['list']?.field.check([1, 'x']), 'item 1: expected a number, got `x` (string)')
  })
})

describe('parseFields', () => {
  const fields = {
    timeoutMs: integer({ min: 1, max: 100, default: 10 }),
    domain: typed('msg:payload', ['str', 'msg']),
    cache: boolean(true),
  }

  it('gives the default of all that a flow file leaves out', () => {
    assert.deepEqual(parseFields(fields, {}), {
      timeoutMs: 10,
      domain: { type: 'msg', value: 'payload' },
      cache: true,
    })
  })

  it('joins the pair of a TypedInput and leaves unknown properties alone', () => {
    assert.deepEqual(
      parseFields(fields, { domain: 'x.example', domainType: 'str', cache: 'false', wires: [] }),
      {
        timeoutMs: 10,
        domain: { type: 'str', value: 'x.example' },
        cache: false,
      },
    )
  })

  it('names the property that is wrong', () => {
    for (const [stored, field] of [
      [{ timeoutMs: 0 }, 'timeoutMs'],
      [{ domain: 'x', domainType: 'flow' }, 'domain'],
      [{ cache: 'x' }, 'cache'],
    ] as const) {
      assert.throws(
        () => parseFields(fields, stored),
        (error: unknown) => {
          assert.ok(isPaletteError(error))
          assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', field])
          assert.match(error.message, new RegExp(`^Property \`${field}\`: expected`))
          return true
        },
      )
    }
  })
})

describe('a TypedInput field that may be off', () => {
  const read = (stored: object): unknown => parseFields({ x: optionalTyped(['msg', 'json']) }, stored).x
  const OFF = { type: 'off', value: '' }

  it('is off by default, and where its text is empty', () => {
    for (const stored of [{}, { x: '' }, { x: '', xType: 'off' }, { x: '', xType: 'msg' }, { xType: 'off' }])
      assert.deepEqual(read(stored), OFF)
  })

  it('is read like any other', () => {
    assert.deepEqual(read({ x: 'cxone.dns', xType: 'msg' }), { type: 'msg', value: 'cxone.dns' })
  })

  it('is never off because of its type alone: a text that would be left unread is refused', () => {
    for (const stored of [{ x: 'cxone.dns', xType: 'off' }, { x: 'cxone.dns' }])
      assert.throws(() => read(stored), /Property `x`: expected no text with the type off/)
    for (const stored of [
      { x: ' ', xType: 'msg' },
      { x: '', xType: 'flow' },
      { x: '{', xType: 'json' },
    ])
      assert.throws(() => read(stored), /Property `x`: expected/)
  })
})

describe('a TypedInput field', () => {
  const field = typed('msg:payload', TYPED_KINDS)
  const read = (stored: object): unknown => parseFields({ x: field }, stored).x

  for (const [stored, expected] of [
    [{}, { type: 'msg', value: 'payload' }],
    [{ xType: 'msg' }, { type: 'msg', value: 'payload' }],
    [{ x: 'topic' }, { type: 'msg', value: 'topic' }],
    [
      { x: '', xType: 'str' },
      { type: 'str', value: '' },
    ],
    [{ xType: 'str' }, { type: 'str', value: '' }],
    [
      { x: 7, xType: 'num' },
      { type: 'num', value: '7' },
    ],
    [
      { x: true, xType: 'bool' },
      { type: 'bool', value: 'true' },
    ],
    [
      { x: '{"a":1}', xType: 'json' },
      { type: 'json', value: '{"a":1}' },
    ],
  ] as const) {
    it(`reads ${JSON.stringify(stored)} as ${expected.type}:${expected.value}`, () => {
      assert.deepEqual(read(stored), expected)
    })
  }

  for (const stored of [
    { x: '', xType: 'msg' },
    { xType: 'flow' },
    { x: 'ten', xType: 'num' },
    { x: ' ', xType: 'num' },
    { x: 'yes', xType: 'bool' },
    { x: '{', xType: 'json' },
    { x: ' ', xType: 'jsonata' },
    { x: 'a', xType: 're' },
    { x: 'a', xType: 7 },
    { x: {}, xType: 'str' },
  ]) {
    it(`refuses ${JSON.stringify(stored)}`, () => {
      assert.throws(() => read(stored), /Property `x`: expected/)
    })
  }

  it('has a rule of its own for text that is given here, and for that only', () => {
    const id = typed('msg:id', ['str', 'msg'], (text) => (text === '' ? 'expected an id' : undefined))
    assert.equal(id.check({ value: '', type: 'str' }), 'expected an id')
    assert.equal(id.check({ value: 'a', type: 'str' }), undefined)
    assert.equal(id.check({ value: 'id', type: 'msg' }), undefined)
  })

  it('takes only the kinds it was made for', () => {
    const narrow = typed('num:1', ['num', 'msg'])
    assert.equal(narrow.check({ value: '5', type: 'num' }), undefined)
    assert.match(narrow.check({ value: '5', type: 'str' }) ?? '', /expected a type of num, msg/)
  })

  it('either refuses a pair with CONFIG_INVALID, or gives text and a known kind', () => {
    fc.assert(
      fc.property(fc.anything(), fc.oneof(fc.anything(), fc.constantFrom(...TYPED_KINDS)), (x, xType) => {
        try {
          const { value, type } = read({ x, xType }) as { value: unknown; type: string }
          assert.equal(typeof value, 'string')
          assert.ok((TYPED_KINDS as readonly string[]).includes(type))
        } catch (error) {
          assert.ok(isPaletteError(error), show(error))
        }
      }),
    )
  })
})
