import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { compileSchema, type SchemaOptions } from '../../../lib/schema/compile.ts'

const options: SchemaOptions = {
  draft: '2020-12',
  coerce: false,
  useDefaults: false,
  strip: false,
  formats: true,
  maxErrors: 100,
}

// Compiled to a function of its own, because it refers to itself.
const list = { type: 'object', properties: { next: { $ref: '#/$defs/list' } } }

/** Schemas that combine and refer, over values of the same few names. */
const { schema } = fc.letrec<{ schema: object }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<object>({ type: 'string' }, { type: 'number' }, { const: 1 }, { $ref: '#/$defs/list' }),
    fc.tuple(tie('schema'), tie('schema')).map((anyOf) => ({ anyOf })),
    fc.tuple(tie('schema'), tie('schema')).map((oneOf) => ({ oneOf })),
    tie('schema').map((not) => ({ not })),
    fc.tuple(tie('schema'), tie('schema')).map(([some, then]) => ({ if: some, then })),
    tie('schema').map((items) => ({ type: 'array', items })),
    tie('schema').map((a) => ({ type: 'object', properties: { a }, required: ['a'] })),
  ),
}))

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(1, 2, 'x', null, {}),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.record({ a: tie('value'), next: tie('value') }, { requiredKeys: [] }),
  ),
}))

describe('the limit of errors', () => {
  it('does not let a value pass whose first alternative alone fills the list', async () => {
    const items = { $ref: '#/$defs/list' }
    const either = { anyOf: [{ type: 'array', items }, { $ref: '#/$defs/list' }], $defs: { list } }
    const { validate } = await compileSchema('schema', either, options)
    for (const length of [99, 100, 101, 1000])
      assert.equal(validate(new Array(length).fill('wrong'), 'msg.payload').valid, false, `${length} items`)
  })

  it('never changes what is valid', async function () {
    this.timeout(30_000)
    await fc.assert(
      fc.asyncProperty(
        schema,
        fc.array(value, { maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        async (some, values, max) => {
          const whole = { ...some, $defs: { list } }
          const bare = new Ajv2020({ strict: false, allErrors: true }).compile(whole)
          const { validate } = await compileSchema('schema', whole, { ...options, maxErrors: max })
          for (const each of values) assert.equal(validate(each, 'msg.payload').valid, bare(each))
        },
      ),
      { numRuns: 30 },
    )
  })

  it('keeps the list within it', async () => {
    const { validate } = await compileSchema(
      'schema',
      { items: { type: 'number' } },
      { ...options, maxErrors: 7 },
    )
    const verdict = validate(new Array(100_000).fill('x'), 'msg.payload')
    assert.equal(verdict.valid, false)
    assert.equal('errors' in verdict && verdict.errors.length, 7)
  })
})
