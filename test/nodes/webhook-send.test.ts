import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkSignature } from '../../lib/sandbox/webhook-signature.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow, type Msg } from './harness.ts'

const AUTH = { id: 'auth', type: 'cxone-auth' }
const SECRET = 'whsec_VEhJUy1JUy1TRUNSRVQ='
const OLD_SECRET = 'previous-secret-text'

describe('webhook-send', () => {
  let server: Server
  let url: string
  let got: { request: IncomingMessage; body: Buffer }[]
  let status: number

  before(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        got.push({ request, body: Buffer.concat(chunks) })
        response.writeHead(status).end()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=query-secret`
  })
  after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  beforeEach(() => {
    got = []
    status = 204
  })
  afterEach(unloadFlow)

  const sandboxed = (more: object = {}): Promise<LoadedFlow> =>
    loadFlow([
      AUTH,
      {
        id: 'n',
        type: 'webhook-send',
        auth: 'auth',
        url: 'http://sink.sandbox.test/webhooks/sink',
        schedule: [0],
        ...more,
      },
    ])
  const local = (
    more: object = {},
    credentials: Record<string, string> = { secret: SECRET },
  ): Promise<LoadedFlow> =>
    loadFlow(
      [{ id: 'n', type: 'webhook-send', url, allowPrivate: true, schedule: [0, 0.01, 0.01], ...more }],
      {
        credentials: { n: credentials },
      },
    )

  it('delivers to the sink of the sandbox, which verifies the signature, with nothing else filled in', async () => {
    const flow = await sandboxed()
    const req = { on: 1 }
    const input: Msg = { payload: { customer: 7 }, req, topic: 't', cxone: { before: 1 } }
    const ending = await flow.receive('n', input)
    const msg = sentOf(ending)
    assert.equal(msg, input)
    assert.deepEqual(msg['payload'], { customer: 7 })
    assert.equal(msg['req'], req)
    assert.ok('sent' in ending && ending.sent[1] === null)
    const { id, latencyMs, elapsedMs, ...rest } = msg['cxone'].webhook
    assert.match(id, /^[0-9a-f-]{36}$/)
    assert.ok(latencyMs > 0 && elapsedMs >= latencyMs)
    assert.deepEqual(rest, { url: 'http://sink.sandbox.test/webhooks/sink', status: 204, attempts: 1 })
    assert.equal(msg['cxone'].before, 1)
    assert.equal(msg['error'], undefined)
  })

  it('signs with both secrets, sends the correlation id and no token', async () => {
    const flow = await local({}, { secret: SECRET, previousSecret: OLD_SECRET })
    const msg = sentOf(await flow.receive('n', { payload: 'text' }))
    const { request, body } = got[0]!
    const now = Date.now() / 1000
    assert.equal(checkSignature(request.headers, body, 'THIS-IS-SECRET', now).ok, true)
    assert.equal(checkSignature(request.headers, body, OLD_SECRET, now).ok, true)
    assert.equal(request.headers['webhook-id'], msg['cxone'].webhook.id)
    assert.equal(request.headers['correlationid'], msg['cxone'].correlationId)
    assert.equal(request.headers.authorization, undefined)
    const event = JSON.parse(body.toString()) as Record<string, unknown>
    assert.equal(event['source'], '/node-red/n')
    assert.equal(event['data'], 'text')
    assert.equal(event['id'], msg['cxone'].webhook.id)
  })

  it('puts dead and refused webhooks on the second output with msg.error', async () => {
    const flow = await local()
    status = 500
    const dead = await flow.receive('n', { payload: 1 })
    assert.ok('sent' in dead && dead.sent[0] === null)
    assert.equal(sentOf(dead, 1)['error'].code, 'WEBHOOK_DEAD')
    assert.equal(sentOf(dead, 1)['cxone'].webhook.attempts, 3)
    assert.equal(sentOf(dead, 1)['cxone'].webhook.reason, 'the receiver answered 500')
    assert.equal(new Set(got.map(({ request }) => request.headers['webhook-id'])).size, 1)
    status = 410
    const refused = sentOf(await flow.receive('n', { payload: 2 }), 1)
    assert.equal(refused['error'].code, 'WEBHOOK_REJECTED')
    assert.equal(refused['cxone'].webhook.attempts, 1)
    assert.equal(refused['payload'], 2)
  })

  it('takes URL and event type from the message', async () => {
    const flow = await local({ url: 'target', urlType: 'msg', eventType: 'topic', eventTypeType: 'msg' })
    sentOf(await flow.receive('n', { payload: 1, target: url, topic: 'order.paid' }))
    assert.equal((JSON.parse(got[0]!.body.toString()) as { type: string }).type, 'order.paid')
    for (const target of [undefined, '', 7, 'file:///etc/passwd', 'http://user:pw@127.0.0.1/']) {
      const error = failureOf(await flow.receive('n', { target, topic: 'x' }))
      assert.equal(error.code, 'INPUT_INVALID')
      assert.equal(error.details['path'], 'msg.target')
    }
    const untyped = failureOf(await flow.receive('n', { target: url }))
    assert.equal(untyped.details['path'], 'msg.topic')
  })

  it('never sends into the own network unasked', async () => {
    const flow = await local({ allowPrivate: false })
    const error = failureOf(await flow.receive('n', { payload: 1 }))
    assert.equal(error.code, 'WEBHOOK_BLOCKED_ADDRESS')
    assert.equal(got.length, 0)
    assert.equal(flow.caught[0]?.['code'], 'WEBHOOK_BLOCKED_ADDRESS')
    await flow.unload()
    const listed = await local({ allowPrivate: false, allowHosts: ['127.0.0.0/8'] })
    sentOf(await listed.receive('n', { payload: 1 }))
  })

  it('refuses each wrong property by its name, and shows so', async () => {
    const wrong: [string, unknown][] = [
      ['url', ''],
      ['url', 'hooks.example.com'],
      ['url', 'ftp://hooks.example.com'],
      ['url', 'https://user:password@hooks.example.com/'],
      ['url', 7],
      ['signature', 'rsa'],
      ['envelope', 'xml'],
      ['timeoutMs', 0],
      ['timeoutMs', 'soon'],
      ['schedule', []],
      ['schedule', '[]'],
      ['schedule', '[ ]'],
      ['schedule', [-1]],
      ['schedule', ['5']],
      ['schedule', [1e9]],
      ['schedule', Array(51).fill(0)],
      ['durable', 'maybe'],
      ['allowPrivate', 1],
      ['allowHosts', 'hooks.example.com'],
      ['allowHosts', ['https://hooks.example.com']],
      ['concurrency', 0],
      ['concurrency', 1e9],
      ['version', 2],
      ['eventTypeType', 'date'],
      ['auth', 'nobody'],
      ['audit', 'nobody'],
    ]
    for (const [property, value] of wrong) {
      const flow = await local({ [property]: value })
      const error = failureOf(await flow.receive('n', { payload: 1 }))
      assert.equal(error.code, 'CONFIG_INVALID', `${property} ${JSON.stringify(value)}`)
      assert.equal(error.details['field'], property.replace(/Type$/, ''), property)
      assert.ok(!error.message.includes('password@'))
      assert.equal(flow.status('n')?.fill, 'red')
      await flow.unload()
    }
    const secrets: [Record<string, string>, string][] = [
      [{}, 'secret'],
      [{ secret: 'whsec_not-base64!' }, 'secret'],
      [{ secret: SECRET, previousSecret: 'whsec_' }, 'previousSecret'],
    ]
    for (const [credentials, field] of secrets) {
      const flow = await local({}, credentials)
      const error = failureOf(await flow.receive('n', { payload: 1 }))
      assert.equal(error.code, 'CONFIG_INVALID')
      assert.equal(error.details['field'], field)
      assert.ok(!error.message.includes('not-base64'))
      await flow.unload()
    }
    assert.equal(got.length, 0)
  })

  it('sends any payload, or says why it cannot', async () => {
    const flow = await local()
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const payload of [cyclic, { n: 1n }]) {
      const error = failureOf(await flow.receive('n', { payload }))
      assert.equal(error.code, 'INPUT_INVALID')
      assert.equal(error.details['path'], 'msg.payload')
    }
    sentOf(await flow.receive('n', {}))
    sentOf(await flow.receive('n', { payload: Buffer.from([0, 1, 255]) }))
    sentOf(await flow.receive('n', { payload: { text: 'x'.repeat(20_000_000) } }))
    assert.equal(got.length, 3)
    assert.equal((JSON.parse(got[1]!.body.toString()) as { data_base64: string }).data_base64, 'AAH/')
    assert.ok(got[2]!.body.length > 20_000_000)
  })

  it('stops a webhook that waits when it is deployed again', async () => {
    const flow = await local({ schedule: [0, 3600] })
    status = 500
    const pending = flow.receive('n', { payload: 1 })
    while (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await flow.unload()
    assert.equal(failureOf(await pending).code, 'ABORTED')
    assert.equal(got.length, 1)
  })

  it('audits a webhook that was not sent with its receiver and the reason', async () => {
    const flow = await loadFlow(
      [
        { id: 'trail', type: 'audit-trail' },
        { id: 'n', type: 'webhook-send', url, schedule: [0], audit: 'trail' },
      ],
      { credentials: { n: { secret: SECRET } } },
    )
    assert.equal(failureOf(await flow.receive('n', { payload: 1 })).code, 'WEBHOOK_BLOCKED_ADDRESS')
    const { readFile } = await import('node:fs/promises')
    const [line = '', ...more] = (await readFile(`${flow.userDir}/cxone/audit/audit.jsonl`, 'utf8'))
      .trim()
      .split('\n')
    const record = JSON.parse(line) as {
      subject: string
      status: string
      details: { error: { code: string } }
    }
    assert.equal(more.length, 0)
    assert.equal(record.status, 'FAILED')
    assert.equal(record.subject, url.replace(/\?.*/, ''))
    assert.equal(record.details.error.code, 'WEBHOOK_BLOCKED_ADDRESS')
  })

  it('shows neither secrets nor the query of its URL anywhere', async () => {
    const flow = await loadFlow(
      [
        { id: 'trail', type: 'audit-trail' },
        { id: 'n', type: 'webhook-send', url, allowPrivate: true, schedule: [0, 0.01], audit: 'trail' },
      ],
      { credentials: { n: { secret: SECRET, previousSecret: OLD_SECRET } } },
    )
    status = 500
    const dead = sentOf(await flow.receive('n', { payload: 1 }), 1)
    status = 204
    const sent = sentOf(await flow.receive('n', { payload: 1 }))
    const { readFile } = await import('node:fs/promises')
    const audit = await readFile(`${flow.userDir}/cxone/audit/audit.jsonl`, 'utf8')
    assert.equal(audit.trim().split('\n').length, 2)
    const seen = JSON.stringify([dead, sent, flow.statuses('n'), flow.caught]) + audit + flow.log()
    for (const secret of ['VEhJUy1JUy1TRUNSRVQ', 'THIS-IS-SECRET', OLD_SECRET, 'query-secret']) {
      assert.ok(!seen.includes(secret), secret)
    }
  })
})
