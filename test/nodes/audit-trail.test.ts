import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { isPaletteError } from '../../lib/errors.ts'
import { verifyTrail } from '../../lib/audit/verify.ts'
import { fields, parseConfig, redactRules } from '../../nodes/audit-trail/config.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow } from './harness.ts'

describe('audit-trail', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxone-trail-'))
  })
  afterEach(async () => {
    await unloadFlow()
    await rm(folder, { recursive: true, force: true })
  })

  const load = (trail: object, more: readonly { id: string; type: string }[] = []): Promise<LoadedFlow> =>
    loadFlow([
      { id: 'trail', type: 'audit-trail', name: 'the trail', ...trail },
      { id: 'log', type: 'audit-log', trail: 'trail' },
      ...more,
    ])
  const linesOf = async (path: string): Promise<string[]> =>
    (await readFile(path, 'utf8')).split('\n').slice(0, -1)

  it('has the defaults of the contract', () => {
    assert.deepEqual(parseConfig({}), {
      version: 1,
      sink: 'file',
      path: 'cxone/audit/audit.jsonl',
      format: 'jsonl',
      chain: true,
      durability: 'fsync',
      rotateBytes: 67_108_864,
      rotateDaily: false,
      retainDays: 0,
      redact: [],
      onFailure: 'fail',
    })
  })

  it('writes under the user directory, or to an absolute path', async () => {
    const flow = await load({ path: 'mine/trail.log' })
    await flow.receive('log')
    assert.equal((await linesOf(join(flow.userDir, 'mine', 'trail.log'))).length, 1)
    await flow.unload()
    const path = join(folder, 'absolute.jsonl')
    const other = await load({ path })
    await other.receive('log')
    assert.equal((await linesOf(path)).length, 1)
  })

  it('continues number and chain after a redeploy', async () => {
    const path = join(folder, 'trail.jsonl')
    for (const seq of [1, 2, 3]) {
      const flow = await load({ path })
      assert.equal(sentOf(await flow.receive('log'))['cxone'].audit.seq, seq)
      await flow.unload()
    }
    const found = await verifyTrail(await linesOf(path))
    assert.deepEqual([found.ok, found.records], [true, 3])
    assert.deepEqual(await readdir(folder), ['trail.jsonl'], 'the lock is given back')
  })

  it('begins new files at rotateBytes, also when it is stored as text', async () => {
    const flow = await load({ path: join(folder, 'trail.jsonl'), rotateBytes: '1' })
    for (let n = 0; n < 3; n += 1) await flow.receive('log')
    const names = await readdir(folder)
    assert.equal(
      names.filter((name) => /^trail-\d{4}-\d\d-\d\d-\d{12}\.jsonl$/.test(name)).length,
      2,
      names.join(' '),
    )
  })

  it('leaves the chain out where it is turned off', async () => {
    const flow = await load({ path: join(folder, 'trail.jsonl'), chain: false, durability: 'write' })
    const { id, ...place } = sentOf(await flow.receive('log'))['cxone'].audit
    assert.equal(typeof id, 'string')
    assert.deepEqual(place, { seq: 1 })
  })

  it('refuses a second node on the same file and says which property is wrong', async () => {
    const path = join(folder, 'trail.jsonl')
    const flow = await load({ path }, [
      { id: 'second', type: 'audit-trail', path } as never,
      { id: 'log2', type: 'audit-log', trail: 'second' } as never,
    ])
    const ends = [await flow.receive('log'), await flow.receive('log2')]
    const failed = ends.filter((end) => 'error' in end)
    assert.equal(failed.length, 1)
    const error = failureOf(failed[0]!)
    assert.equal(error.code, 'CONFIG_INVALID')
    assert.match(error.message, /`path`: another audit-trail node already writes/)
  })

  it('writes nothing behind records that were changed', async () => {
    const path = join(folder, 'trail.jsonl')
    const first = await load({ path })
    await first.receive('log')
    await first.unload()
    await writeFile(path, (await readFile(path, 'utf8')).replace('SUCCESS', 'FAILED'))
    const second = await load({ path })
    const error = failureOf(await second.receive('log'))
    assert.equal(error.code, 'AUDIT_UNAVAILABLE')
    assert.match(error.message, /record 1 was changed/)
    assert.match(second.log(), /record 1 was changed/, 'the log tells at the start')
  })

  const wrong: [string, unknown][] = [
    ['sink', 'kafka'],
    ['sink', 'postgres'],
    ['sink', 'syslog'],
    ['sink', 7],
    ['path', 7],
    ['path', {}],
    ['path', 'folder/'],
    ['path', '..'],
    ['path', 'a\0b'],
    ['path', 'x'.repeat(2000)],
    ['format', 'ocsf'],
    ['format', 'xml'],
    ['chain', 'maybe'],
    ['durability', 'none'],
    ['rotateBytes', -1],
    ['rotateBytes', 'many'],
    ['rotateBytes', 1e300],
    ['rotateDaily', 'sometimes'],
    ['retainDays', -1],
    ['retainDays', 1.5],
    ['retainDays', []],
    ['redact', 'x'],
    ['redact', { a: 1 }],
    ['redact', [1]],
    ['redact', ['']],
    ['redact', ['/(/']],
    ['redact', ['/x/q']],
    ['onFailure', 'ignore'],
  ]
  for (const [property, value] of wrong) {
    it(`fails with CONFIG_INVALID naming ${property} for ${JSON.stringify(value).slice(0, 30)}`, async () => {
      const flow = await load({ [property]: value })
      const error = failureOf(await flow.receive('log'))
      assert.deepEqual(
        [error.code, error.details['field'], error.details['configNode']],
        ['CONFIG_INVALID', property, 'trail'],
      )
      assert.match(error.message, new RegExp(`the trail.*\`${property}\``))
      assert.match(flow.log(), new RegExp(`\`${property}\``), 'the log tells too')
    })
  }

  it('says which choices a later version brings', () => {
    assert.match(fields.sink.check('syslog') ?? '', /not supported by this version; use file/)
    assert.match(fields.format.check('cef') ?? '', /not supported by this version; use jsonl/)
  })

  it('never fails with anything but CONFIG_INVALID, whatever is stored', () => {
    const stored = fc.record(Object.fromEntries(Object.keys(fields).map((name) => [name, fc.anything()])), {
      requiredKeys: [],
    })
    fc.assert(
      fc.property(stored, (values) => {
        try {
          redactRules(parseConfig(values).redact)
        } catch (error) {
          assert.ok(isPaletteError(error))
          assert.equal(error.code, 'CONFIG_INVALID')
        }
      }),
    )
  })

  it('sorts the rules of redact into paths and patterns', () => {
    assert.deepEqual(redactRules(['a.b', '/x\\/y/i', '/only']), {
      paths: ['a.b', '/only'],
      patterns: [/x\/y/i],
    })
  })
})
