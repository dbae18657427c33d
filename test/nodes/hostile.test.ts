import assert from 'node:assert/strict'
import { ERROR_TABLE } from '../../lib/errors.ts'
import { editorDefs, type EditorDef } from '../support/editor-defs.ts'
import { loadFlow, unloadFlow, type Ending, type FlowNodeDef, type LoadedFlow } from './harness.ts'

const AUTH = { id: 'auth-1', type: 'cxone-auth', profile: 'sandbox' }
const TRAIL = { id: 'trail-1', type: 'audit-trail' }
const DATABASE = { id: 'db-1', type: 'pg-database', mode: 'embedded', dataDir: 'memory://' }
const SECRET = 'hunter2-never-to-be-seen'

/** Values that no property should take as they are, or that break careless code. */
const HOSTILE: readonly unknown[] = [
  -1,
  1e300,
  0.5,
  '9'.repeat(400),
  'x'.repeat(1_000_000),
  '\u0000\ud800',
  '${NOT_SET_ANYWHERE}',
  '../../../etc/passwd',
  '__proto__',
  { unexpected: 'object' },
  [[[]]],
  true,
  '{"a":',
]

/** What a node needs to be right but for the property under test. */
const RIGHT: Record<string, object> = {
  'pg-action': { database: DATABASE.id, sql: 'select 1 as one' },
  'dns-resolve': { dnssec: 'off', domain: 'crm.sandbox.test', domainType: 'str' },
  'cxone-request': { path: '/inContactAPI/services/v30.0/agents', pathType: 'str' },
  'webhook-send': { url: 'http://sink.sandbox.test/webhooks/x', urlType: 'str', schedule: [0] },
  'action-lookup': { actionId: 'order-status', actionIdType: 'str' },
  'action-execute': { actionId: 'order-status', actionIdType: 'str', timeoutMs: 2000 },
  'schema-validate': { schema: '{"type":"object"}' },
  'mock-trigger': { source: 'schema', actionId: 'order-status', actionIdType: 'str' },
  'connector-register': {
    ...{ connectorId: 'crm-db', connectorName: 'CRM', host: 'db.sandbox.test', database: 'crm' },
    ...{ usernameRef: 'VAULT_DB_USERNAME', passwordRef: 'VAULT_DB_PASSWORD', healthTimeoutS: 0 },
  },
}

const configsFor = (type: string): FlowNodeDef[] => [AUTH, TRAIL, ...(type === 'pg-action' ? [DATABASE] : [])]

/** Properties whose value may be anything, or is judged by the message that uses it. */
const FREE = new Set(['name', 'version'])

function stored(type: string, def: EditorDef): FlowNodeDef {
  const values = Object.fromEntries(Object.entries(def.defaults).map(([name, { value }]) => [name, value]))
  const configs = {
    ...('auth' in def.defaults && { auth: AUTH.id }),
    ...('trail' in def.defaults && { trail: TRAIL.id }),
  }
  // As a flow file stores it; the defaults were made in another realm.
  return JSON.parse(JSON.stringify({ id: '', ...values, ...configs, ...RIGHT[type], type })) as FlowNodeDef
}

/** A TypedInput is one field with two properties; `inputs` of action-execute has `inputsValue` too. */
function fieldOf(def: EditorDef, property: string): string {
  const base = property.replace(/(?:Type|Value)$/, '')
  return base in def.defaults ? base : property
}

const flowTypes = [...(await editorDefs())].filter(([, { inputs }]) => inputs === 1)

function expectCode(ending: Ending, what: string): void {
  if (!('error' in ending)) return
  const { error } = ending
  assert.ok(error.code in ERROR_TABLE, `${what}: ${error.code} ${error.message}`)
  assert.notEqual(error.code, 'INTERNAL_ERROR', `${what}: ${error.message}`)
}

describe('messages that come at once', () => {
  afterEach(unloadFlow)

  for (const type of ['uuid-gen', 'schema-validate', 'audit-log']) {
    it(`leave ${type} in the order in which they came, a huge one among them`, async () => {
      const def = (await editorDefs()).get(type)!
      const flow = await loadFlow([AUTH, TRAIL, { ...stored(type, def), id: 'n' }])
      const huge = { list: Array.from({ length: 200_000 }, () => 'x'.repeat(100)) }
      const left: number[] = []
      const send = async (index: number): Promise<void> => {
        await flow.receive('n', { payload: index === 3 ? huge : { index } })
        left.push(index)
      }
      const order = Array.from({ length: 20 }, (_, index) => index)
      await Promise.all(order.map(send))
      assert.deepEqual(left, order)
    })
  }
})

describe('hostile values in', function () {
  this.timeout(60_000)
  const rejections: unknown[] = []
  const note = (reason: unknown): void => void rejections.push(reason)

  before(() => process.on('unhandledRejection', note))
  after(() => process.off('unhandledRejection', note))
  afterEach(async () => {
    await unloadFlow()
    assert.deepEqual(rejections.splice(0), [])
  })

  for (const [type, def] of flowTypes) {
    it(`each property of ${type} end in a result or in an error that names the field`, async () => {
      const cases: { node: FlowNodeDef; property: string; value: unknown; refused: string | undefined }[] = []
      for (const property of Object.keys(def.defaults).filter((name) => !FREE.has(name))) {
        for (const value of HOSTILE) {
          const id = `n${cases.length}`
          const node = { ...stored(type, def), id, [property]: value }
          const verdict = def.defaults[property]!.validate?.call(node, value, {})
          cases.push({ node, property, value, refused: typeof verdict === 'string' ? verdict : undefined })
        }
      }
      const flow = await loadFlow([...configsFor(type), ...cases.map(({ node }) => node)])
      for (const { node, property, value, refused } of cases) {
        const what = `${type}.${property} = ${JSON.stringify(value).slice(0, 60)}`
        const ending = await flow.receive(node.id, { payload: {}, dataActionId: 'order-status' })
        expectCode(ending, what)
        // What the editor marks as wrong, the runtime refuses too, with the same words.
        if (refused === undefined) continue
        assert.ok('error' in ending, `${what} was refused by the editor (${refused}) but not by the runtime`)
        assert.match(ending.error.code, /CONFIG_INVALID|SCHEMA_INVALID/, what)
        if (ending.error.code !== 'CONFIG_INVALID') continue
        assert.equal(
          ending.error.details['field'],
          fieldOf(def, property),
          `${what}: ${ending.error.message}`,
        )
        assert.equal(flow.status(node.id)?.fill, 'red', what)
      }
    })

    it(`the message of ${type} end in a result or in a code, in order`, async () => {
      const cyclic: Record<string, unknown> = {}
      cyclic['self'] = cyclic
      const payloads: Record<string, unknown> = {
        undefined: undefined,
        null: null,
        cyclic,
        buffer: Buffer.from('text'),
        huge: { list: Array.from({ length: 200_000 }, (_, i) => `item ${i} ${'x'.repeat(80)}`) },
        bigint: 10n,
        function: () => 1,
        symbol: Symbol('s'),
        proto: JSON.parse('{"__proto__": {"polluted": true}}'),
        secret: { password: SECRET, note: 'x' },
      }
      const flow: LoadedFlow = await loadFlow([
        ...configsFor(type),
        { ...stored(type, def), id: 'n', audit: type === 'audit-log' ? '' : TRAIL.id },
      ])
      for (const [name, payload] of Object.entries(payloads)) {
        const ending = await flow.receive('n', { payload, dataActionId: 'order-status' })
        expectCode(ending, `${type} with payload ${name}`)
        if ('error' in ending) {
          assert.ok(
            !JSON.stringify([ending.error, ending.error.stack]).includes(SECRET),
            `${type}: secret in an error`,
          )
        }
      }
      for (const cxone of ['text', null, [], 7, { correlationId: 'no uuid' }]) {
        const ending = await flow.receive('n', { payload: {}, cxone })
        assert.ok('error' in ending)
        assert.equal(ending.error.code, 'INPUT_INVALID')
        assert.match(ending.error.details['path'], /^msg\.cxone/)
      }
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
      assert.ok(!flow.log().includes(SECRET), `${type}: secret in the log`)
    })
  }
})
