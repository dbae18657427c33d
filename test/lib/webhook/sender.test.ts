import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SandboxInfo } from '../../../lib/cxone/access.ts'
import { createHttpClient, type HttpClient } from '../../../lib/http/client.ts'
import { checkSignature } from '../../../lib/sandbox/webhook-signature.ts'
import { systemClock, systemRandom } from '../../../lib/system.ts'
import { createWebhookSender, deathOf, type SenderOptions } from '../../../lib/webhook/sender.ts'

interface Got {
  readonly request: IncomingMessage
  readonly body: Buffer
}

describe('a webhook sender over real sockets', () => {
  let server: Server
  let port: number
  let client: HttpClient
  let got: Got[]
  let answer: (response: ServerResponse, got: Got) => void

  before(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const entry = { request, body: Buffer.concat(chunks) }
        got.push(entry)
        answer(response, entry)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    client = createHttpClient({ clock: systemClock })
  })
  after(async () => {
    await client.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  beforeEach(() => {
    got = []
    answer = (response) => response.writeHead(204).end()
  })

  const lookups: string[] = []
  function sender(options: Partial<SenderOptions> = {}) {
    return createWebhookSender(
      {
        send: client.send,
        lookup: (host) => {
          lookups.push(host)
          return Promise.resolve(['127.0.0.1'])
        },
        clock: systemClock,
        random: systemRandom,
        newId: () => 'evt-1',
      },
      {
        signature: 'standard-webhooks',
        secret: 'top secret',
        previousSecret: '',
        envelope: 'cloudevents',
        source: '/node-red/n1',
        schedule: [0, 0.01, 0.01],
        timeoutMs: 2000,
        concurrency: 8,
        allowPrivate: true,
        allowHosts: [],
        ...options,
      },
    )
  }
  const correlationId = '019aa5e5-1f0a-7d1c-9a53-0d6a6f6c2c11'
  const places = { url: 'msg.url', eventType: 'eventType', payload: 'msg.payload' }
  const event = (url: unknown, more = {}) => ({
    url,
    eventType: 'customer.looked-up',
    payload: { customer: 7 },
    correlationId,
    places,
    ...more,
  })

  it('delivers a signed CloudEvent with the correlation headers, to the address that was looked up once', async () => {
    lookups.length = 0
    const result = await sender()(event(`http://hooks.internal:${port}/take?key=k`))
    assert.equal(result.outcome, 'delivered')
    assert.equal(result.url, `http://hooks.internal:${port}/take`)
    assert.deepEqual(lookups, ['hooks.internal'])
    const { request, body } = got[0]!
    assert.equal(request.url, '/take?key=k')
    assert.equal(request.headers.host, `hooks.internal:${port}`)
    assert.equal(request.headers['content-type'], 'application/cloudevents+json')
    assert.equal(request.headers['correlationid'], correlationId)
    assert.match(
      String(request.headers['traceparent']),
      /^00-019aa5e51f0a7d1c9a530d6a6f6c2c11-[0-9a-f]{16}-00$/,
    )
    assert.equal(request.headers.authorization, undefined)
    const check = checkSignature(request.headers, body, 'top secret', Date.now() / 1000)
    assert.deepEqual(check, { ok: true, form: 'standard-webhooks', id: 'evt-1' })
    assert.deepEqual((JSON.parse(body.toString()) as { data: unknown }).data, { customer: 7 })
  })

  it('keeps trying after dropped connections and errors, with the same id', async () => {
    answer = (response, entry) => {
      if (got.length === 1) entry.request.socket.destroy()
      else response.writeHead(got.length === 2 ? 503 : 200).end('ok')
    }
    const result = await sender()(event(`http://127.0.0.1:${port}/`))
    assert.equal(result.outcome, 'delivered')
    assert.equal(result.attempts, 3)
    assert.deepEqual(new Set(got.map(({ request }) => request.headers['webhook-id'])), new Set(['evt-1']))
  })

  it('does not follow a redirect', async () => {
    answer = (response) => response.writeHead(302, { location: `http://127.0.0.1:${port}/elsewhere` }).end()
    const result = await sender()(event(`http://127.0.0.1:${port}/`))
    assert.equal(result.outcome, 'dead')
    assert.ok(got.every(({ request }) => request.url === '/'))
    const death = deathOf(result)
    assert.equal(death.code, 'WEBHOOK_DEAD')
    assert.match(death.message, /3 times in vain/)
    const refused = deathOf({ ...result, attempts: 0, reason: '10000 webhooks wait already' })
    assert.equal(refused.code, 'WEBHOOK_DEAD')
    assert.match(refused.message, /was not tried: 10000 webhooks wait already/)
  })

  it('gives up an attempt after timeoutMs, also in the middle of a body', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-length': '10' })
      response.write('half')
    }
    const result = await sender({ timeoutMs: 50, schedule: [0] })(event(`http://127.0.0.1:${port}/`))
    assert.equal(result.outcome, 'dead')
    assert.equal(result.status, null)
  })

  it('names 410 as a refusal', async () => {
    answer = (response) => response.writeHead(410).end()
    const result = await sender()(event(`http://127.0.0.1:${port}/`))
    assert.equal(result.attempts, 1)
    assert.equal(deathOf(result).code, 'WEBHOOK_REJECTED')
  })

  it('never connects to a blocked address', async () => {
    await assert.rejects(sender({ allowPrivate: false })(event(`http://hooks.internal:${port}/`)), {
      code: 'WEBHOOK_BLOCKED_ADDRESS',
    })
    assert.equal(got.length, 0)
  })

  it('finds the sandbox under its names, with its secret, whatever the guard allows', async () => {
    const sandbox: SandboxInfo = {
      url: '',
      port,
      dnsServer: '',
      trustAnchor: '',
      webhookSecret: 'whsec_c2FuZGJveA==',
    }
    const send = sender({ secret: '', allowPrivate: false, sandbox })
    assert.equal((await send(event('http://sink.sandbox.test/webhooks/sink'))).outcome, 'delivered')
    const { request, body } = got[0]!
    assert.equal(request.headers.host, 'sink.sandbox.test')
    assert.equal(checkSignature(request.headers, body, 'sandbox', Date.now() / 1000).ok, true)
    await assert.rejects(send(event('http://sandbox.test.evil.example/')), {
      code: 'WEBHOOK_BLOCKED_ADDRESS',
    })
  })

  it('needs a secret of its own outside the sandbox', () => {
    assert.throws(() => sender({ secret: '' }), { code: 'CONFIG_INVALID', details: { field: 'secret' } })
    sender({ secret: '', signature: 'none' })
  })

  it('refuses wrong input by its place', async () => {
    const url = `http://127.0.0.1:${port}/`
    const wrong: [object, string][] = [
      [event('ftp://a.example'), 'msg.url'],
      [event(undefined), 'msg.url'],
      [event({}), 'msg.url'],
      [event('https://user:pass@a.example'), 'msg.url'],
      [event(url, { eventType: '' }), 'eventType'],
      [event(url, { eventType: 7 }), 'eventType'],
      [event(url, { eventType: 'x'.repeat(300) }), 'eventType'],
      [event(url, { payload: { n: 1n } }), 'msg.payload'],
    ]
    for (const [request, path] of wrong) {
      await assert.rejects(sender()(request as never), { code: 'INPUT_INVALID', details: { path } })
    }
    assert.equal(got.length, 0)
  })

  it('needs no event type for the payload alone', async () => {
    const result = await sender({ envelope: 'raw' })(
      event(`http://127.0.0.1:${port}/`, { eventType: undefined, payload: 'hi' }),
    )
    assert.equal(result.outcome, 'delivered')
    assert.equal(got[0]?.body.toString(), 'hi')
  })
})
