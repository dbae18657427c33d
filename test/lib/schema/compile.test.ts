import assert from 'node:assert/strict'
import { DRAFTS, META_SCHEMAS } from '../../../lib/schema/drafts.ts'
import { SchemaCache } from '../../../lib/schema/schema-cache.ts'
import { OPTIONS, validate } from './support.ts'

const fails = (schema: unknown, path: string, message: RegExp, options: object = {}): Promise<void> =>
  assert.rejects(validate(schema, 1, options), (error: any) => {
    assert.equal(error.code, 'SCHEMA_INVALID')
    assert.equal(error.details.path, path)
    assert.match(error.message, message)
    return true
  })

describe('a JSON Schema', () => {
  for (const draft of DRAFTS) {
    it(`of ${draft} is known by its $schema, with http or https, with or without #`, async () => {
      const place = META_SCHEMAS[draft].replace(/^https?/, '').replace(/#$/, '')
      for (const uri of [`http${place}`, `https${place}`, `http${place}#`]) {
        const validator = await new SchemaCache(OPTIONS).ofText('schema', { $schema: uri, type: 'integer' })
        assert.equal(validator.draft, draft)
        assert.equal(validator.validate(1, 'x').valid, true)
        assert.equal(validator.validate('1', 'x').valid, false)
      }
    })

    it(`of ${draft} may refer to the draft's own schema`, async () => {
      assert.equal((await validate({ $ref: META_SCHEMAS[draft] }, { type: 12 }, { draft })).valid, false)
      assert.equal((await validate({ $ref: META_SCHEMAS[draft] }, { type: 'null' }, { draft })).valid, true)
    })

    it(`of ${draft} is checked against the draft`, () =>
      fails({ properties: { a: { minLength: 'x' } } }, '/properties/a/minLength', /integer/, { draft }))
  }

  it('is judged by the keywords of its draft', async () => {
    const schema = { items: [{ type: 'string' }], additionalItems: false }
    assert.equal((await validate(schema, ['a', 1], { draft: 'draft-07' })).valid, false)
    await fails(schema, '/items', /object,boolean/)
    const prefixed = { prefixItems: [{ type: 'string' }], items: false }
    assert.equal((await validate(prefixed, ['a', 1], { draft: '2020-12' })).valid, false)
    assert.equal((await validate(prefixed, [7], { draft: 'draft-07' })).valid, false)
    const dependent = { dependentRequired: { a: ['b'] } }
    assert.equal((await validate(dependent, { a: 1 }, { draft: '2019-09' })).valid, false)
    assert.equal((await validate(dependent, { a: 1 }, { draft: 'draft-06' })).valid, true)
  })

  it('without $schema is of 2020-12, and a chosen draft wins over $schema', async () => {
    assert.equal((await new SchemaCache(OPTIONS).ofText('s', {})).draft, '2020-12')
    const cache = new SchemaCache({ ...OPTIONS, draft: 'draft-07' })
    assert.equal((await cache.ofText('s', { $schema: META_SCHEMAS['2020-12'] })).draft, 'draft-07')
  })

  it('may be JSON text, true or false', async () => {
    assert.equal((await validate('{"type":"string"}', 'x')).valid, true)
    assert.equal((await validate(true, 'x')).valid, true)
    assert.equal((await validate('false', 'x')).valid, false)
  })

  const wrong: Record<string, [unknown, string, RegExp]> = {
    'an unknown $schema': [
      { $schema: 'http://json-schema.org/draft-04/schema#' },
      '/$schema',
      /expected one of `https.*got `http:\/\/json-schema.org\/draft-04\/schema#`/,
    ],
    'a $schema that is no text': [{ $schema: 7 }, '/$schema', /got `7`/],
    'an unknown type': [{ type: 'objet' }, '/type', /allowed values \(array,boolean/],
    'a remote $ref': [
      { properties: { 'a/b': { $ref: 'https://schemas.test/x.json' } } },
      '/properties/a~1b/$ref',
      /`https:\/\/schemas.test\/x.json` is not in this schema: other documents are never fetched/,
    ],
    'a $ref relative to its $id': [
      { $id: 'https://me.test/a.json', items: { $ref: 'b.json' } },
      '/items/$ref',
      /`b.json`/,
    ],
    'a file: $ref': [{ $ref: 'file:///etc/passwd' }, '/$ref', /never fetched/],
    'a local $ref to nothing': [{ $ref: '#/$defs/none' }, '/$ref', /`#\/\$defs\/none`/],
    'a wrong pattern': [{ items: { pattern: '(' } }, '/items/pattern', /Unterminated group/],
    'a wrong pattern of properties': [
      { patternProperties: { '[': true } },
      '/patternProperties/[',
      /Unterminated character class/,
    ],
    'the $id of a draft': [{ $id: META_SCHEMAS['2020-12'] }, '', /already exists/],
    'a number': [5, '', /got `5`/],
    'a list': [[], '', /got/],
    'text that is no JSON': ['{"type":', '', /expected JSON/],
    'text of JSON that is no schema': ['"x"', '', /got `x`/],
    'text that is too long': [`"${'x'.repeat(2_000_001)}"`, '', /at most 2000000 characters/],
  }
  for (const [what, [schema, path, message]] of Object.entries(wrong))
    it(`that is or holds ${what} is refused`, () => fails(schema, path, message))

  it('that is cyclic, too deep or no plain data is refused', async () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['not'] = cyclic
    let deep = {}
    for (let i = 0; i < 50_000; i += 1) deep = { not: deep }
    await fails(cyclic, '', /cyclic/)
    await fails(deep, '', /nested too deeply/)
    await fails({ const: 1n }, '', /no form for/)
  })

  it('with a wrong pattern is refused also where formats are not checked', () =>
    fails({ pattern: '(' }, '/pattern', /Unterminated group/, { formats: false }))

  it('with $async answers at once', async () => {
    assert.equal((await validate({ $async: true, type: 'string' }, 1)).valid, false)
  })

  it('with unknown keywords and formats takes them as remarks', async () => {
    assert.equal((await validate({ 'x-label': 'y', format: 'customer-no' }, 'z')).valid, true)
  })

  it('with formats off takes all formats as remarks', async () => {
    assert.equal((await validate({ format: 'email' }, 'x')).valid, false)
    assert.equal((await validate({ format: 'email' }, 'x', { formats: false })).valid, true)
  })
})

describe('SchemaCache', () => {
  it('compiles once per content, however often it is given', async () => {
    const cache = new SchemaCache(OPTIONS)
    const first = await cache.ofText('a', { type: 'string' })
    assert.equal(await cache.ofText('a', { type: 'string' }), first)
    assert.equal(await cache.ofText('a', '{"type":"string"}'), first)
    assert.notEqual(await cache.ofText('a', { type: 'number' }), first)
  })

  it('compiles once when many ask at the same time', async () => {
    const cache = new SchemaCache(OPTIONS)
    const all = await Promise.all(Array.from({ length: 50 }, () => cache.ofText('a', { minimum: 3 })))
    assert.equal(new Set(all).size, 1)
  })

  it('sees a schema that was changed in place', async () => {
    const cache = new SchemaCache(OPTIONS)
    const schema = { type: 'string' }
    assert.equal((await cache.ofText('a', schema)).validate(1, 'x').valid, false)
    schema.type = 'number'
    assert.equal((await cache.ofText('a', schema)).validate(1, 'x').valid, true)
  })

  it('knows a frozen schema by its identity', async () => {
    const cache = new SchemaCache(OPTIONS)
    const schema = Object.freeze({ type: 'string' })
    assert.equal(await cache.ofFrozen('a', schema), await cache.ofFrozen('a', schema))
  })

  it('forgets what was used longest ago, and takes the same $id in two schemas', async () => {
    const cache = new SchemaCache(OPTIONS, 2)
    const schema = (minimum: number): object => ({ $id: 'https://me.test/s', minimum })
    const first = await cache.ofText('a', schema(1))
    await cache.ofText('a', schema(2))
    await cache.ofText('a', schema(3))
    assert.notEqual(await cache.ofText('a', schema(1)), first)
    assert.equal(first.id, 'https://me.test/s')
  })
})
