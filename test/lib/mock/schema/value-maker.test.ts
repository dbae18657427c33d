import assert from 'node:assert/strict'
import { Ajv } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { isPaletteError } from '../../../../lib/errors.ts'
import { Walk } from '../../../../lib/mock/schema/draw.ts'
import { FORMATS } from '../../../../lib/mock/schema/formats.ts'
import { createValueMaker } from '../../../../lib/mock/schema/value-maker.ts'
import { seededRandom } from '../../../../lib/random/seeded-random.ts'
import { SANDBOX_ACTIONS } from '../../../../lib/sandbox/data-action-catalogue.ts'

type Schema = Record<string, unknown>

/** Ajv as it comes, without what our validation adds: it judges alone. */
function judge(schema: Schema | boolean): (value: unknown) => boolean {
  const uri = typeof schema === 'object' ? ((schema['$schema'] as string | undefined) ?? '') : ''
  const Judge = uri.includes('draft-07') ? Ajv : uri.includes('2019') ? Ajv2019 : Ajv2020
  const ajv = new Judge({ strict: false, logger: false })
  addFormats.default(ajv)
  return ajv.compile(schema) as (value: unknown) => boolean
}

async function valuesOf(schema: Schema | boolean, count = 60, seed = 1): Promise<unknown[]> {
  const maker = await createValueMaker('test', schema)
  const walk = new Walk()
  return Array.from({ length: count }, (_, at) => maker.make(seededRandom(seed + at), walk))
}

async function rightValuesOf(schema: Schema | boolean, count?: number): Promise<unknown[]> {
  const values = await valuesOf(schema, count)
  const isRight = judge(schema)
  for (const value of values)
    assert.ok(isRight(value), `${JSON.stringify(value)} for ${JSON.stringify(schema)}`)
  return values
}

const failureOf = async (schema: Schema | boolean): Promise<any> =>
  valuesOf(schema, 1).then(
    (values) => assert.fail(`made ${JSON.stringify(values)}`),
    (error: unknown) => error,
  )

const object = (properties: Schema, more: Schema = {}): Schema => ({ type: 'object', properties, ...more })
const draft07 = 'http://json-schema.org/draft-07/schema#'
const draft2019 = 'https://json-schema.org/draft/2019-09/schema'

/** One schema for each keyword and for the ways in which keywords meet. */
const SCHEMAS: Readonly<Record<string, Schema | boolean>> = {
  true: true,
  'an empty schema': {},
  null: { type: 'null' },
  'a list of types': { type: ['null', 'string', 'integer', 'number', 'boolean', 'array', 'object'] },
  'const of an object': { const: { a: [1, { b: null }] } },
  'enum with a type': { type: 'string', enum: [1, 'a', null, 'b'] },
  'enum with limits': { enum: [1, 5, 9, 'x'], minimum: 4 },
  'minimum and maximum': { type: 'integer', minimum: -3, maximum: 4 },
  'fractional limits of an integer': { type: 'integer', minimum: 1.2, maximum: 2.9 },
  'exclusive limits': { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.001 },
  'exclusive limits of an integer': { type: 'integer', exclusiveMinimum: 3, exclusiveMaximum: 5 },
  'limits beyond exact integers': { type: 'integer', minimum: 1e20, maximum: 1e21 },
  'the largest numbers': { type: 'number', minimum: -1.7e308, maximum: 1.7e308 },
  'multipleOf a fraction': { type: 'number', multipleOf: 0.01, minimum: 0, maximum: 1 },
  'two multipleOf': { allOf: [{ multipleOf: 4 }, { multipleOf: 6 }], type: 'integer', minimum: 1 },
  'multipleOf an integer of a tenth': { type: 'integer', multipleOf: 0.1 },
  lengths: { type: 'string', minLength: 3, maxLength: 5 },
  'a long text': { type: 'string', minLength: 3000 },
  'no text at all': { type: 'string', maxLength: 0 },
  'a pattern': { type: 'string', pattern: '^(?:CUST|ORD)-[0-9]{4,8}$' },
  'a pattern that holds on to nothing': { type: 'string', pattern: 'needle', minLength: 20 },
  'a pattern with classes': { type: 'string', pattern: '^[^a-z\\s]\\w\\W[\\d.,-]{2}\\S$' },
  'a pattern of other scripts': { type: 'string', pattern: '^[\\u4e00-\\u9fa5]{2,4}\\p{Lu}\\u{1F600}$' },
  'a pattern with look-aheads': { type: 'string', pattern: '^(?=.*\\d)(?=.*[A-Z]).{8,16}$' },
  'a pattern with a back-reference': { type: 'string', pattern: '^(?<a>[xy]{2})-(?:b|c)-\\k<a>-\\1$' },
  'a pattern of alternatives and ends': { type: 'string', pattern: '^$|^\\+[1-9]\\d{1,14}$' },
  'a pattern with exact length': {
    type: 'string',
    pattern: '^[a-f]+(?:-[a-f]+)*$',
    minLength: 17,
    maxLength: 17,
  },
  'two patterns': { type: 'string', allOf: [{ pattern: '^[a-z]+$' }, { pattern: '^.{3,4}$' }] },
  'a format with a length': { type: 'string', format: 'email', minLength: 40, maxLength: 60 },
  'a format with a pattern': { type: 'string', format: 'email', pattern: '\\.test$' },
  'an unknown format': { type: 'string', format: 'color' },
  items: { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 4 },
  'items of their own': {
    prefixItems: [{ const: 1 }, { type: 'string' }],
    items: false,
    minItems: 1,
    type: 'array',
  },
  'items of their own in draft-07': {
    $schema: draft07,
    type: 'array',
    items: [{ const: 1 }, { type: 'string' }],
    additionalItems: { type: 'boolean' },
    minItems: 4,
  },
  'uniqueItems of few values': { type: 'array', items: { enum: [1, 2, 3] }, uniqueItems: true, minItems: 3 },
  'uniqueItems of booleans': { type: 'array', items: { type: 'boolean' }, uniqueItems: true },
  contains: { type: 'array', items: { type: 'integer' }, contains: { minimum: 100 }, maxItems: 3 },
  'minContains and maxContains': {
    type: 'array',
    items: { type: 'integer', minimum: 0, maximum: 9 },
    contains: { const: 7 },
    minContains: 2,
    maxContains: 2,
    minItems: 6,
  },
  'required and optional properties': object(
    { a: { type: 'string' }, b: { type: 'integer' } },
    { required: ['a'] },
  ),
  'a required property that is not described': object({}, { required: ['a', '__proto__', 'constructor'] }),
  'no additional properties': object({ a: {} }, { additionalProperties: false, required: ['a'] }),
  'a map': { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 3 },
  'a map with names': {
    type: 'object',
    propertyNames: { pattern: '^x-[a-z]+$' },
    additionalProperties: { type: 'null' },
    minProperties: 2,
    maxProperties: 3,
  },
  patternProperties: {
    type: 'object',
    patternProperties: { '^n_': { type: 'number' }, '^s_': { type: 'string' } },
    additionalProperties: false,
    minProperties: 3,
  },
  maxProperties: object({ a: {}, b: {}, c: {}, d: {} }, { maxProperties: 2, required: ['c'] }),
  dependentRequired: object({ a: {}, b: {}, c: {} }, { dependentRequired: { a: ['b'], b: ['c'] } }),
  dependentSchemas: object(
    { card: { type: 'string' }, bill: { type: 'string' } },
    { dependentSchemas: { card: { required: ['bill'], properties: { bill: { minLength: 5 } } } } },
  ),
  'dependencies of draft-07': {
    $schema: draft07,
    ...object(
      { a: {}, b: {} },
      { dependencies: { a: ['b'], b: { properties: { c: { const: 1 } }, required: ['c'] } } },
    ),
  },
  'allOf of objects': {
    allOf: [
      object({ a: { type: 'integer', minimum: 5 } }, { required: ['a'] }),
      object({ a: { maximum: 6 }, b: { type: 'null' } }),
    ],
  },
  'anyOf of which some exclude the rest': {
    type: 'object',
    required: ['kind'],
    anyOf: [{ properties: { kind: { const: 'a' } } }, { properties: { kind: { const: 'b' } } }],
    properties: { kind: { enum: ['b', 'c'] } },
  },
  'oneOf that overlap': {
    type: 'integer',
    minimum: 0,
    maximum: 30,
    oneOf: [{ multipleOf: 3 }, { multipleOf: 5 }],
  },
  'oneOf with a discriminator': {
    oneOf: [
      object(
        { type: { const: 'card' }, number: { type: 'string', pattern: '^\\d{16}$' } },
        { required: ['type', 'number'] },
      ),
      object(
        { type: { const: 'iban' }, iban: { type: 'string', minLength: 15 } },
        { required: ['type', 'iban'] },
      ),
    ],
  },
  'if, then, else': {
    ...object({ country: { enum: ['US', 'DE'] }, zip: { type: 'string' } }, { required: ['country', 'zip'] }),
    if: { properties: { country: { const: 'US' } } },
    then: { properties: { zip: { pattern: '^\\d{5}-\\d{4}$' } } },
    else: { properties: { zip: { pattern: '^\\d{5}$' } } },
  },
  'not a type': { not: { type: ['string', 'number', 'null'] } },
  'not a value': { type: 'integer', minimum: 0, maximum: 2, not: { enum: [0, 1] } },
  'not a range': { type: 'integer', not: { minimum: -50000 } },
  'not a property': object({ a: {}, b: { type: 'string' } }, { not: { required: ['a'] } }),
  'not a form': object(
    { a: { type: 'integer' } },
    { required: ['a'], not: { properties: { a: { minimum: 0 } } } },
  ),
  'not a length': { type: 'string', not: { maxLength: 12 } },
  'not of anyOf': { type: 'integer', not: { anyOf: [{ minimum: 10 }, { maximum: 5 }] } },
  'a reference': {
    $defs: { id: { type: 'string', format: 'uuid' } },
    ...object({ a: { $ref: '#/$defs/id' } }, { required: ['a'] }),
  },
  'references by anchor and id': {
    $id: 'https://example.com/root',
    $defs: {
      a: { $anchor: 'here', type: 'integer' },
      b: {
        $id: 'other',
        $defs: { c: { type: 'null' } },
        ...object({ x: { $ref: '#/$defs/c' } }, { required: ['x'] }),
      },
    },
    ...object(
      { n: { $ref: '#here' }, o: { $ref: 'other' }, p: { $ref: 'other#/$defs/c' } },
      { required: ['n', 'o', 'p'] },
    ),
  },
  'a reference with escapes': { definitions: { 'a/b~c d': { const: 3 } }, $ref: '#/definitions/a~1b~0c%20d' },
  'a tree': {
    $defs: {
      node: object(
        { value: { type: 'integer' }, left: { $ref: '#/$defs/node' }, right: { $ref: '#/$defs/node' } },
        { required: ['value'] },
      ),
    },
    $ref: '#/$defs/node',
  },
  'a tree whose leaves are null': {
    $defs: {
      tree: {
        oneOf: [
          object(
            { l: { $ref: '#/$defs/tree' }, r: { $ref: '#/$defs/tree' } },
            { required: ['l', 'r'], additionalProperties: false },
          ),
          { type: 'null' },
        ],
      },
    },
    $ref: '#/$defs/tree',
  },
  'a list of itself': { type: 'array', items: { $ref: '#' }, maxItems: 3 },
  'an expression': {
    $defs: {
      expression: { anyOf: [{ $ref: '#/$defs/sum' }, { type: 'number' }] },
      sum: { type: 'array', minItems: 2, maxItems: 2, items: { $ref: '#/$defs/expression' } },
    },
    $ref: '#/$defs/sum',
  },
  $recursiveRef: {
    $schema: draft2019,
    $recursiveAnchor: true,
    ...object({ child: { $recursiveRef: '#' }, n: { type: 'integer' } }, { required: ['n'] }),
  },
  $dynamicRef: {
    $dynamicAnchor: 'node',
    ...object({ child: { $dynamicRef: '#node' }, n: { type: 'integer' } }, { required: ['n'] }),
  },
  unevaluatedProperties: {
    allOf: [object({ a: { type: 'string' } }, { required: ['a'] })],
    properties: { b: { type: 'integer' } },
    unevaluatedProperties: false,
  },
  unevaluatedItems: { type: 'array', prefixItems: [{ type: 'string' }], unevaluatedItems: false },
  'keywords without a type': { minimum: 3, minLength: 3, required: ['a'] },
}

describe('values made from a JSON Schema', function () {
  this.timeout(60_000)

  for (const [name, schema] of Object.entries(SCHEMAS))
    it(`match it: ${name}`, async () => {
      const values = await rightValuesOf(schema)
      assert.equal(values.length, 60)
    })

  for (const [format, { pattern, edges = [] }] of Object.entries(FORMATS))
    it(`match the format ${format}, edge cases first`, async () => {
      const schema = { type: 'string', format }
      const values = await rightValuesOf(schema, 200)
      assert.deepEqual(values.slice(0, edges.length), edges)
      assert.ok(values.slice(edges.length + 2).some((value) => new RegExp(pattern, 'u').test(String(value))))
    })

  for (const action of SANDBOX_ACTIONS)
    it(`match the inputs and outputs of ${action.id}`, async () => {
      await rightValuesOf(action.inputSchema)
      await rightValuesOf(action.outputSchema)
    })

  it('walk the edge cases first: limits, members, absent properties, branches', async () => {
    const schema = object(
      {
        n: { type: 'integer', minimum: 3, maximum: 90 },
        s: { type: 'string', minLength: 2, maxLength: 40 },
        e: { enum: ['x', 'y', 'z'] },
        list: { type: 'array', items: { type: 'null' }, minItems: 1, maxItems: 7 },
        any: { anyOf: [{ type: 'boolean' }, { const: 'c' }] },
        maybe: { type: 'integer' },
      },
      { required: ['n', 's', 'e', 'list', 'any'] },
    )
    const [a, b, c] = (await rightValuesOf(schema, 3)) as Record<string, any>[]
    assert.deepEqual([a?.['n'], b?.['n']], [3, 90])
    assert.deepEqual([a?.['s'].length, b?.['s'].length], [2, 40])
    assert.match(c?.['s'] as string, /[^\0-\x7f]/)
    assert.deepEqual([a?.['e'], b?.['e'], c?.['e']], ['x', 'y', 'z'])
    assert.deepEqual([a?.['list'].length, b?.['list'].length], [1, 7])
    assert.deepEqual([typeof a?.['any'], b?.['any']], ['boolean', 'c'])
    assert.deepEqual([a && 'maybe' in a, b && 'maybe' in b], [true, false])
  })

  it('are the same for the same seed, and others for another', async () => {
    const schema = SANDBOX_ACTIONS.find(({ id }) => id === 'wrap-up-sync')!.outputSchema
    const first = await valuesOf(schema, 40, 7)
    assert.deepEqual(await valuesOf(schema, 40, 7), first)
    assert.notDeepEqual(await valuesOf(schema, 40, 8), first)
  })

  it('do not share parts with the schema', async () => {
    const schema = { const: { list: [1] } }
    const [value] = (await valuesOf(schema, 1)) as [{ list: number[] }]
    value.list.push(2)
    assert.deepEqual(schema, { const: { list: [1] } })
  })

  describe('that cannot be met', () => {
    const cases: Record<string, readonly [Schema | boolean, keyword: string, path: string]> = {
      false: [false, '#', '#'],
      'types that exclude each other': [
        { allOf: [{ type: 'string' }, { type: 'null' }] },
        'type',
        '#/allOf/1/type',
      ],
      'limits in the wrong order': [
        object({ n: { type: 'number', minimum: 5, maximum: 4 } }, { required: ['n'] }),
        'maximum',
        '#/properties/n/maximum',
      ],
      'no multiple between the limits': [
        { type: 'integer', minimum: 1, maximum: 4, multipleOf: 5 },
        'multipleOf',
        '#/multipleOf',
      ],
      'a pattern against a length': [
        { type: 'string', pattern: '^a{5}$', maxLength: 3 },
        'maxLength',
        '#/maxLength',
      ],
      'two patterns': [
        { type: 'string', allOf: [{ pattern: '^a$' }, { pattern: '^b$' }] },
        'pattern',
        '#/allOf/0/pattern',
      ],
      'too few values for uniqueItems': [
        { type: 'array', items: { enum: [1, 2] }, uniqueItems: true, minItems: 3 },
        'uniqueItems',
        '#/uniqueItems',
      ],
      'a required property that is excluded': [
        object({ a: false }, { required: ['a'] }),
        'a',
        '#/properties/a',
      ],
      'a required property that additionalProperties excludes': [
        object({}, { required: ['a'], additionalProperties: false }),
        'additionalProperties',
        '#/additionalProperties',
      ],
      'no value left': [{ enum: [1, 2], minimum: 3 }, 'enum', '#/enum'],
      'everything excluded': [{ type: 'string', not: {} }, 'not', '#/not'],
      'a tree without leaves': [
        { ...object({ child: { $ref: '#' } }, { required: ['child'] }) },
        'child',
        '#/properties/child',
      ],
      'a list that is too long': [{ type: 'array', minItems: 1e9 }, 'minItems', '#/minItems'],
      'lists of lists that are too long': [
        {
          type: 'array',
          minItems: 1000,
          items: {
            type: 'array',
            minItems: 1000,
            items: { type: 'array', minItems: 1000, items: { const: 1 } },
          },
        },
        'items',
        '#/items/items/items',
      ],
      'a text that is too long': [{ type: 'string', minLength: 1e9 }, 'minLength', '#/minLength'],
      'a pattern that is too long': [
        { type: 'string', pattern: '^(?:a{1000}){1000}$' },
        'pattern',
        '#/pattern',
      ],
      'an object that is too large': [
        { type: 'object', minProperties: 1e9 },
        'minProperties',
        '#/minProperties',
      ],
    }
    for (const [name, [schema, keyword, path]] of Object.entries(cases))
      it(`are told with keyword and place: ${name}`, async () => {
        const { code, message, details } = await failureOf(schema)
        assert.equal(code, 'SCHEMA_UNSATISFIABLE', message)
        assert.deepEqual(
          [details.keyword, details.schemaPath, details.schema],
          [keyword, path, 'test'],
          message,
        )
        assert.match(message, /JSON Schema `test`/)
        assert.ok(message.length < 500, message)
      })

    it('do not hold the event loop: a pattern that backtracks, branches without end', async () => {
      const slow = await failureOf({ type: 'string', pattern: '^(?=(?:a+)+$)(?:a+)+b$', minLength: 60 })
      assert.equal(slow.code, 'SCHEMA_UNSATISFIABLE', slow.message)
      const wide = await failureOf({
        anyOf: [{ $ref: '#' }, { $ref: '#' }],
        not: { anyOf: [{ $ref: '#' }, { $ref: '#' }] },
      })
      assert.equal(wide.code, 'SCHEMA_UNSATISFIABLE', wide.message)
    })
  })

  it('need a schema that is right', async () => {
    assert.equal((await failureOf({ type: 'text' })).code, 'SCHEMA_INVALID')
    assert.equal((await failureOf({ $ref: 'https://example.com/elsewhere' })).code, 'SCHEMA_INVALID')
  })

  it('match any schema that describes a value', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), fc.context(), async (value, context) => {
        const schema = describeValue(value) as Schema
        context.log(JSON.stringify(schema))
        await rightValuesOf(schema, 8)
      }),
      { numRuns: 50 },
    )
  })

  it('match any schema, or say which keyword cannot be met', async () => {
    let made = 0
    await fc.assert(
      fc.asyncProperty(anySchema, fc.nat(), async (schema, seed) => {
        const isRight = judge(schema)
        try {
          for (const value of await valuesOf(schema, 4, seed)) {
            assert.ok(isRightOrBroken(isRight, value), JSON.stringify(value))
            made += 1
          }
        } catch (error) {
          if (!isPaletteError(error)) throw error
          assert.equal(error.code, 'SCHEMA_UNSATISFIABLE')
          assert.equal(typeof error.details['keyword'], 'string', error.message)
        }
      }),
      { numRuns: 120 },
    )
    assert.ok(made > 150, `${made} values were made`)
  })
})

/** Ajv 8 makes code that does not run of some odd schemas (`not: true` beside `prefixItems`): those are not judged. */
function isRightOrBroken(isRight: (value: unknown) => boolean, value: unknown): boolean {
  try {
    return isRight(value)
  } catch (error) {
    if (error instanceof ReferenceError) return true
    throw error
  }
}

/** A schema that this value, and others like it, match. */
function describeValue(value: unknown): unknown {
  if (value === null) return { type: 'null' }
  if (typeof value === 'string')
    return { type: 'string', minLength: Math.min(value.length, 5), maxLength: value.length + 5 }
  if (typeof value === 'number')
    return Number.isInteger(value)
      ? { type: 'integer', minimum: value - 5 }
      : { type: 'number', exclusiveMaximum: value }
  if (typeof value === 'boolean') return { anyOf: [{ const: value }, { type: 'boolean' }] }
  if (Array.isArray(value))
    return {
      type: 'array',
      prefixItems: value.length > 0 ? value.map(describeValue) : undefined,
      minItems: value.length,
      items: false,
    }
  const entries = Object.entries(value as object)
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, each]) => [name, describeValue(each)])),
    required: entries.filter((_, at) => at % 2 === 0).map(([name]) => name),
    additionalProperties: false,
    minProperties: Math.floor(entries.length / 2),
  }
}

const low = fc.integer({ min: -20, max: 2 })
const high = fc.integer({ min: 1, max: 20 })
const few = fc.nat({ max: 2 })
const many = fc.integer({ min: 2, max: 40 })
const names = fc.constantFrom('a', 'b', 'c', 'd')
const types = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object')

const { schema: anySchema } = fc.letrec<{
  schema: Schema | boolean
  node: Schema
  numbers: Schema
  texts: Schema
  lists: Schema
  objects: Schema
  mixed: Schema
}>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'schema' },
    { weight: 1, arbitrary: fc.constant(true as const) },
    { weight: 4, arbitrary: tie('numbers') },
    { weight: 4, arbitrary: tie('texts') },
    { weight: 3, arbitrary: tie('lists') },
    { weight: 4, arbitrary: tie('objects') },
    { weight: 4, arbitrary: tie('mixed') },
  ),
  node: fc.oneof(tie('numbers'), tie('texts')),
  numbers: fc.record(
    {
      type: fc.constantFrom('integer', 'number'),
      minimum: low,
      maximum: high,
      exclusiveMinimum: low,
      multipleOf: fc.constantFrom(1, 2, 3, 0.5, 0.1),
    },
    { requiredKeys: [] },
  ),
  texts: fc.record(
    {
      type: fc.constant('string'),
      minLength: few,
      maxLength: many,
      pattern: fc.constantFrom('^[a-c]*$', 'x', '^(?:ab|c)+$', '\\d{2}$'),
      format: fc.constantFrom('date', 'email', 'uuid', 'nothing'),
    },
    { requiredKeys: ['type'], noNullPrototype: true },
  ),
  lists: fc.record(
    {
      type: fc.constant('array'),
      items: tie('schema'),
      prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
      contains: tie('schema'),
      minItems: few,
      maxItems: many,
      uniqueItems: fc.boolean(),
    },
    { requiredKeys: ['type'] },
  ),
  objects: fc.record(
    {
      type: fc.constant('object'),
      properties: fc.dictionary(names, tie('schema'), { maxKeys: 3 }),
      required: fc.uniqueArray(names, { maxLength: 2 }),
      additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
      patternProperties: fc.dictionary(fc.constantFrom('^a', '^x-'), tie('schema'), { maxKeys: 2 }),
      propertyNames: fc.constantFrom({ maxLength: 3 }, { pattern: '^[a-d]' }),
      minProperties: few,
      maxProperties: many,
      dependentRequired: fc.dictionary(names, fc.uniqueArray(names, { maxLength: 2 }), { maxKeys: 2 }),
      dependentSchemas: fc.dictionary(names, tie('schema'), { maxKeys: 1 }),
    },
    { requiredKeys: ['type'] },
  ),
  mixed: fc.record(
    {
      type: fc.uniqueArray(types, { minLength: 1, maxLength: 3 }),
      enum: fc.uniqueArray(fc.oneof(low, fc.constantFrom('a', null, true)), { minLength: 1, maxLength: 4 }),
      not: tie('schema'),
      anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
      oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
      allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
      if: tie('schema'),
      then: tie('schema'),
      else: tie('schema'),
    },
    { requiredKeys: [] },
  ),
}))
