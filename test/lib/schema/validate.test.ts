import assert from 'node:assert/strict'
import fc from 'fast-check'
import { valueAt, pointerSegment } from '../../../lib/schema/json-pointer.ts'
import { errorsOf, validate } from './support.ts'

const ORDER = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'items'],
  properties: {
    id: { type: 'string', pattern: '^ORD-' },
    status: { enum: ['open', 'closed'] },
    items: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', properties: { qty: { type: 'integer', minimum: 1 } } },
    },
    password: { type: 'string', minLength: 20 },
    'a/b~c': { type: 'boolean' },
  },
}

describe('a value', () => {
  it('that matches is given back as it is', async () => {
    const value = { id: 'ORD-1', items: [{ qty: 1 }] }
    const verdict = await validate(ORDER, value)
    assert.ok(verdict.valid)
    assert.equal(verdict.value, value)
    assert.deepEqual(verdict.coerced, [])
  })

  it('with several faults gets an error for each, with a JSON Pointer', async () => {
    const errors = await errorsOf(ORDER, { id: 'X', items: [{ qty: 1 }, { qty: 0.5 }], 'a/b~c': 'yes' })
    assert.deepEqual(
      errors.map(({ path, keyword }) => [path, keyword]),
      [
        ['/id', 'pattern'],
        ['/items/1/qty', 'type'],
        ['/items/1/qty', 'minimum'],
        ['/a~1b~0c', 'type'],
      ],
    )
  })

  it('gets errors that name what was expected and what was found', async () => {
    assert.deepEqual(await errorsOf(ORDER, { items: [], status: 'lost', extra: 1 }), [
      {
        path: '',
        keyword: 'required',
        message: 'Expected the value to have the property `id`',
        expected: 'id',
        actual: 'object {items, status, extra}',
        schemaPath: '#/required',
        property: 'id',
      },
      {
        path: '',
        keyword: 'additionalProperties',
        message: 'Expected the value to have no property `extra`: the schema does not allow it',
        expected: 'no additional properties',
        actual: 'object {items, status, extra}',
        schemaPath: '#/additionalProperties',
        property: 'extra',
      },
      {
        path: '/status',
        keyword: 'enum',
        message: 'Expected `/status` to be one of `open`, `closed`, got `lost`',
        expected: ['open', 'closed'],
        actual: 'lost',
        schemaPath: '#/properties/status/enum',
      },
      {
        path: '/items',
        keyword: 'minItems',
        message: 'Expected `/items` to have at least 1 item, got `array of 0`',
        expected: 1,
        actual: 'array of 0',
        schemaPath: '#/properties/items/minItems',
      },
    ])
  })

  const messages: [object, unknown, RegExp][] = [
    [{ type: ['string', 'null'] }, 1, /to be a string or null, got `1` \(number\)/],
    [{ type: 'integer' }, null, /to be an integer, got `null`/],
    [{ type: 'number' }, NaN, /to be a number, got `NaN`/],
    [{ const: { a: 1 } }, 2, /to be `\{"a":1\}`/],
    [{ maximum: 3 }, 4, /to be at most 3/],
    [{ exclusiveMinimum: 3 }, 3, /to be more than 3/],
    [{ exclusiveMaximum: 3 }, 3, /to be less than 3/],
    [{ maxLength: 1 }, 'ab', /to have at most 1 character,/],
    [{ maxItems: 1 }, [1, 2], /to have at most 1 item,/],
    [{ minProperties: 1 }, {}, /to have at least 1 properties/],
    [{ maxProperties: 0 }, { a: 1 }, /to have at most 0 properties/],
    [{ multipleOf: 2 }, 3, /to be a multiple of 2/],
    [{ format: 'email' }, 'x', /to be of the format `email`, got `x`/],
    [{ uniqueItems: true }, [1, 1], /to have no equal items, but 0 and 1 are/],
    [{ not: {} }, 1, /not to match/],
    [{ oneOf: [true, true] }, 1, /exactly one .* matches several/],
    [{ oneOf: [false, false] }, 1, /exactly one .* matches none/],
    [{ anyOf: [{ type: 'string' }] }, 1, /at least one of the schemas under `anyOf`/],
    [{ contains: { type: 'string' } }, [1], /to contain at least 1 valid item/],
    [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, /no property `ab`: its name is not allowed/],
    [{ dependentRequired: { a: ['b'] } }, { a: 1 }, /the property `b` where it has `a`/],
    [{ unevaluatedProperties: false }, { x: 1 }, /no property `x`/],
    [{ if: true, then: { type: 'string' } }, 1, /to match the schema under `then`/],
    [{ enum: Array.from({ length: 30 }, (_, i) => i) }, 99, /`19` or 10 more, got/],
  ]
  for (const [schema, value, message] of messages)
    it(`reads ${String(message)} for ${JSON.stringify(schema).slice(0, 40)}`, async () => {
      const errors = await errorsOf(schema, value)
      assert.ok(
        errors.some((error) => message.test(error.message)),
        JSON.stringify(errors),
      )
    })

  it('that is a decimal multiple is one, whatever binary fractions make of it', async () => {
    for (const [value, multipleOf] of [
      [19.99, 0.01],
      [0.3, 0.1],
      [9_999_999.99, 0.01],
      [1.1, 0.1],
      [1e20, 1],
    ])
      assert.equal((await validate({ multipleOf }, value)).valid, true, `${value} ${multipleOf}`)
    for (const [value, multipleOf] of [
      [19.995, 0.01],
      [0.35, 0.1],
      [9_999_999.999, 0.01],
      [7, 2],
    ])
      assert.equal((await validate({ multipleOf }, value)).valid, false, `${value} ${multipleOf}`)
  })

  it('that inherits a name does not have that property', async () => {
    const [error] = await errorsOf({ required: ['toString'] }, {})
    assert.equal(error?.property, 'toString')
    assert.equal((await validate({ properties: { constructor: { type: 'string' } } }, {})).valid, true)
  })

  it('of a property with a secret name is never shown', async () => {
    const errors = await errorsOf(ORDER, { id: 'ORD-1', items: [1], password: 'hunter2' })
    assert.ok(!JSON.stringify(errors).includes('hunter2'))
    assert.equal(errors.find(({ path }) => path === '/password')?.actual, '[redacted]')
    const nested = await errorsOf(
      { properties: { token: { properties: { value: { type: 'number' } } } } },
      { token: { value: 'hunter2' } },
    )
    assert.ok(!JSON.stringify(nested).includes('hunter2'))
    const bearer = await errorsOf({ type: 'number' }, 'Authorization: Bearer hunter2.abc')
    assert.ok(!JSON.stringify(bearer).includes('hunter2'))
  })

  it('that is long is cut in errors', async () => {
    const [error] = await errorsOf({ type: 'number' }, 'x'.repeat(1_000_000))
    assert.ok(JSON.stringify(error).length < 1000)
    assert.match(String(error?.actual), /\(1000000 characters\)$/)
  })

  it('with millions of faults gets at most maxErrors errors', async () => {
    const list = Array.from({ length: 2_000_000 }, (_, i) => i)
    for (const schema of [
      { items: { type: 'string' } },
      { items: { $ref: '#/$defs/name' }, $defs: { name: { type: 'string' } } },
    ]) {
      const errors = await errorsOf(schema, list, { maxErrors: 3 })
      assert.deepEqual(
        errors.map(({ path }) => path),
        ['/0', '/1', '/2'],
      )
    }
  })

  it('is judged alike whatever maxErrors is', async () => {
    const schema = {
      items: { anyOf: [{ type: 'string' }, { type: 'boolean' }, { $ref: '#/$defs/n' }] },
      $defs: { n: { not: { type: 'object' }, type: 'number' } },
    }
    const items = fc.array(
      fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant({}), fc.constant(null)),
    )
    await fc.assert(
      fc.asyncProperty(items, async (list) => {
        const [few, many] = await Promise.all(
          [1, 10_000].map((maxErrors) => validate(schema, list, { maxErrors })),
        )
        const right = list.every((item) => typeof item !== 'object')
        assert.deepEqual([few?.valid, many?.valid], [right, right])
      }),
      { numRuns: 50 },
    )
  })

  it('that is no JSON value is told apart', async () => {
    for (const [value, message] of [
      [undefined, /`msg.payload` .* is missing/],
      [Buffer.from('{}'), /got a Buffer: put a JSON node before/],
      [() => 1, /got a function/],
      [10n, /got a bigint/],
      [Symbol('s'), /got a symbol/],
    ] as const) {
      const [error] = await errorsOf({}, value)
      assert.match(error?.message ?? '', message)
      assert.equal(error?.path, '')
    }
  })

  it('that is cyclic is judged where the schema ends, and refused where it does not', async () => {
    const value: Record<string, unknown> = { id: 1 }
    value['self'] = value
    assert.equal((await validate({ properties: { id: { type: 'integer' } } }, value)).valid, true)
    assert.equal((await errorsOf({ properties: { id: { type: 'string' } } }, value)).length, 1)
    for (const options of [{}, { coerce: true }])
      await assert.rejects(validate({ properties: { self: { $ref: '#' } } }, value, options), {
        code: 'INPUT_INVALID',
        details: { path: 'msg.payload' },
      })
  })

  it('that is nested too deeply or cannot be read is refused', async () => {
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i += 1) deep = [deep]
    await assert.rejects(validate({ items: { $ref: '#' } }, deep), { code: 'INPUT_INVALID' })
    const trap = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    await assert.rejects(validate({ properties: { x: { type: 'string' } } }, trap), { code: 'INPUT_INVALID' })
  })
})

describe('a value that may be changed', () => {
  it('gets the types of the schema, and each change is reported', async () => {
    const value = { id: 12, lines: [{ qty: '2' }, { qty: 3 }], open: 'true' }
    const before = structuredClone(value)
    const schema = {
      properties: {
        id: { type: 'string' },
        open: { type: 'boolean' },
        lines: { items: { properties: { qty: { type: 'integer' } } } },
      },
    }
    const verdict = await validate(schema, value, { coerce: true })
    assert.deepEqual(verdict, {
      valid: true,
      value: { id: '12', lines: [{ qty: 2 }, { qty: 3 }], open: true },
      coerced: [
        { path: '/id', from: 12, to: '12' },
        { path: '/lines/0/qty', from: '2', to: 2 },
        { path: '/open', from: 'true', to: true },
      ],
    })
    assert.deepEqual(value, before)
  })

  it('gets its type also where it is a scalar itself', async () => {
    assert.deepEqual(await validate({ type: 'integer' }, '12', { coerce: true }), {
      valid: true,
      value: 12,
      coerced: [{ path: '', from: '12', to: 12 }],
    })
  })

  it('stays as it is where it is not valid', async () => {
    const value = { a: '1', b: 'x' }
    const schema = { properties: { a: { type: 'number' }, b: { type: 'number' }, c: { default: 1 } } }
    const [error, ...more] = await errorsOf(schema, value, { coerce: true, useDefaults: true, strip: true })
    assert.deepEqual(more, [])
    assert.equal(error?.actual, 'x')
    assert.deepEqual(value, { a: '1', b: 'x' })
  })

  it('shows no secret in the report', async () => {
    const verdict = await validate(
      { properties: { pin: {}, secret: { type: 'string' } } },
      { secret: 4711 },
      { coerce: true },
    )
    assert.ok(verdict.valid)
    assert.deepEqual(verdict.coerced, [{ path: '/secret', from: '[redacted]', to: '[redacted]' }])
    assert.deepEqual(verdict.value, { secret: '4711' })
  })

  it('gets defaults, which are no coercions, and are not shared between values', async () => {
    const schema = {
      properties: { tags: { default: ['x'] }, a: { properties: { b: { default: 1 } }, default: {} } },
    }
    const first = await validate(schema, {}, { useDefaults: true })
    assert.deepEqual(first, { valid: true, value: { tags: ['x'], a: { b: 1 } }, coerced: [] })
    ;(first as any).value.tags.push('y')
    const second = await validate(schema, {}, { useDefaults: true })
    assert.deepEqual((second as any).value.tags, ['x'])
  })

  it('loses properties that the schema does not name', async () => {
    const schema = {
      properties: {
        a: { properties: { x: true } },
        free: { additionalProperties: true },
        map: { type: 'object' },
      },
    }
    const value = { a: { x: 1, y: 2 }, free: { z: 1 }, map: { k: 1 }, other: 1 }
    const verdict = await validate(schema, value, { strip: true })
    assert.deepEqual((verdict as any).value, { a: { x: 1 }, free: { z: 1 }, map: { k: 1 } })
    assert.equal(value.other, 1)
  })

  it('keeps what a combined schema names elsewhere', async () => {
    const schema = { allOf: [{ properties: { a: true } }, { properties: { b: true } }] }
    const verdict = await validate(schema, { a: 1, b: 2, c: 3 }, { strip: true })
    assert.deepEqual((verdict as any).value, { a: 1, b: 2, c: 3 })
    const closed = { ...schema, properties: { a: true, b: true }, additionalProperties: false }
    const stripped = await validate(closed, { a: 1, b: 2, c: 3 }, { strip: true })
    assert.deepEqual((stripped as any).value, { a: 1, b: 2 })
  })

  it('does not reach the prototype through __proto__', async () => {
    const value = JSON.parse('{"__proto__": {"polluted": "1"}, "n": "1"}') as object
    const schema = { additionalProperties: { type: ['number', 'object'] } }
    const verdict = await validate(schema, value, { coerce: true })
    assert.ok(verdict.valid)
    assert.equal(JSON.stringify(verdict.value), '{"__proto__":{"polluted":"1"},"n":1}')
    assert.equal(({} as any).polluted, undefined)
  })

  it('keeps what is no plain data', async () => {
    const when = new Date(0)
    const verdict = await validate({}, { when, list: [when] }, { useDefaults: true })
    assert.ok(verdict.valid)
    assert.equal((verdict.value as any).when, when)
  })
})

describe('a JSON Pointer', () => {
  it('leads to each member of any value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (record) => {
        for (const [key, value] of Object.entries(record))
          assert.equal(valueAt({ a: [record] }, `/a/0/${pointerSegment(key)}`), value)
      }),
    )
  })

  it('finds only own members', () => {
    assert.equal(valueAt({}, '/constructor'), undefined)
    assert.equal(valueAt('text', '/length'), undefined)
  })
})
