import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v3, v5, validate, version } from 'uuid'
import { PaletteError } from '../../../lib/errors.ts'
import { HighWaterMark } from '../../../lib/uuid/high-water-mark.ts'
import { inspectUuid } from '../../../lib/uuid/inspect.ts'
import type { UuidSettings } from '../../../lib/uuid/settings.ts'
import { createUuidStep, type UuidFacts, type UuidRequest } from '../../../lib/uuid/step.ts'
import { processTimeline } from '../../../lib/uuid/timeline.ts'
import { systemClock, systemRandom } from '../../../lib/system.ts'
import { fakeClock, fakeFiles, stuckRandom } from './fakes.ts'

const SETTINGS: UuidSettings = {
  mode: 'generate',
  uuidVersion: '4',
  format: 'canonical',
  registry: 'memory',
  registryCapacity: 1000,
  maxDuplicates: 100,
}
const CORRELATION_ID = '0190b7a0-5c1e-7000-8000-0d4c1b2a3f4e'

const given = (value: unknown, place: string): { value: unknown; place: string } => ({ value, place })

interface Asked {
  count?: unknown
  namespace?: unknown
  name?: unknown
  payload?: unknown
  correlationId?: string
  signal?: AbortSignal
  onProgress?: UuidRequest['onProgress']
}

function requestOf({ count = 1, namespace, name, ...rest }: Asked): UuidRequest {
  return {
    payload: undefined,
    correlationId: CORRELATION_ID,
    signal: new AbortController().signal,
    ...(rest as object),
    count: given(count, 'msg.count'),
    namespace: given(namespace, 'namespace'),
    name: given(name, 'msg.payload'),
  }
}

async function stepOf(settings: Partial<UuidSettings> = {}, ports: object = {}) {
  const log = { info: () => undefined, warn: () => undefined }
  const markPorts = { files: fakeFiles(), clock: systemClock, log, timeline: processTimeline }
  const mark = await HighWaterMark.open(markPorts, join(tmpdir(), 'uuid-v7.json'))
  const all = { clock: systemClock, random: systemRandom, nodeId: 'node1', mark, ...ports }
  const run = createUuidStep({ ...SETTINGS, ...settings }, all)
  return (asked: Asked = {}) => run(requestOf(asked))
}

const codeAndPath = (code: string, path: string) => (error: unknown) => {
  ok(error instanceof PaletteError, String(error))
  deepEqual([error.code, error.details['path']], [code, path])
  return true
}

describe('createUuidStep: generate', () => {
  for (const uuidVersion of ['1', '4', '6', '7'] as const) {
    it(`makes different UUIDs of version ${uuidVersion} and says so`, async () => {
      const run = await stepOf({ uuidVersion })
      const { value, facts } = await run({ count: 500 })
      const ids = value as string[]
      equal(new Set(ids).size, 500)
      ok(ids.every((id) => validate(id) && version(id) === Number(uuidVersion)))
      const { latencyMs, ...rest } = facts as UuidFacts
      ok(latencyMs >= 0)
      deepEqual(rest, {
        ...{ version: Number(uuidVersion), variant: 2, count: 500 },
        ...{ generated: 500, duplicates: 0, uniquenessRate: 1 },
      })
    })
  }

  for (const uuidVersion of ['6', '7'] as const)
    it(`makes version ${uuidVersion} in increasing order, from one message to the next`, async () => {
      const run = await stepOf({ uuidVersion, registry: 'none' })
      const ids = [await run({ count: 30_000 }), await run({ count: 30_000 })].flatMap(
        ({ value }) => value as string[],
      )
      deepEqual(ids, ids.toSorted())
      equal(new Set(ids).size, 60_000)
    })

  for (const uuidVersion of ['1', '6'] as const)
    it(`tells the time and a random multicast node in version ${uuidVersion}`, async () => {
      const run = await stepOf({ uuidVersion }, { clock: fakeClock(1_700_000_000_123) })
      const report = inspectUuid((await run()).value)
      equal(report.timestamp, '2023-11-14T22:13:20.123Z')
      equal(parseInt(String(report.node).slice(0, 2), 16) & 1, 1)
    })

  it('keeps version 6 increasing when the clock steps back', async () => {
    const clock = fakeClock(5000)
    const run = await stepOf({ uuidVersion: '6' }, { clock })
    const first = (await run()).value as string
    clock.ms = 10
    ok(((await run()).value as string) > first)
  })

  it('gives one text for one, a list for more', async () => {
    const run = await stepOf()
    equal(typeof (await run({ count: 1 })).value, 'string')
    equal(((await run({ count: '2' })).value as string[]).length, 2)
  })

  it('writes the form that it is set to', async () => {
    for (const [format, form] of [
      ['hex', /^[\da-f]{32}$/],
      ['urn', /^urn:uuid:[\da-f-]{36}$/],
      ['base64url', /^[\w-]{22}$/],
    ] as const) {
      const { value } = await (await stepOf({ format }))()
      match(value as string, form)
      equal(inspectUuid(value).version, 4)
    }
  })

  for (const count of [
    0,
    -1,
    1.5,
    1_000_001,
    NaN,
    Infinity,
    '',
    'two',
    '1e3',
    null,
    undefined,
    true,
    [3],
    {},
  ])
    it(`refuses the count ${typeof count} ${JSON.stringify(count)}`, async () => {
      const run = createUuidStep(SETTINGS, { clock: systemClock, random: systemRandom, nodeId: 'n' })
      const request = { ...requestOf({}), count: given(count, 'msg.count') }
      await rejects(run(request), codeAndPath('INPUT_INVALID', 'msg.count'))
    })

  it('lets others have their turn in a large batch, tells how far it is, and can be stopped', async () => {
    const clock = fakeClock(1)
    const run = await stepOf({ registry: 'none' }, { clock })
    const seen: number[] = []
    await run({ count: 50_000, onProgress: (done) => void seen.push(done) })
    deepEqual(seen, [20_000, 40_000])
    equal(clock.slept, 2)
    await rejects(run({ count: 50_000, signal: AbortSignal.abort(new Error('stop')) }), /stop/)
  })

  it('replaces duplicates, also those of messages before, and counts them', async () => {
    let calls = 0
    // Each value comes twice.
    const random = { bytes: (n: number) => new Uint8Array(n).fill(calls++ >> 1), uniform: () => 0 }
    const run = await stepOf({}, { random })
    const first = await run({ count: 3 })
    equal(new Set(first.value as string[]).size, 3)
    const { generated, duplicates, uniquenessRate } = first.facts as UuidFacts
    deepEqual([generated, duplicates, uniquenessRate], [5, 2, 0.6])
    const second = await run()
    ok(!(first.value as string[]).includes(second.value as string))
    equal((second.facts as UuidFacts).duplicates, 1)
  })

  it('fails above `maxDuplicates`', async () => {
    const run = await stepOf({ maxDuplicates: 5 }, { random: stuckRandom })
    await run()
    await rejects(run(), (error: PaletteError) => {
      deepEqual([error.code, error.details], ['UUID_COLLISIONS', { duplicates: 6, maxDuplicates: 5 }])
      return true
    })
  })

  it('does not look for duplicates without a registry', async () => {
    const run = await stepOf({ registry: 'none' }, { random: stuckRandom })
    const ids = (await run({ count: 2 })).value as string[]
    equal(ids[0], ids[1])
  })
})

describe('createUuidStep: names', () => {
  it('makes the vectors of RFC 9562', async () => {
    const name = 'www.example.com'
    equal(
      (await (await stepOf({ uuidVersion: '3' }))({ namespace: 'DNS', name })).value,
      '5df41881-3aed-3515-88a7-2f4a814cf09e',
    )
    equal(
      (await (await stepOf({ uuidVersion: '5' }))({ namespace: 'dns', name })).value,
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    )
  })

  it('knows the namespaces of RFC 9562 and takes any UUID as one', async () => {
    const run = await stepOf({ uuidVersion: '5' })
    for (const [namespace, id] of [
      ['URL', v5.URL],
      ['OID', '6ba7b812-9dad-11d1-80b4-00c04fd430c8'],
      ['X500', '6ba7b814-9dad-11d1-80b4-00c04fd430c8'],
      [`urn:uuid:${CORRELATION_ID}`, CORRELATION_ID],
    ])
      equal((await run({ namespace, name: 'bücher 📚' })).value, v5('bücher 📚', id as string))
    equal(
      (await (await stepOf({ uuidVersion: '3' }))({ namespace: 'URL', name: 'x' })).value,
      v3('x', v3.URL),
    )
  })

  it('never takes the same name for a duplicate', async () => {
    const run = await stepOf({ uuidVersion: '5', maxDuplicates: 0 })
    await run({ namespace: 'DNS', name: 'a' })
    const { value, facts } = await run({ namespace: 'DNS', name: 'a', count: 3 })
    equal(new Set(value as string[]).size, 1)
    equal((facts as UuidFacts).duplicates, 0)
  })

  for (const namespace of ['', 'DN', '__proto__', 'constructor', 7, null, undefined, {}, Buffer.alloc(16)])
    it(`refuses the namespace ${JSON.stringify(namespace)}`, async () => {
      const run = await stepOf({ uuidVersion: '5' })
      await rejects(run({ namespace, name: 'a' }), codeAndPath('UUID_INVALID', 'namespace'))
    })

  for (const name of ['', 7, null, undefined, {}, [], Buffer.from('a'), '\ud800'])
    it(`refuses the name ${JSON.stringify(name)}`, async () => {
      const run = await stepOf({ uuidVersion: '3' })
      await rejects(run({ namespace: 'DNS', name }), codeAndPath('UUID_INVALID', 'msg.payload'))
    })
})

describe('createUuidStep: derive', () => {
  it('gives a repeat the same version 5, and nothing else', async () => {
    const derive = async (asked: Asked = {}, nodeId = 'node1') =>
      (await (await stepOf({ mode: 'derive' }, { nodeId }))({ name: '', ...asked })).value as string
    const id = await derive()
    equal(version(id), 5)
    equal(await derive(), id)
    notEqual(await derive({ name: 'order' }), id)
    notEqual(await derive({}, 'node2'), id)
    notEqual(await derive({ correlationId: '0190b7a0-5c1e-7000-8000-0d4c1b2a3f4f' }), id)
  })

  it('refuses a name that is no text', async () => {
    const run = await stepOf({ mode: 'derive' })
    await rejects(run({ name: 7 }), codeAndPath('UUID_INVALID', 'msg.payload'))
  })
})

describe('createUuidStep: verify', () => {
  it('reports on the payload', async () => {
    const run = await stepOf({ mode: 'verify' })
    const good = await run({ payload: '919108f7-52d1-4320-9bac-f847db4148a8' })
    deepEqual(good.value, { valid: true, version: 4, variant: 2 })
    equal(good.summary, 'valid, v4')
    const bad = await run({ payload: '919108f7' })
    equal((bad.value as { valid: boolean }).valid, false)
    equal(bad.summary, 'not valid')
  })
})
