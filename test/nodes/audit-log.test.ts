import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { verifyTrail } from '../../lib/audit/verify.ts'
import { editorDefs } from '../support/editor-defs.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow, type Msg } from './harness.ts'

const SECRET = 'hunter2-is-secret'

describe('audit-log', () => {
  afterEach(unloadFlow)

  const load = (log: object = {}, trail: object = {}): Promise<LoadedFlow> =>
    loadFlow([
      { id: 'trail', type: 'audit-trail', ...trail },
      { id: 'log', type: 'audit-log', trail: 'trail', ...log },
    ])
  const fileOf = (flow: LoadedFlow): string => join(flow.userDir, 'cxone', 'audit', 'audit.jsonl')
  const linesOf = async (flow: LoadedFlow): Promise<string[]> =>
    (await readFile(fileOf(flow), 'utf8')).split('\n').slice(0, -1)
  const recordsOf = async (flow: LoadedFlow): Promise<Msg[]> =>
    (await linesOf(flow)).map((line) => JSON.parse(line) as Msg)

  it('passes the message on with the place of its record, which is in the file by then', async () => {
    const flow = await load()
    const given: Msg = {
      payload: { a: 1 },
      topic: 't',
      dataActionId: 'lookup-customer',
      req: {},
      cxone: { uuid: { count: 1 } },
    }
    const msg = sentOf(await flow.receive('log', given))
    const [record = {}] = await recordsOf(flow)
    assert.equal(msg, given, 'the same message')
    assert.deepEqual(msg['cxone'].audit, { id: record['id'], seq: 1, hash: record['hash'] })
    assert.deepEqual([msg['payload'], msg['topic'], msg['cxone'].uuid], [{ a: 1 }, 't', { count: 1 }])
    assert.equal(record['eventType'], 'FLOW_EVENT')
    assert.equal(record['status'], 'SUCCESS')
    assert.equal(record['subject'], 'lookup-customer')
    assert.equal(record['correlationId'], msg['cxone'].correlationId)
    assert.deepEqual([record['flow'], record['node']], ['tab', 'log'])
    assert.deepEqual(record['details'], { uuid: { count: 1 }, correlationId: msg['cxone'].correlationId })
    assert.deepEqual((await verifyTrail(await linesOf(flow))).ok, true)
    await until(
      () => (flow.status('log')?.text === '#1' ? true : undefined),
      () => JSON.stringify(flow.statuses('log')),
      2000,
    )
    assert.equal(flow.status('log')?.fill, 'green')
  })

  it('takes event, outcome, subject and details from where it is told', async () => {
    const flow = await load({
      eventType: '"ORDER_" & payload.kind',
      eventTypeType: 'jsonata',
      status: 'outcome',
      statusType: 'msg',
      subject: 'order-7',
      subjectType: 'str',
      details: '{"given":true}',
      detailsType: 'json',
    })
    sentOf(await flow.receive('log', { payload: { kind: 'APPROVED' }, outcome: 'PARTLY' }))
    const [record = {}] = await recordsOf(flow)
    assert.deepEqual(
      [record['eventType'], record['status'], record['subject'], record['details']],
      ['ORDER_APPROVED', 'PARTLY', 'order-7', { given: true }],
    )
  })

  it('keeps one chain under many messages at once', async () => {
    const flow = await load()
    await Promise.all(Array.from({ length: 500 }, (_, n) => flow.receive('log', { payload: n })))
    assert.equal(sentOf(await flow.receive('log'))['cxone'].audit.seq, 501)
    const found = await verifyTrail(await linesOf(flow))
    assert.deepEqual([found.ok, found.records], [true, 501])
  })

  for (const [what, details] of [
    ['undefined', undefined],
    ['a Buffer', Buffer.alloc(1000)],
    ['20 MB of text', 'x'.repeat(20_000_000)],
    ['a deep object', JSON.parse(`${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`)],
    [
      'an object that throws when it is read',
      {
        get bomb() {
          throw new Error('boom')
        },
      },
    ],
  ] as const) {
    it(`records details that are ${what}`, async () => {
      const flow = await load({ details: 'payload', detailsType: 'msg' })
      sentOf(await flow.receive('log', { payload: details }))
      const [line] = await linesOf(flow)
      assert.ok((line ?? '').length < 20_000, `${line?.length}`)
    })
  }

  it('records a message that refers to itself', async () => {
    const flow = await load({ details: 'payload', detailsType: 'msg' })
    const payload: Record<string, unknown> = { n: 1 }
    payload['self'] = payload
    sentOf(await flow.receive('log', { payload }))
    assert.deepEqual((await recordsOf(flow))[0]?.['details'], { n: 1, self: '[circular]' })
  })

  it('lets no secret into the file, the status or the log', async () => {
    const flow = await load(
      { details: 'payload', detailsType: 'msg' },
      { redact: ['contact.email', '/IBAN \\w+/i'] },
    )
    sentOf(
      await flow.receive('log', {
        payload: {
          password: SECRET,
          headers: { authorization: `Bearer ${SECRET}` },
          url: `https://u:${SECRET}@host`,
          contact: { email: 'me@private.example' },
          note: 'iban DE89370400440532013000',
        },
      }),
    )
    const seen = (await linesOf(flow)).join('') + JSON.stringify(flow.statuses('log')) + flow.log()
    for (const secret of [SECRET, 'me@private.example', 'DE89370400440532013000'])
      assert.ok(!seen.includes(secret), seen)
  })

  for (const [property, stored] of [
    ['trail', { trail: 7 }],
    ['trail', { trail: '' }],
    ['trail', { trail: 'nobody' }],
    ['trail', { trail: 'caught' }],
    ['eventType', { eventType: 'x', eventTypeType: 'num' }],
    ['eventType', { eventType: '(', eventTypeType: 'jsonata' }],
    ['status', { status: '', statusType: 'msg' }],
    ['status', { status: 'a[', statusType: 'msg' }],
    ['subject', { subject: {}, subjectType: 'str' }],
    ['details', { details: '{', detailsType: 'json' }],
  ] as const) {
    it(`fails with CONFIG_INVALID naming ${property} for ${JSON.stringify(stored)}`, async () => {
      const flow = await load(stored)
      const error = failureOf(await flow.receive('log'))
      assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', property])
      const status = flow.status('log')
      assert.deepEqual(
        [status?.fill, status?.shape, status?.text],
        ['red', 'ring', `CONFIG_INVALID: ${property}`],
      )
      assert.equal(flow.caught[0]?.['code'], 'CONFIG_INVALID')
    })
  }

  for (const [path, log, msg] of [
    ['msg.kind', { eventType: 'kind', eventTypeType: 'msg' }, {}],
    ['msg.kind', { eventType: 'kind', eventTypeType: 'msg' }, { kind: { a: 1 } }],
    ['msg.outcome', { status: 'outcome', statusType: 'msg' }, { outcome: 'x'.repeat(201) }],
    ['msg.dataActionId', {}, { dataActionId: ['a'] }],
  ] as const) {
    it(`fails with INPUT_INVALID naming ${path} for ${JSON.stringify(msg).slice(0, 40)}`, async () => {
      const flow = await load(log)
      const error = failureOf(await flow.receive('log', msg))
      assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', path])
    })
  }

  it('stops the message when the trail cannot be written, and heals', async () => {
    const flow = await load()
    await flow.receive('log')
    await rm(dirname(fileOf(flow)), { recursive: true })
    await mkdir(fileOf(flow), { recursive: true })
    const error = failureOf(await flow.receive('log'))
    assert.equal(error.code, 'AUDIT_UNAVAILABLE')
    assert.match(error.message, /it is a folder/)
    assert.equal(flow.caught[0]?.['code'], 'AUDIT_UNAVAILABLE')
    await until(() => (flow.status('log')?.fill === 'red' ? true : undefined), undefined, 2000)
    await rm(fileOf(flow), { recursive: true })
    assert.equal(sentOf(await flow.receive('log'))['cxone'].audit.seq, 2)
  })

  it('lets the message pass with onFailure warn, and shows yellow', async () => {
    const flow = await load({}, { onFailure: 'warn' })
    await flow.receive('log')
    await rm(dirname(fileOf(flow)), { recursive: true })
    await mkdir(fileOf(flow), { recursive: true })
    const msg = sentOf(await flow.receive('log'))
    assert.equal(msg['cxone'].audit.lost, true)
    assert.match(msg['cxone'].audit.reason, /it is a folder/)
    await until(() => (flow.status('log')?.text === 'record lost' ? true : undefined), undefined, 2000)
    assert.deepEqual([flow.status('log')?.fill, flow.status('log')?.shape], ['yellow', 'ring'])
  })

  it('writes what is in work when the flow is stopped, and sends nothing late', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cxone-trail-'))
    const path = join(folder, 'trail.jsonl')
    const flow = await load({}, { path })
    const ends = Array.from({ length: 20 }, () => flow.receive('log'))
    const stopped = flow.unload()
    const codes = (await Promise.all(ends)).map((end) => ('error' in end ? end.error.code : 'sent'))
    await stopped
    assert.ok(
      codes.every((code) => code === 'sent' || code === 'ABORTED'),
      codes.join(' '),
    )
    const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
    assert.ok(lines.length >= codes.filter((code) => code === 'sent').length)
    assert.equal((await verifyTrail(lines)).ok, true)
    await rm(folder, { recursive: true })
  })

  it('leaves the trail to Node-RED, which looks whether it is there and valid only where there is no other rule', async () => {
    const { trail } = (await editorDefs()).get('audit-log')!.defaults
    assert.deepEqual({ ...trail }, { value: '', type: 'audit-trail', required: true, label: 'trail' })
  })
})
