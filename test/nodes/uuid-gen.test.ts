import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v5, validate, version } from 'uuid'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow, type Msg } from './harness.ts'
import { editorDefs } from '../support/editor-defs.ts'
import { until } from '../support/until.ts'

const CORRELATION_ID = '0190b7a0-5c1e-7000-8000-0d4c1b2a3f4e'
const V4 = '919108f7-52d1-4320-9bac-f847db4148a8'

const load = (properties: object = {}, settings: object = {}): Promise<LoadedFlow> =>
  loadFlow([{ id: 'uuid', type: 'uuid-gen', ...properties }], { settings })

async function once(properties: object, msg: Msg = {}): Promise<Msg> {
  const flow = await load(properties)
  return sentOf(await flow.receive('uuid', msg))
}

const cyclic: Msg = {}
cyclic['self'] = cyclic

describe('uuid-gen', () => {
  afterEach(unloadFlow)

  it('puts one UUID of version 4 into the payload, and the facts into msg.cxone.uuid', async () => {
    const flow = await load()
    const msg: Msg = { payload: 'before', topic: 'kept' }
    const sent = sentOf(await flow.receive('uuid', msg))
    equal(sent, msg)
    equal(sent['topic'], 'kept')
    equal(version(sent['payload'] as string), 4)
    const { latencyMs, ...facts } = sent['cxone'].uuid
    equal(typeof latencyMs, 'number')
    deepEqual(facts, { version: 4, variant: 2, count: 1, generated: 1, duplicates: 0, uniquenessRate: 1 })
    deepEqual(flow.status('uuid'), { fill: 'green', shape: 'dot', text: 'ready' })
  })

  it('takes the count from the message and writes where `output` says', async () => {
    const properties = { count: 'wanted', countType: 'msg', output: 'ids.new', outputType: 'msg' }
    const sent = await once(properties, { wanted: 3, payload: 'kept' })
    equal(sent['ids'].new.length, 3)
    equal(sent['payload'], 'kept')
  })

  it('writes into the flow context', async () => {
    const flow = await load({ output: 'id', outputType: 'flow' })
    const sent = sentOf(await flow.receive('uuid', {}))
    equal(sent['payload'], undefined)
    ok(validate(flow.node('uuid').context().flow.get('id')))
  })

  it('makes the version 5 of the help text', async () => {
    const names = { namespace: 'DNS', name: 'payload', nameType: 'msg' }
    const sent = await once({ uuidVersion: '5', ...names }, { payload: 'www.example.com' })
    equal(sent['payload'], '2ed6657d-e927-568b-95e1-2665a8aea6a2')
  })

  it('hashes `name` as it stands when it has no type', async () => {
    const sent = await once({ uuidVersion: 5, namespace: 'URL', namespaceType: 'str', name: 'a' })
    equal(sent['payload'], v5('a', v5.URL))
  })

  it('takes `name` for a label in other versions', async () => {
    const flow = await load({ name: 'Make an id' })
    equal(flow.node('uuid').name, 'Make an id')
    ok(validate(sentOf(await flow.receive('uuid'))['payload'] as string))
  })

  it('derives the same UUID for the same correlation id', async () => {
    const flow = await load({ mode: 'derive', name: 'Order' })
    const ids: unknown[] = []
    for (const correlationId of [CORRELATION_ID, CORRELATION_ID, V4])
      ids.push(sentOf(await flow.receive('uuid', { cxone: { correlationId } }))['payload'])
    equal(ids[0], ids[1])
    equal(new Set(ids).size, 2)
  })

  it('verifies the payload', async () => {
    const flow = await load({ mode: 'verify', output: 'report' })
    const sent = sentOf(await flow.receive('uuid', { payload: V4 }))
    deepEqual(sent['report'], { valid: true, version: 4, variant: 2 })
    equal(sent['payload'], V4)
  })

  it('keeps version 7 increasing across a restart, by a file in the user directory', async () => {
    const flow = await load({ uuidVersion: '7' })
    const id = sentOf(await flow.receive('uuid'))['payload'] as string
    const path = join(flow.userDir, 'cxone/uuid-v7.json')
    const madeAt = parseInt(id.replaceAll('-', '').slice(0, 12), 16)
    const read = async (): Promise<number> => JSON.parse(await readFile(path, 'utf8')).untilMs as number
    ok((await read()) > madeAt)
    ok((await read()) <= madeAt + 10_100)
  })

  it('gives time that is reserved and not used back on redeploy', async () => {
    const userDir = await mkdtemp(join(tmpdir(), 'cxone-uuid-'))
    const flow = await load({ uuidVersion: '7' }, { userDir })
    await flow.receive('uuid')
    const read = async (): Promise<string> => readFile(join(userDir, 'cxone/uuid-v7.json'), 'utf8')
    const reserved = await read()
    await flow.unload()
    ok((await read()) < reserved)
    await rm(userDir, { recursive: true })
  })

  it('goes on with version 7 where the file cannot be written, with a yellow ring', async () => {
    const flow = await load({ uuidVersion: '7' })
    await mkdir(join(flow.userDir, 'cxone/uuid-v7.json'), { recursive: true })
    equal(version(sentOf(await flow.receive('uuid'))['payload'] as string), 7)
    await until(() => flow.status('uuid')?.fill === 'yellow' || undefined)
    deepEqual(flow.status('uuid'), { fill: 'yellow', shape: 'ring', text: 'v7 mark not saved' })
    match(flow.log(), /cannot be written/)
  })

  it('makes a large batch without keeping others from their turn, and stops it on close', async () => {
    const flow = await load({ count: '1000000', registry: 'none' })
    const ending = flow.receive('uuid')
    await new Promise((turn) => setImmediate(turn))
    await flow.unload()
    equal(failureOf(await ending).code, 'ABORTED')
  })

  describe('with a message that is wrong', () => {
    for (const count of [0, -1, 1.5, 1_000_001, 'x', null, undefined, {}, [1], cyclic, Buffer.alloc(3)])
      it(`fails with INPUT_INVALID for the count ${count === cyclic ? 'cyclic' : JSON.stringify(count)}`, async () => {
        const flow = await load({ count: 'n', countType: 'msg' })
        const { code, details } = failureOf(await flow.receive('uuid', { n: count }))
        deepEqual([code, details['path']], ['INPUT_INVALID', 'msg.n'])
        equal(flow.caught.at(-1)?.['code'], 'INPUT_INVALID')
      })

    it('fails with UUID_INVALID for a name or namespace that is none, and takes the next message', async () => {
      const names = { namespace: 'space', namespaceType: 'msg', name: 'payload', nameType: 'msg' }
      const flow = await load({ uuidVersion: '3', ...names })
      for (const [msg, path] of [
        [{ space: 'DNS', payload: cyclic }, 'msg.payload'],
        [{ space: 'DNS' }, 'msg.payload'],
        [{ space: Buffer.alloc(16), payload: 'a' }, 'msg.space'],
        [{ payload: 'a' }, 'msg.space'],
      ] as const) {
        const { code, details } = failureOf(await flow.receive('uuid', { ...msg }))
        deepEqual([code, details['path']], ['UUID_INVALID', path])
      }
      equal(
        version(sentOf(await flow.receive('uuid', { space: 'OID', payload: '1.3.6' }))['payload'] as string),
        3,
      )
    })

    it('answers any payload, in order', async () => {
      const huge = { rows: Array.from({ length: 20 }, () => 'x'.repeat(1_000_000)) }
      const payloads = [undefined, cyclic, Buffer.from(V4), huge, null, 'x'.repeat(20_000_000), V4]
      for (const mode of ['verify', 'generate', 'derive']) {
        const flow = await load({ mode, output: 'result' })
        const sent = await Promise.all(payloads.map((payload, i) => flow.receive('uuid', { payload, i })))
        for (const [i, ending] of sent.entries()) {
          const msg = sentOf(ending)
          equal(msg['i'], i)
          equal(msg['payload'], payloads[i])
          if (mode === 'verify') equal(msg['result'].valid, i === payloads.length - 1)
          else ok(validate(msg['result'] as string))
        }
        await flow.unload()
      }
    })
  })

  describe('with a property that is wrong', () => {
    const huge = 'x'.repeat(100_000)
    const hostile = [{}, [], '__proto__', '<script>', huge]
    const wrong: Record<string, readonly (readonly [object, string?])[]> = {
      version: [[{ version: 2 }], [{ version: 'x' }], [{ version: {} }]],
      mode: hostile.map((mode) => [{ mode }]),
      uuidVersion: [...hostile, 2, 8, '04', 4.5, true].map((uuidVersion) => [{ uuidVersion }]),
      namespace: [
        [{ namespace: {} }],
        [{ namespace: 'x', namespaceType: 'num' }],
        [{ namespace: 'x', namespaceType: [] }],
      ],
      name: [[{ name: [] }], [{ name: 'x', nameType: 'bin' }], [{ name: '', nameType: 'msg' }]],
      count: [
        ...['0', '-1', '1.5', '1000001', '1e99', 'x', '', huge, {}, 0, -5].map(
          (count) => [{ count }] as const,
        ),
        [{ count: 'a..b', countType: 'msg' }],
        [{ count: '', countType: 'msg' }],
        [{ count: '(', countType: 'jsonata' }],
        [{ count: '1', countType: 'str' }],
      ],
      format: hostile.map((format) => [{ format }]),
      output: [
        [{ output: '' }],
        [{ output: {} }],
        [{ output: 'a..b' }],
        [{ output: 'cxone' }],
        [{ output: 'cxone.uuid' }],
        [{ output: '["cxone"].uuid' }],
        [{ output: '__proto__.polluted' }],
        [{ output: 'a["constructor"].prototype.polluted' }],
        [{ output: 'x', outputType: 'env' }],
      ],
      registry: [...hostile, 'shared'].map((registry) => [{ registry }]),
      registryCapacity: [...hostile, 0, -1, 1.5, 10_000_001, 'x', true].map((registryCapacity) => [
        { registryCapacity },
      ]),
      maxDuplicates: [...hostile, -1, 1.5, 1_000_001, 'x'].map((maxDuplicates) => [{ maxDuplicates }]),
      audit: [[{ audit: 'missing' }]],
    }
    for (const [field, cases] of Object.entries(wrong))
      it(`fails with CONFIG_INVALID naming \`${field}\``, async () => {
        for (const [properties] of cases) {
          const flow = await load(properties)
          const { code, details, message } = failureOf(await flow.receive('uuid', {}))
          deepEqual(
            [code, details['field']],
            ['CONFIG_INVALID', field],
            JSON.stringify(properties).slice(0, 200),
          )
          ok(message.length < 400, message)
          deepEqual(flow.status('uuid'), { fill: 'red', shape: 'ring', text: `CONFIG_INVALID: ${field}` })
          await flow.unload()
        }
        equal(({} as Msg)['polluted'], undefined)
      })

    it('tells that `shared` comes with a later version', async () => {
      const flow = await load({ registry: 'shared' })
      match(failureOf(await flow.receive('uuid')).message, /not available in this version; choose `memory`/)
    })
  })

  describe('in the editor', () => {
    it('has the defaults of the runtime and accepts them', async () => {
      const def = (await editorDefs()).get('uuid-gen')!
      const node = Object.fromEntries(Object.entries(def.defaults).map(([name, { value }]) => [name, value]))
      for (const [name, { value, validate }] of Object.entries(def.defaults))
        equal(validate?.call(node, value, {}) ?? true, true, name)
      deepEqual(
        sentOf(await (await load(node)).receive('uuid'))['cxone'].uuid.version,
        Number(def.defaults['uuidVersion']!.value),
      )
    })

    it('asks for a namespace where one is needed', async () => {
      const { namespace } = (await editorDefs()).get('uuid-gen')!.defaults
      const node = { mode: 'generate', uuidVersion: '5', namespace: '', _: (key: string) => key }
      equal(namespace!.validate!.call(node, '', {}), 'uuid-gen.namespaceMissing')
      equal(namespace!.validate!.call({ ...node, uuidVersion: '4' }, '', {}), true)
    })
  })
})
