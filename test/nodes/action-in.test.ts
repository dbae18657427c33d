import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import {
  actionIn,
  actionOut,
  endFlow,
  fn,
  fromNodeRed,
  holder,
  readAll,
  serveFlow,
  type ServedFlow,
} from './endpoint-harness.ts'
import type { Status } from './harness.ts'

const require = createRequire(import.meta.url)
const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
const BODY = '{"variables":{"customer_id":"7"}}'
const SECRET = 'hunter2-never-to-be-seen'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The status of the endpoint once it says something: it is written four times a second. */
async function nextStatus(flow: ServedFlow, text: string): Promise<Status> {
  while (flow.status('in')?.text !== text) await delay(10)
  return flow.status('in')!
}

/** Nodes on a tab without any Catch node. */
const uncaught = (nodes: readonly object[]): any[] => [
  { id: 'bare', type: 'tab', label: 'no catch' },
  ...nodes.map((node) => ({ ...node, z: 'bare' })),
]

describe('action-in', function () {
  this.timeout(20_000)
  afterEach(endFlow)

  describe('bodies', () => {
    const echo = (more: object = {}) =>
      serveFlow([
        actionIn(more, 'work'),
        fn('work', 'msg.payload = msg.payload.variables; return msg', 'out'),
        actionOut(),
      ])

    it('takes JSON whatever the content type says, as CXone sends it', async () => {
      const flow = await echo()
      for (const headers of [JSON_TYPE, FORM_TYPE, { 'content-type': 'text/plain' }, {}]) {
        const answer = await flow.post('/action', BODY, headers)
        assert.equal(answer.status, 200)
        assert.equal(
          answer.text,
          '{"status":"success","result":{"customer_id":"7"},"message":"Data action executed successfully"}',
        )
        assert.equal(answer.headers['content-type'], 'application/json')
      }
    })

    for (const [what, body, headers, variables] of [
      ['a form with variables[...]', 'variables[a]=1&variables[b]=x+y', FORM_TYPE, { a: '1', b: 'x y' }],
      ['a plain form', 'a=1&b=%C3%A4', FORM_TYPE, { a: '1', b: 'ä' }],
      ['a form with a field of JSON', 'variables=%7B%22a%22%3A1%7D', FORM_TYPE, { a: 1 }],
      ['percent-encoded JSON as a form', encodeURIComponent('{"variables":{"a":1}}'), FORM_TYPE, { a: 1 }],
      ['repeated fields', 'a=1&a=2', FORM_TYPE, { a: ['1', '2'] }],
      ['no body', '', {}, {}],
      ['a flat object', '{"a":1}', JSON_TYPE, { a: 1 }],
      ['more than variables', '{"variables":{"a":1},"other":2}', JSON_TYPE, { a: 1 }],
      ['a byte order mark', '\ufeff{"a":1}', JSON_TYPE, { a: 1 }],
      ['gzip', gzipSync('{"a":1}'), { 'content-encoding': 'gzip' }, { a: 1 }],
      ['deflate', deflateSync('{"a":1}'), { 'content-encoding': 'deflate' }, { a: 1 }],
      ['brotli', brotliCompressSync('{"a":1}'), { 'content-encoding': 'br' }, { a: 1 }],
      ['UTF-8 in quotes', '{"a":"ä"}', { 'content-type': 'application/json; charset="utf-8"' }, { a: 'ä' }],
    ] as const) {
      it(`takes ${what}`, async () => {
        const flow = await echo()
        const answer = await flow.post('/action', body, headers)
        assert.deepEqual([answer.status, answer.json.result], [200, variables])
      })
    }

    for (const [what, body, headers, status, code] of [
      ['text that is no JSON', 'hello', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['JSON that ends too early', '{"variables":{"a"', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['a list', '[1]', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['null', 'null', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['a number', '7', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['variables that are null', '{"variables":null}', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['variables that are a list', '{"variables":[1]}', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['variables that are text', '{"variables":"a"}', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['a NUL byte', '{"a":"\u0000"}', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), JSON_TYPE, 400, 'INPUT_INVALID'],
      [
        'UTF-16',
        Buffer.from('{}', 'utf16le'),
        { 'content-type': 'application/json; charset=utf-16' },
        415,
        'ENDPOINT_UNSUPPORTED',
      ],
      ['an unknown encoding', '{}', { 'content-encoding': 'zip' }, 415, 'ENDPOINT_UNSUPPORTED'],
      ['broken gzip', 'no gzip', { 'content-encoding': 'gzip' }, 400, 'INPUT_INVALID'],
      [
        'a gzip bomb',
        gzipSync(Buffer.alloc(50_000_000)),
        { 'content-encoding': 'gzip' },
        413,
        'ENDPOINT_TOO_LARGE',
      ],
      ['a property __proto__', '{"variables":{"__proto__":{"x":1}}}', JSON_TYPE, 400, 'INPUT_INVALID'],
      ['a property \\u005f_proto__', '{"a":{"\\u005f_proto__":1}}', JSON_TYPE, 400, 'INPUT_INVALID'],
      [
        'endless nesting',
        `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
        JSON_TYPE,
        400,
        'INPUT_INVALID',
      ],
      ['10 MB', `{"a":"${'x'.repeat(10_000_000)}"}`, JSON_TYPE, 413, 'ENDPOINT_TOO_LARGE'],
    ] as const) {
      it(`refuses ${what} with ${status}`, async () => {
        const flow = await echo()
        const answer = await flow.post('/action', body, headers)
        assert.deepEqual([answer.status, answer.json.status, answer.json.code], [status, 'error', code])
        assert.match(answer.json.correlationId, UUID)
        assert.equal((await flow.post('/action', BODY)).status, 200)
        assert.equal(({} as Record<string, unknown>)['x'], undefined)
      })
    }

    it('keeps form fields named like what objects inherit apart from it', async () => {
      const flow = await echo()
      const answer = await flow.post('/action', '__proto__=1&constructor=2&variables[__proto__]=3', FORM_TYPE)
      assert.equal(answer.status, 400)
    })

    it('refuses a chunked body once it is too large, without waiting for its end', async () => {
      const flow = await echo({ maxBodyBytes: 1000 })
      const socket = await flow.socket(
        'POST /action HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      )
      socket.write(`7d0\r\n${'x'.repeat(2000)}\r\n`)
      const text = await readAll(socket)
      assert.match(text, /^HTTP\/1.1 413 /)
      assert.match(text, /connection: close/i)
      assert.match(text, /ENDPOINT_TOO_LARGE/)
    })

    it('survives a body that is cut off, and tells it in the metrics alone', async () => {
      const flow = await echo()
      const socket = await flow.socket('POST /action HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a"')
      socket.destroy()
      await once(socket, 'close')
      assert.equal((await flow.post('/action', BODY)).status, 200)
    })

    it('answers a body that does not come with 504 at the deadline, and others meanwhile', async () => {
      const flow = await echo({ deadlineMs: 300, maxInFlight: 2 })
      const slow = await Promise.all(
        Array.from({ length: 20 }, () =>
          flow.socket('POST /action HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a"'),
        ),
      )
      const answers = Promise.all(slow.map(readAll))
      assert.equal((await flow.post('/action', BODY)).status, 200)
      for (const text of await answers) {
        assert.match(text, /^HTTP\/1.1 504 /)
        assert.match(text, /"code":"TIMEOUT"/)
      }
    })

    it('takes what a body parser before it has left, and reads what it has left alone', async () => {
      const { json } = fromNodeRed('body-parser') as { json(): any }
      const flow = await serveFlow(
        [
          actionIn({}, 'work'),
          fn('work', 'msg.payload = msg.payload.variables; return msg', 'out'),
          actionOut(),
        ],
        { settings: { httpNodeMiddleware: json() } },
      )
      for (const headers of [JSON_TYPE, { 'content-type': 'text/plain' }]) {
        // The server marks the body as parsed, so that this middleware leaves it alone.
        assert.deepEqual((await flow.post('/action', BODY, headers)).json.result, { customer_id: '7' })
      }
    })

    it('takes the parsed body of a middleware that reads bodies in its own way', async () => {
      const middleware = (request: any, _response: unknown, next: () => void): void => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          request.body = JSON.parse(Buffer.concat(chunks).toString())
          next()
        })
      }
      const flow = await serveFlow([actionIn(), actionOut()], {
        settings: { httpNodeMiddleware: [middleware] },
      })
      const { json } = await flow.post('/action', BODY)
      assert.deepEqual(json.result, { variables: { customer_id: '7' }, raw: BODY })
    })

    it('gets the raw body although the admin app would parse it first', async () => {
      const { json } = fromNodeRed('body-parser') as { json(): any }
      const flow = await serveFlow([actionIn(), actionOut()], { before: json() })
      const spaced = '{ "variables": {"a": 1} }'
      assert.equal((await flow.post('/action', spaced, JSON_TYPE)).json.result.raw, spaced)
      const broken = await flow.post('/action', '{"a":', JSON_TYPE)
      assert.deepEqual([broken.status, broken.json.code], [400, 'INPUT_INVALID'])
    })
  })

  describe('the message', () => {
    it('has variables, the raw text, the deadline and a correlation id', async () => {
      const { type, next } = holder()
      const flow = await serveFlow([actionIn({ deadlineMs: 500 }, 'h'), { id: 'h', type: 'holder' }], {
        extra: { holder: type },
      })
      const got = next()
      const before = Date.now()
      const answer = flow.post('/action', BODY, { CorrelationId: 'F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6' })
      const msg = await got
      assert.deepEqual(msg['payload'], { variables: { customer_id: '7' }, raw: BODY })
      const { id, deadline, replayed, ...rest } = msg['cxone'].endpoint
      assert.match(id, UUID)
      assert.ok(deadline >= before + 499 && deadline <= Date.now() + 500, `${deadline - before}`)
      assert.deepEqual([replayed, rest], [false, {}])
      assert.equal(msg['cxone'].correlationId, 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6')
      assert.equal(msg['req'].headers.host, `127.0.0.1:${flow.port}`)
      const { status, headers, json } = await answer
      assert.equal(status, 504)
      assert.equal(headers['correlationid'], 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6')
      assert.equal(json.correlationId, 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6')
    })

    it('takes the trace id of a traceparent as correlation id, and makes one in place of nonsense', async () => {
      const flow = await serveFlow([actionIn(), actionOut()])
      const traced = await flow.post('/action', BODY, {
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      })
      assert.equal(traced.headers['correlationid'], '0af76519-16cd-43dd-8448-eb211c80319c')
      for (const headers of [
        { CorrelationId: 'nonsense' },
        { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` },
      ]) {
        const made = await flow.post('/action', BODY, headers)
        assert.match(made.headers['correlationid']!, UUID)
        assert.doesNotMatch(made.headers['correlationid']!, /^0{8}/)
      }
    })

    it('is answered by a node http response too, and no second time', async () => {
      const flow = await serveFlow([
        actionIn({ deadlineMs: 200 }, 'work'),
        fn('work', 'msg.payload = {own: 1}; msg.statusCode = 202; return msg', 'http'),
        { id: 'http', type: 'http response' },
      ])
      const answer = await flow.post('/action', BODY)
      assert.deepEqual([answer.status, answer.json], [202, { own: 1 }])
      await delay(300)
      assert.equal(flow.status('in')?.text, 'ready · POST /action')
    })

    it('finds its request after a Function node has made a new one in its place', async () => {
      const flow = await serveFlow([
        actionIn({}, 'work'),
        fn('work', 'return {payload: 1}', 'out'),
        actionOut(),
      ])
      assert.equal((await flow.post('/action', BODY)).json.result, 1)
    })
  })

  describe('authentication', () => {
    const guarded = (authMode: string, credentials: Record<string, string>, more: object = {}) =>
      serveFlow([actionIn({ authMode, ...more }), actionOut()], { credentials: { in: credentials } })
    const signature = (body: string): string =>
      `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`

    for (const [mode, more, right, wrongs] of [
      ['header', {}, { 'x-api-key': SECRET }, [{}, { 'x-api-key': `${SECRET}x` }, { 'x-api-key': '' }]],
      ['header', { headerName: 'X-Custom' }, { 'x-custom': SECRET }, [{ 'x-api-key': SECRET }]],
      [
        'bearer',
        {},
        { authorization: `Bearer ${SECRET}` },
        [{}, { authorization: SECRET }, { authorization: `Basic ${SECRET}` }],
      ],
      [
        'basic',
        {},
        { authorization: `Basic ${Buffer.from(`cxone:${SECRET}`).toString('base64')}` },
        [
          {},
          { authorization: 'Basic !!' },
          { authorization: `Basic ${Buffer.from(`other:${SECRET}`).toString('base64')}` },
        ],
      ],
      [
        'hmac',
        {},
        { 'x-signature': signature(BODY) },
        [{}, { 'x-signature': signature(`${BODY} `) }, { 'x-signature': 'sha256=' }],
      ],
    ] as const) {
      it(`lets in who has the credential of ${mode} ${JSON.stringify(more)}, and nobody else`, async () => {
        const flow = await guarded(mode, { secret: SECRET, user: 'cxone' }, more)
        assert.equal((await flow.post('/action', BODY, right as never)).status, 200)
        for (const wrong of wrongs) {
          const answer = await flow.post('/action', BODY, wrong)
          assert.deepEqual([answer.status, answer.json.code], [401, 'ENDPOINT_UNAUTHORIZED'])
          assert.ok(!answer.text.includes(SECRET))
          const { 'www-authenticate': challenge } = answer.headers
          if (mode === 'basic') assert.match(challenge!, /^Basic realm=/)
          if (mode === 'bearer') assert.equal(challenge, 'Bearer')
        }
        assert.ok(!flow.log().includes(SECRET))
      })
    }

    for (const [mode, credentials, field] of [
      ['header', {}, 'secret'],
      ['bearer', { secret: ' ' }, 'secret'],
      ['basic', { secret: SECRET }, 'user'],
      ['basic', { user: 'u' }, 'secret'],
      ['hmac', {}, 'secret'],
    ] as const) {
      it(`is never open: ${mode} without ${field} answers 503`, async () => {
        const flow = await guarded(mode, credentials)
        const answer = await flow.post('/action', BODY, { 'x-api-key': '', authorization: 'Bearer ' })
        assert.deepEqual([answer.status, answer.json.code], [503, 'CONFIG_INVALID'])
        assert.equal(answer.json.message, 'The endpoint is not set up correctly')
        assert.equal(flow.status('in')?.text, `CONFIG_INVALID: ${field}`)
        assert.equal(flow.status('in')?.fill, 'red')
      })
    }

    it('checks the signature over the bytes as they came', async () => {
      const flow = await guarded('hmac', { secret: SECRET })
      const body = gzipSync(BODY)
      const signed = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
      const answer = await flow.post('/action', body, { 'content-encoding': 'gzip', 'x-signature': signed })
      assert.deepEqual(answer.json.result.variables, { customer_id: '7' })
    })
  })

  describe('limits', () => {
    it('answers 503 with Retry-After above maxInFlight, and goes on', async () => {
      const { type, held, next } = holder()
      const flow = await serveFlow(
        [actionIn({ maxInFlight: 2 }, 'h'), { id: 'h', type: 'holder', wires: [['out']] }, actionOut()],
        {
          extra: { holder: type },
        },
      )
      const running: Promise<{ status: number }>[] = []
      for (const i of [1, 2]) {
        const got = next()
        running.push(flow.post('/action', `{"i":${i}}`))
        await got
      }
      const busy = await flow.post('/action', '{"i":3}')
      assert.deepEqual(
        [busy.status, busy.json.code, busy.headers['retry-after']],
        [503, 'ENDPOINT_BUSY', '1'],
      )
      for (const { node, msg, done } of held) {
        node.send(msg)
        done()
      }
      assert.deepEqual(
        (await Promise.all(running)).map(({ status }) => status),
        [200, 200],
      )
      const last = next()
      const again = flow.post('/action', '{"i":4}')
      await last
      held[2]!.node.send(held[2]!.msg)
      assert.equal((await again).status, 200)
    })

    it('answers 429 with Retry-After above the rate', async () => {
      const flow = await serveFlow([actionIn({ rateLimitPerMinute: 3 }), actionOut()])
      const statuses: number[] = []
      for (let i = 0; i < 3; i++) statuses.push((await flow.post('/action', `{"i":${i}}`)).status)
      assert.deepEqual(statuses, [200, 200, 200])
      const limited = await flow.post('/action', '{"i":4}')
      assert.deepEqual([limited.status, limited.json.code], [429, 'ENDPOINT_RATE_LIMITED'])
      assert.ok(Number(limited.headers['retry-after']) > 50 && Number(limited.headers['retry-after']) <= 60)
    })

    it('answers other methods with 405 and Allow', async () => {
      const flow = await serveFlow([actionIn(), actionOut()])
      for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const answer = await flow.send(method, '/action')
        assert.deepEqual([answer.status, answer.headers['allow']], [405, 'POST'], method)
      }
    })

    it('answers a thousand callers at once', async () => {
      const flow = await serveFlow([actionIn({ maxInFlight: 1000 }), actionOut()])
      const answers = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => flow.post('/action', `{"variables":{"i":${i}}}`)),
      )
      for (const [i, { status, json }] of answers.entries())
        assert.deepEqual([status, json.result.variables], [200, { i }])
    })
  })

  describe('the contract', () => {
    const contract = JSON.stringify({
      type: 'object',
      required: ['customer_id'],
      properties: {
        customer_id: { type: 'integer' },
        vip: { type: 'boolean' },
        note: { type: 'string', maxLength: 5 },
      },
    })

    it('changes text to the types it asks for', async () => {
      const flow = await serveFlow([actionIn({ contract }), actionOut()])
      const { json } = await flow.post('/action', '{"variables":{"customer_id":"7","vip":"true"}}')
      assert.deepEqual(json.result.variables, { customer_id: 7, vip: true })
    })

    it('names each fault with 422', async () => {
      const flow = await serveFlow([actionIn({ contract }), actionOut()])
      const { status, json } = await flow.post('/action', '{"variables":{"vip":"maybe","note":"too long"}}')
      assert.deepEqual([status, json.code], [422, 'ENDPOINT_CONTRACT'])
      const faults = json.details.errors.map(({ path, keyword }: any) => `${path} ${keyword}`)
      assert.deepEqual(faults.sort(), [' required', '/note maxLength', '/vip type'])
    })

    it('takes nothing for what it is not where types are not to be changed', async () => {
      const flow = await serveFlow([actionIn({ contract, coerce: false }), actionOut()])
      assert.equal((await flow.post('/action', '{"variables":{"customer_id":"7"}}')).status, 422)
      assert.equal((await flow.post('/action', '{"variables":{"customer_id":7}}')).status, 200)
    })
  })

  describe('failures', () => {
    const failing = (func: string, more: object = {}) =>
      serveFlow(
        uncaught([actionIn({ deadlineMs: 5000, ...more }, 'work'), fn('work', func, 'out'), actionOut()]),
      )

    for (const [what, func] of [
      ['throws', `throw new Error("password=${SECRET} at db.internal:5432")`],
      ['rejects', `return Promise.reject(new Error("${SECRET}"))`],
      ['throws text', `throw "${SECRET}"`],
      ['calls a function that is not there', 'nothing()'],
    ] as const) {
      it(`of a Function node that ${what} are answered at once, and tell nothing`, async () => {
        const flow = await failing(func)
        const started = Date.now()
        const { status, json, text } = await flow.post('/action', BODY)
        assert.ok(Date.now() - started < 4000)
        assert.deepEqual([status, json.code], [500, 'ENDPOINT_FLOW_FAILED'])
        assert.equal(json.message, 'The flow behind the endpoint failed')
        assert.ok(!text.includes(SECRET) && !text.includes('internal'))
      })
    }

    it('of our own nodes are answered by their code', async () => {
      const flow = await serveFlow(
        uncaught([
          actionIn({}, 'u'),
          {
            id: 'u',
            type: 'uuid-gen',
            uuidVersion: '5',
            namespace: 'x',
            namespaceType: 'str',
            wires: [['out']],
          },
          actionOut(),
        ]),
      )
      const { status, json } = await flow.post('/action', BODY)
      assert.deepEqual([status, json.code], [500, 'UUID_INVALID'])
      assert.equal((await nextStatus(flow, 'UUID_INVALID')).fill, 'red')
    })

    it('that a Catch node takes are left to it', async () => {
      const flow = await serveFlow([
        ...uncaught([
          actionIn({ deadlineMs: 5000 }, 'work'),
          fn('work', 'throw new Error("no")', 'out'),
          { id: 'c', type: 'catch', scope: null, uncaught: false, wires: [['repair']] },
          fn('repair', 'delete msg.error; msg.payload = "repaired"; return msg', 'out'),
          actionOut(),
        ]),
      ])
      const { status, json } = await flow.post('/action', BODY)
      assert.deepEqual([status, json.result], [200, 'repaired'])
    })

    it('that a Catch node sends to action-out are told by code', async () => {
      const flow = await serveFlow(
        uncaught([
          actionIn({}, 'u'),
          {
            id: 'u',
            type: 'dns-resolve',
            dnssec: 'off',
            domain: 'not a name',
            domainType: 'str',
            wires: [['out']],
          },
          { id: 'c', type: 'catch', scope: null, uncaught: false, wires: [['out']] },
          actionOut(),
        ]),
      )
      const { status, json } = await flow.post('/action', BODY)
      assert.deepEqual(
        [status, json.code, json.message],
        [400, 'INPUT_INVALID', 'The request holds a wrong value'],
      )
    })

    it('are told with status 200 where action-out says so', async () => {
      const flow = await serveFlow(
        uncaught([
          actionIn({}, 'work'),
          fn('work', 'throw new Error("no")', 'out'),
          { id: 'c', type: 'catch', scope: null, uncaught: false, wires: [['out']] },
          actionOut({ errorStatus: 'ok' }),
        ]),
      )
      const { status, json } = await flow.post('/action', BODY)
      assert.deepEqual([status, json.status, json.code], [200, 'error', 'ENDPOINT_FLOW_FAILED'])
    })

    it('to answer at all end at the deadline', async () => {
      const flow = await serveFlow(
        uncaught([actionIn({ deadlineMs: 200 }, 'work'), fn('work', 'return null', 'out'), actionOut()]),
      )
      const { status, json } = await flow.post('/action', BODY)
      assert.deepEqual([status, json.code], [504, 'TIMEOUT'])
      assert.equal((await nextStatus(flow, 'TIMEOUT')).fill, 'red')
    })
  })

  describe('deadlines', () => {
    /** A node of ours that waits for its signal. */
    const waiter = (told: { reason?: any; started?: () => void }) => (RED: any) => {
      const { onInput } = require('../../dist/nodes/adapter/on-input.js')
      RED.nodes.registerType('waiter', function (this: any, def: any) {
        RED.nodes.createNode(this, def)
        onInput(RED, this, def, () =>
          Promise.resolve((_msg: unknown, { signal }: { signal: AbortSignal }) => {
            told.started?.()
            return new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => {
                told.reason = signal.reason
                reject(signal.reason as Error)
              })
            })
          }),
        )
      })
    }

    it('abort the signals of the nodes that still work', async () => {
      const told: { reason?: any } = {}
      const flow = await serveFlow(
        uncaught([actionIn({ deadlineMs: 200 }, 'w'), { id: 'w', type: 'waiter', wires: [] }]),
        {
          extra: { waiter: waiter(told) },
        },
      )
      assert.equal((await flow.post('/action', BODY)).status, 504)
      assert.equal(told.reason?.code, 'TIMEOUT')
    })

    it('do not end when the caller goes, where its next try may ask for the answer', async () => {
      const told: { reason?: any; started?: () => void } = {}
      const flow = await serveFlow(
        uncaught([actionIn({ deadlineMs: 600 }, 'w'), { id: 'w', type: 'waiter', wires: [] }]),
        {
          extra: { waiter: waiter(told) },
        },
      )
      const started = new Promise<void>((resolve) => (told.started = resolve))
      const socket = await flow.socket('POST /action HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}')
      await started
      socket.destroy()
      await delay(100)
      assert.equal(told.reason, undefined)
    })

    it('end when the caller goes, where nobody could ask again', async () => {
      const told: { reason?: any; started?: () => void } = {}
      const flow = await serveFlow(
        uncaught([actionIn({ idempotency: 'none' }, 'w'), { id: 'w', type: 'waiter', wires: [] }]),
        { extra: { waiter: waiter(told) } },
      )
      const started = new Promise<void>((resolve) => (told.started = resolve))
      const socket = await flow.socket('POST /action HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}')
      await started
      socket.destroy()
      while (!told.reason) await delay(5)
      assert.equal(told.reason.code, 'ABORTED')
    })

    it('of many requests leave no listener behind', async () => {
      const flow = await serveFlow([actionIn(), actionOut()])
      const warnings: string[] = []
      const note = ({ name }: Error): void => void warnings.push(name)
      process.on('warning', note)
      for (let i = 0; i < 50; i++) await flow.post('/action', `{"i":${i}}`)
      process.off('warning', note)
      assert.deepEqual(warnings, [])
    })
  })
})
