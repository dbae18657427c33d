import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { actionIn, actionOut, endFlow, fn, holder, serveFlow } from './endpoint-harness.ts'
import { failureOf, loadFlow } from './harness.ts'

const BODY = '{"variables":{"customer_id":"7"}}'

describe('action-out', function () {
  this.timeout(20_000)
  afterEach(endFlow)

  /** A flow that answers with whatever the test gives. */
  async function answering(more: object = {}) {
    const hold = holder()
    const flow = await serveFlow(
      [actionIn({ deadlineMs: 3000 }, 'h'), { id: 'h', type: 'holder', wires: [['out']] }, actionOut(more)],
      { extra: { holder: hold.type } },
    )
    let count = 0
    const answer = async (change: (msg: Record<string, any>) => void) => {
      const got = hold.next()
      const answered = flow.post('/action', `{"count":${count++}}`)
      await got
      const { node, msg } = hold.held.at(-1)!
      change(msg)
      node.send(msg)
      return answered
    }
    return { flow, answer, hold }
  }

  it('answers with the payload, whatever JSON can make of it', async () => {
    const { answer } = await answering()
    const cyclic: Record<string, unknown> = { a: 1 }
    cyclic['self'] = cyclic
    const results: [unknown, unknown][] = [
      [undefined, null],
      [null, null],
      [0, 0],
      ['text\nin two lines', 'text\nin two lines'],
      [() => 1, null],
      [10n ** 30n, (10n ** 30n).toString()],
      [{ big: [1n] }, { big: ['1'] }],
      [new Date(0), '1970-01-01T00:00:00.000Z'],
      [
        [new Date(0), new Date(NaN)],
        ['1970-01-01T00:00:00.000Z', null],
      ],
      [Buffer.from('hi'), 'aGk='],
      [{ deep: [Buffer.from('hi')] }, { deep: ['aGk='] }],
      [cyclic, { a: 1, self: '[Circular]' }],
      [[cyclic], [{ a: 1, self: '[Circular]' }]],
      [NaN, null],
      [
        [undefined, 1],
        [null, 1],
      ],
      [[], []],
    ]
    for (const [payload, expected] of results) {
      const { status, json, text } = await answer((msg) => (msg['payload'] = payload))
      assert.equal(status, 200)
      assert.deepEqual(json.result, expected)
      assert.ok(!text.includes('\n'))
    }
  })

  it('refuses what cannot be read with 500', async () => {
    const { answer } = await answering()
    const hostile = {
      get x() {
        throw new Error('secret-inside')
      },
    }
    const { status, json, text } = await answer((msg) => (msg['payload'] = hostile))
    assert.deepEqual([status, json.code], [500, 'ENDPOINT_RESULT_INVALID'])
    assert.ok(!text.includes('secret-inside'))
  })

  it('refuses an answer above maxResponseBytes with 500', async () => {
    const { answer, flow } = await answering()
    const rows = Array.from({ length: 1000 }, (_, id) => ({ id, name: 'x'.repeat(50) }))
    for (const payload of [rows, 'x'.repeat(40_000), { rows }]) {
      const { status, json } = await answer((msg) => (msg['payload'] = payload))
      assert.deepEqual([status, json.code], [500, 'ENDPOINT_RESPONSE_TOO_LARGE'])
    }
    while (flow.caught.length < 3) await delay(5)
    assert.ok(flow.caught.every(({ code }) => code === 'ENDPOINT_RESPONSE_TOO_LARGE'))
  })

  it('leaves out rows where it may, counts the bytes and says how many were sent', async () => {
    const { answer } = await answering({ onTooLarge: 'truncate', maxResponseBytes: 2000 })
    const rows = Array.from({ length: 1000 }, (_, id) => ({ id, name: 'ä€😀'.repeat(5) }))
    const { status, json, text } = await answer((msg) => (msg['payload'] = rows))
    assert.equal(status, 200)
    assert.ok(Buffer.byteLength(text) <= 2000 && Buffer.byteLength(text) > 1500)
    assert.deepEqual(json.result, rows.slice(0, json.result.length))
    assert.deepEqual(json.truncated, { sent: json.result.length, total: 1000 })
    assert.match(json.message, /the first \d+ of 1000 rows were sent$/)
    const whole = await answer((msg) => (msg['payload'] = rows.slice(0, 3)))
    assert.deepEqual([whole.json.result.length, whole.json.truncated], [3, undefined])
    const single = await answer((msg) => (msg['payload'] = ['x'.repeat(3000)]))
    assert.equal(single.json.code, 'ENDPOINT_RESPONSE_TOO_LARGE')
  })

  it('maps the codes of failures to statuses, and tells nothing of the inside', async () => {
    const { answer } = await answering()
    const inside = {
      sqlstate: '23505',
      constraint: 'customers_pkey',
      sql: 'select secret',
      host: 'db.internal',
    }
    for (const [code, status] of [
      ['PG_PARAM_MISSING', 400],
      ['PG_PARAM_TYPE', 400],
      ['INPUT_INVALID', 400],
      ['CXONE_FORBIDDEN', 403],
      ['PG_CONSTRAINT', 409],
      ['PG_UNAVAILABLE', 503],
      ['PG_POOL_EXHAUSTED', 503],
      ['PG_LOCKED', 503],
      ['ABORTED', 503],
      ['TIMEOUT', 504],
      ['PG_STATEMENT_TIMEOUT', 504],
      ['PG_SYNTAX', 500],
      ['PG_SCHEMA_DRIFT', 500],
      ['INTERNAL_ERROR', 500],
      ['SOMETHING_ELSE', 500],
    ] as const) {
      const {
        status: got,
        json,
        text,
      } = await answer((msg) => {
        msg['error'] = { code, message: 'ERROR in select secret from db.internal' }
        msg['cxone'].error = {
          code,
          message: 'select secret',
          details: { ...inside, param: 'p', expected: 'integer' },
        }
      })
      assert.equal(got, status, code)
      assert.equal(json.status, 'error')
      for (const word of ['select', 'internal:', 'db.internal', 'customers_pkey', '23505', 'stack'])
        assert.ok(!text.includes(word), `${code}: ${text}`)
      assert.deepEqual(
        json.details,
        code.startsWith('PG_PARAM') ? { param: 'p', expected: 'integer' } : undefined,
      )
    }
  })

  it('survives errors of any form in the message', async () => {
    const { answer } = await answering()
    for (const error of [
      'text',
      7,
      true,
      {},
      [],
      { code: 10n },
      { code: 'ENDPOINT_CONTRACT' },
      { code: '__proto__' },
    ]) {
      const { status, json } = await answer((msg) => (msg['error'] = error))
      assert.ok(status >= 400 && typeof json.code === 'string', JSON.stringify(json))
    }
  })

  it('says quietly that a message comes too late or twice', async () => {
    const { answer, flow, hold } = await answering()
    await answer((msg) => (msg['payload'] = 1))
    const { node, msg } = hold.held[0]!
    node.send(msg)
    await delay(400)
    assert.equal(flow.status('out')?.text, 'answered before')
    assert.deepEqual(flow.caught, [])
  })

  it('refuses a message that began at no endpoint', async () => {
    const flow = await loadFlow([{ id: 'out', type: 'action-out' }])
    for (const msg of [
      { payload: 1 },
      { payload: 1, cxone: { endpoint: null } },
      { payload: 1, cxone: { endpoint: { id: 7 } } },
    ]) {
      const { code, details } = failureOf(await flow.receive('out', msg))
      assert.deepEqual([code, details['path']], ['INPUT_INVALID', 'msg.cxone.endpoint.id'])
    }
    await flow.unload()
  })

  for (const [field, value] of [
    ['maxResponseBytes', 0],
    ['onTooLarge', 'explode'],
    ['errorStatus', 'teapot'],
  ] as const) {
    it(`refuses ${field} ${JSON.stringify(value)}`, async () => {
      const flow = await loadFlow([{ id: 'out', type: 'action-out', [field]: value }])
      const { code, details } = failureOf(await flow.receive('out', {}))
      assert.deepEqual([code, details['field']], ['CONFIG_INVALID', field])
      await flow.unload()
    })
  }

  it('answers once where a flow splits into two', async () => {
    const flow = await serveFlow([
      { ...actionIn({}, 'a'), wires: [['a', 'b']] },
      fn('a', 'msg.payload = "a"; return msg', 'out'),
      fn('b', 'msg.payload = "b"; return msg', 'out'),
      actionOut(),
    ])
    assert.match((await flow.post('/action', BODY)).json.result, /^[ab]$/)
  })
})
