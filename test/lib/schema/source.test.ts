import assert from 'node:assert/strict'
import { mkdtemp, mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DataActionEntry, LookupDataAction } from '../../../lib/cxone/access.ts'
import { PaletteError, type ErrorCode } from '../../../lib/errors.ts'
import { createSchemaCheck, describeValidation, factsOf } from '../../../lib/schema/check.ts'
import { choosePart } from '../../../lib/schema/data-action-schema.ts'
import { SchemaCache } from '../../../lib/schema/schema-cache.ts'
import {
  dataActionSource,
  fileSource,
  inlineSource,
  messageSource,
  type SchemaSource,
} from '../../../lib/schema/source.ts'
import { systemClock, systemFiles } from '../../../lib/system.ts'
import { OPTIONS } from './support.ts'

const cache = (): SchemaCache => new SchemaCache(OPTIONS)
const find = async (source: SchemaSource, reference?: unknown) => source({ reference })

describe('a schema of the node', () => {
  it('is compiled at once; what is wrong names the property', async () => {
    const found = await find(await inlineSource(cache(), '{"type":"string"}'))
    assert.equal(found.validator.validate('x', 'v').valid, true)
    await assert.rejects(inlineSource(cache(), '{"type":"x"}'), (error: any) => {
      assert.equal(error.code, 'SCHEMA_INVALID')
      assert.deepEqual([error.details.field, error.details.path], ['schema', '/type'])
      return true
    })
  })
})

describe('a schema of the message', () => {
  it('may be an object, a boolean or JSON text', async () => {
    const source = messageSource(cache(), 'msg.schema')
    for (const schema of [{ type: 'string' }, true, '{"type":"string"}'])
      assert.equal((await find(source, schema)).validator.validate('x', 'v').valid, true)
  })

  it('that is missing or wrong says so', async () => {
    const source = messageSource(cache(), 'msg.schema')
    await assert.rejects(find(source), { code: 'SCHEMA_UNAVAILABLE', message: /`msg.schema`/ })
    await assert.rejects(find(source, 7), { code: 'SCHEMA_INVALID' })
  })
})

describe('a schema in a file', () => {
  let folder = ''
  const path = (): string => join(folder, 'schema.json')
  const source = (file = 'schema.json'): SchemaSource => fileSource(cache(), systemFiles, { file, folder })
  /** Writes the file with a time of change of its own. */
  const write = async (text: string, second: number): Promise<void> => {
    await writeFile(path(), text)
    await utimes(path(), second, second)
  }
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxone-schema-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is found relative to the folder and by its absolute path', async () => {
    await write('\uFEFF{"type":"string"}', 1)
    for (const file of ['schema.json', './schema.json', path()]) {
      const found = await find(source(file))
      assert.equal(found.validator.validate(1, 'v').valid, false)
      assert.equal(found.name, file)
      assert.equal(found.stale, false)
    }
  })

  it('is read again only when it changes', async () => {
    await write('{"type":"string"}', 1)
    let reads = 0
    const files = {
      stat: systemFiles.stat,
      readStream: (name: string) => {
        reads += 1
        return systemFiles.readStream(name)
      },
    }
    const counted = fileSource(cache(), files, { file: 'schema.json', folder })
    await Promise.all([find(counted), find(counted)])
    await find(counted)
    assert.equal(reads, 1)
    await write('{"type":"number"}', 2)
    assert.equal((await find(counted)).validator.validate(1, 'v').valid, true)
    assert.equal(reads, 2)
  })

  it('serves on while it is gone, and is read when it is back', async () => {
    await write('{"type":"string"}', 1)
    const one = source()
    await find(one)
    await rm(path())
    const found = await find(one)
    assert.equal(found.stale, true)
    assert.equal(found.validator.validate('x', 'v').valid, true)
    await write('{"type":"number"}', 1)
    assert.equal((await find(one)).stale, false)
  })

  it('that is wrong after a change is not served on from memory', async () => {
    await write('{"type":"string"}', 1)
    const one = source()
    await find(one)
    await write('{"type":', 2)
    await assert.rejects(find(one), { code: 'SCHEMA_INVALID', message: /`schema.json`/ })
    await write('{"type":"string"}', 3)
    assert.equal((await find(one)).stale, false)
  })

  it('that is missing, a folder or endless is not available or wrong', async () => {
    await assert.rejects(find(source()), { code: 'SCHEMA_UNAVAILABLE', message: /there is no such file/ })
    await mkdir(path())
    await assert.rejects(find(source()), { code: 'SCHEMA_UNAVAILABLE', message: /EISDIR/ })
    await assert.rejects(find(source('/dev/zero')), { code: 'SCHEMA_INVALID', message: /at most 2000000/ })
  })
})

const entry = (definition: object, more: Partial<DataActionEntry> = {}): DataActionEntry => ({
  id: 'a',
  definition: definition as DataActionEntry['definition'],
  endpointUrl: null,
  hostname: null,
  cacheHit: false,
  stale: false,
  attempts: 2,
  latencyMs: 7,
  ...more,
})

describe('a schema of a data action', () => {
  const options = { part: 'output', cacheTtlS: 60, place: 'msg.dataActionId' } as const
  const fail =
    (code: ErrorCode): LookupDataAction =>
    () =>
      Promise.reject(new PaletteError(code, 'no', { details: { status: 1 } }))

  it('is looked up with the life time and with the leave to use an old copy', async () => {
    const calls: unknown[] = []
    const lookup: LookupDataAction = (id, call) => {
      calls.push([id, call])
      return Promise.resolve(entry({ schema: { output: { type: 'string' } } }, { stale: true }))
    }
    const { signal } = new AbortController()
    const source = dataActionSource(cache(), lookup, options)
    const { validator, ...found } = await source({ reference: 'a', signal, correlationId: 'c' })
    assert.deepEqual(found, { name: 'a/output', stale: true, attempts: 2, latencyMs: 7 })
    assert.equal(validator.validate('x', 'v').valid, true)
    assert.deepEqual(calls, [['a', { cacheTtlS: 60, allowStale: true, signal, correlationId: 'c' }]])
  })

  it('is compiled once for each definition', async () => {
    const definition = entry({ outputSchema: { type: 'string' } })
    const source = dataActionSource(cache(), () => Promise.resolve(definition), options)
    assert.equal((await find(source, 'a')).validator, (await find(source, 'a')).validator)
  })

  it('that cannot be looked up is not available, and the cause is kept', async () => {
    for (const code of ['CXONE_NOT_FOUND', 'CXONE_UNREACHABLE', 'AUTH_REJECTED', 'TIMEOUT'] as const)
      await assert.rejects(find(dataActionSource(cache(), fail(code), options), 'a'), (error: any) => {
        assert.equal(error.code, 'SCHEMA_UNAVAILABLE')
        assert.equal(error.cause.code, code)
        assert.deepEqual(error.details, { schema: 'a', status: 1, dataActionId: 'a', reason: code })
        return true
      })
    await assert.rejects(find(dataActionSource(cache(), fail('ABORTED'), options), 'a'), { code: 'ABORTED' })
  })

  it('without an id in the message, or without the part that is asked for, fails', async () => {
    const lookup: LookupDataAction = () => Promise.resolve(entry({ id: 'a' }))
    const source = dataActionSource(cache(), lookup, options)
    await assert.rejects(find(source), { code: 'INPUT_INVALID', details: { path: 'msg.dataActionId' } })
    await assert.rejects(find(source, 'a'), { code: 'SCHEMA_UNAVAILABLE', message: /has no output schema/ })
  })

  it('is taken from every form of definition that is documented', () => {
    const [a, b] = [{ title: 'a' }, { title: 'b' }]
    assert.equal(choosePart({ schema: { input: a, output: b } }, 'output'), b)
    assert.equal(choosePart({ schema: { input: a, output: b } }, 'input'), a)
    assert.equal(choosePart({ inputSchema: a, outputSchema: b }, 'output'), b)
    assert.equal(choosePart({ inputSchema: a, outputSchema: b }, 'input'), a)
    assert.equal(choosePart({ schema: a }, 'output'), a)
    assert.equal(choosePart({ schema: a }, 'whole'), a)
    assert.equal(choosePart({ schema: a }, 'input'), undefined)
    assert.equal(choosePart({ schema: { input: a } }, 'output'), undefined)
    assert.equal(choosePart({ schema: 'x', outputSchema: 7 }, 'output'), undefined)
    assert.equal(choosePart(a, 'whole'), a)
  })
})

describe('a check', () => {
  it('tells the schema, its draft, the verdict and the time', async () => {
    const text = '{"$id":"https://me.test/s","type":"integer"}'
    const check = createSchemaCheck(await inlineSource(cache(), text), systemClock)
    const good = await check({ value: 1, place: 'msg.payload', reference: undefined })
    const { latencyMs, ...rest } = good.validation
    assert.ok(latencyMs >= 0)
    assert.deepEqual(rest, {
      valid: true,
      schemaId: 'https://me.test/s',
      draft: '2020-12',
      coerced: [],
      attempts: 0,
    })
    const bad = await check({ value: 'x', place: 'msg.payload', reference: undefined })
    assert.equal(bad.value, 'x')
    assert.equal(bad.validation.errors?.length, 1)
    assert.deepEqual(factsOf(bad.validation).details, {
      valid: false,
      errors: 1,
      faults: [{ path: '', keyword: 'type' }],
    })
  })

  it('has status texts of at most 20 characters', () => {
    const base = { schemaId: 's', draft: '2020-12', coerced: [], attempts: 0, latencyMs: 1 } as const
    const error = { path: '', keyword: 'type', message: '', expected: 1, actual: 1, schemaPath: '' }
    assert.deepEqual(describeValidation({ ...base, valid: true }), ['valid', 'ready'])
    assert.deepEqual(describeValidation({ ...base, valid: false, errors: [error] }), [
      'invalid: 1 error',
      'ready',
    ])
    const [many] = describeValidation({ ...base, valid: false, errors: Array(10_000).fill(error) })
    assert.ok(many.length <= 21, many)
    assert.deepEqual(describeValidation({ ...base, valid: true, stale: true }), [
      'valid, old schema',
      'degraded',
    ])
  })
})
