// What outlives one request: repeats, simulation, deployments, documentation, records.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  actionIn,
  actionOut,
  endFlow,
  fn,
  holder,
  serveFlow,
  type Answered,
  type ServedFlow,
} from './endpoint-harness.ts'

const require = createRequire(import.meta.url)
const { processHealth } = require('../../dist/lib/health/health.js')

const BODY = '{"variables":{"customer_id":"7"}}'
const KEY = { 'Idempotency-Key': 'k-1' }

/** An endpoint whose messages the test holds, numbered as they come. */
async function held(more: object = {}, options: object = {}) {
  const hold = holder()
  const flow = await serveFlow(
    [actionIn(more, 'h'), { id: 'h', type: 'holder', wires: [['out']] }, actionOut()],
    { extra: { holder: hold.type }, ...options },
  )
  const release = (index: number): void => {
    const { node, msg, done } = hold.held[index]!
    msg['payload'] = index
    node.send(msg)
    done()
  }
  return { flow, release, ...hold }
}

/** Sends a request whose caller goes away once the flow has it. */
async function hangUp(flow: ServedFlow, got: Promise<unknown>, headers = ''): Promise<void> {
  const socket = await flow.socket(
    `POST /action HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${BODY.length}\r\n\r\n${BODY}`,
  )
  await got
  socket.destroy()
  await once(socket, 'close')
  await delay(30) // the server hears of it a moment later
}

describe('action-in', function () {
  this.timeout(20_000)
  afterEach(endFlow)

  describe('repeats', () => {
    it('with a key get the first answer again', async () => {
      const { flow, release, next, held: all } = await held()
      const got = next()
      const first = flow.post('/action', BODY, KEY)
      await got
      release(0)
      const { text } = await first
      const again = await flow.post('/action', BODY, KEY)
      assert.deepEqual([again.status, again.text, all.length], [200, text, 1])
      assert.equal(again.headers['idempotent-replayed'], 'true')
    })

    it('with a key join the one that is running', async () => {
      const { flow, release, next, held: all } = await held()
      const got = next()
      const first = flow.post('/action', BODY, KEY)
      await got
      const second = flow.post('/action', BODY, KEY)
      await delay(50)
      release(0)
      assert.deepEqual([(await first).text, all.length], [(await second).text, 1])
    })

    it('with a key and another body are refused with 409, while it runs and afterwards', async () => {
      const { flow, release, next } = await held()
      const got = next()
      const first = flow.post('/action', BODY, KEY)
      await got
      const conflict = async (): Promise<void> => {
        const { status, json } = await flow.post('/action', '{"variables":{}}', KEY)
        assert.deepEqual([status, json.code], [409, 'ENDPOINT_CONFLICT'])
      }
      await conflict()
      release(0)
      await first
      await conflict()
    })

    it('with a key are new once the answer is forgotten', async () => {
      const { flow, release, next, held: all } = await held({ idempotencyTtlS: 1 })
      for (const index of [0, 1]) {
        const got = next()
        const answer = flow.post('/action', BODY, KEY)
        await got
        release(index)
        assert.equal((await answer).json.result, index)
        await delay(1050)
      }
      assert.equal(all.length, 2)
    })

    it('without a key join the one that is running, but not after it was answered', async () => {
      const { flow, release, next, held: all } = await held()
      const got = next()
      const first = flow.post('/action', BODY)
      await got
      const second = flow.post('/action', BODY)
      await delay(50)
      release(0)
      assert.deepEqual([(await first).json.result, (await second).json.result], [0, 0])
      const gotThird = next()
      const third = flow.post('/action', BODY)
      await gotThird
      release(1)
      assert.deepEqual([(await third).json.result, all.length], [1, 2])
    })

    it('of a caller that hung up join its request, or get the answer that nobody heard', async () => {
      const { flow, release, next, held: all } = await held()
      await hangUp(flow, next())
      const joined = flow.post('/action', BODY)
      await delay(50)
      release(0)
      assert.equal((await joined).json.result, 0)
      await hangUp(flow, next())
      release(1)
      await delay(50)
      const again = await flow.post('/action', BODY)
      assert.deepEqual([again.json.result, all.length], [1, 2])
      // Now it was heard: an equal request is one of its own.
      const got = next()
      const third = flow.post('/action', BODY)
      await got
      release(2)
      assert.equal((await third).json.result, 2)
    })

    it('of others are requests of their own: another query, another credential before an open endpoint', async () => {
      const { flow, release, next } = await held()
      const answers: Promise<Answered>[] = []
      for (const [path, headers] of [
        ['/action', {}],
        ['/action?tenant=2', {}],
        ['/action', { authorization: 'Bearer other' }],
      ] as const) {
        const got = next()
        answers.push(flow.post(path, BODY, headers))
        await got
      }
      for (const index of [0, 1, 2]) release(index)
      assert.deepEqual(
        (await Promise.all(answers)).map(({ json }) => json.result),
        [0, 1, 2],
      )
    })

    it('are requests of their own where idempotency is off', async () => {
      const { flow, release, next } = await held({ idempotency: 'none' })
      const answers: Promise<Answered>[] = []
      for (let i = 0; i < 2; i++) {
        const got = next()
        answers.push(flow.post('/action', BODY, KEY))
        await got
      }
      for (const index of [0, 1]) release(index)
      assert.deepEqual(
        (await Promise.all(answers)).map(({ json }) => json.result),
        [0, 1],
      )
    })

    it('need a key that is one', async () => {
      const { flow } = await held()
      const { status, json } = await flow.post('/action', BODY, { 'Idempotency-Key': 'x'.repeat(256) })
      assert.deepEqual([status, json.details.path], [400, 'headers.idempotency-key'])
    })
  })

  describe('simulation', () => {
    const nodes = [
      actionIn({}, 'work'),
      fn('work', 'msg.payload = msg.cxone.endpoint.simulate; return msg', 'out'),
      actionOut(),
    ]

    it('is marked in the message', async () => {
      const flow = await serveFlow(nodes)
      assert.equal((await flow.post('/action/simulate', BODY)).json.result, true)
      assert.equal((await flow.post('/action', BODY)).json.result, null)
    })

    for (const settings of [{ disableEditor: true }, { httpAdminRoot: false }]) {
      it(`is not served with ${JSON.stringify(settings)}`, async () => {
        const flow = await serveFlow(nodes, { settings })
        assert.equal((await flow.post('/action/simulate', BODY)).status, 404)
        assert.equal((await flow.post('/action', BODY)).status, 200)
      })
    }

    it('is not served where the node has it off', async () => {
      const flow = await serveFlow([{ ...nodes[0]!, simulate: false }, ...nodes.slice(1)])
      assert.equal((await flow.post('/action/simulate', BODY)).status, 404)
    })

    it('calls neither data actions nor webhooks, and its records say so', async () => {
      const path = 'audit.jsonl'
      const flow = await serveFlow(
        [
          {
            id: 'auth',
            type: 'cxone-auth',
            profile: 'custom',
            tokenUrl: 'http://127.0.0.1:1/t',
            apiBaseUrl: 'http://127.0.0.1:1',
          },
          { id: 'trail', type: 'audit-trail', path },
          actionIn({ audit: 'trail' }, 'execute'),
          {
            id: 'execute',
            type: 'action-execute',
            auth: 'auth',
            actionId: 'x',
            actionIdType: 'str',
            audit: 'trail',
            wires: [['put']],
          },
          {
            id: 'put',
            type: 'cxone-request',
            auth: 'auth',
            method: 'PUT',
            path: '/x',
            pathType: 'str',
            wires: [['hook']],
          },
          {
            id: 'hook',
            type: 'webhook-send',
            url: 'https://never.example/x',
            urlType: 'str',
            signature: 'none',
            wires: [['steps'], []],
          },
          fn(
            'steps',
            'msg.payload = [msg.payload, msg.cxone.execution, msg.cxone.request, msg.cxone.webhook]; return msg',
            'out',
          ),
          actionOut(),
        ],
        { credentials: { auth: { clientId: 'c', clientSecret: 's' } } },
      )
      const { json } = await flow.post('/action/simulate', BODY)
      const simulated = { status: 'simulated' }
      assert.deepEqual(json.result, [{}, simulated, simulated, simulated])
      const lines = readFileSync(join(flow.userDir, path), 'utf8').trim().split('\n')
      const records = lines.map((line) => JSON.parse(line) as Record<string, any>)
      assert.deepEqual(
        records.map(({ eventType, status, details }) => [eventType, status, details.simulated]),
        [
          ['action-execute', 'SUCCESS', true],
          ['action-in', 'SUCCESS', true],
        ],
      )
    })
  })

  describe('deployments', () => {
    it('answer what is in work with 503 and take the path out', async () => {
      const { flow, next } = await held()
      const got = next()
      const answer = flow.post('/action', BODY)
      await got
      await flow.unload()
      const { status, json, headers } = await answer
      assert.deepEqual([status, json.code, headers['retry-after']], [503, 'ABORTED', '1'])
      assert.equal((await flow.post('/action', BODY)).status, 404)
    })

    it('refuse a path that another node serves, by its name', async () => {
      const flow = await serveFlow([
        actionIn({ name: 'first' }),
        { ...actionIn(), id: 'in-2', path: '/ACTION' },
        actionOut(),
      ])
      assert.equal(flow.status('in-2')?.text, 'CONFIG_INVALID: path')
      assert.match(flow.log(), /taken by \\?"first\\?" \(action-in in\)/)
      assert.equal((await flow.post('/action', BODY)).status, 200)
    })

    for (const [field, value] of [
      ['path', 'no-slash'],
      ['path', '/a/../b'],
      ['path', '/orders/:id'],
      ['path', '/cxone/health'],
      ['authMode', 'magic'],
      ['headerName', 'two words'],
      ['maxBodyBytes', 0],
      ['contract', '{"a":'],
      ['coerce', 'perhaps'],
      ['deadlineMs', -1],
      ['maxInFlight', 'x'],
      ['idempotency', 'sometimes'],
      ['idempotencyTtlS', 0],
      ['rateLimitPerMinute', -1],
      ['simulate', 7],
    ] as const) {
      it(`refuse ${field} ${JSON.stringify(value)} and serve nothing`, async () => {
        const flow = await serveFlow([actionIn({ [field]: value }), actionOut()])
        assert.equal(flow.status('in')?.text, `CONFIG_INVALID: ${field}`)
        assert.equal((await flow.post('/action', BODY)).status, 404)
      })
    }

    it('answer 503 for a contract that is no schema and for an audit trail that is missing', async () => {
      for (const more of [{ contract: '{"type":"nonsense"}' }, { audit: 'gone' }]) {
        const flow = await serveFlow([actionIn(more), actionOut()])
        assert.equal((await flow.post('/action', BODY)).status, 503)
        assert.equal(flow.status('in')?.fill, 'red')
        await flow.end()
      }
    })

    it('serve paths in any case, with or without a slash at the end, below the root of the HTTP nodes', async () => {
      const flow = await serveFlow([actionIn({ path: '/Mixed/Case' }), actionOut()], { root: '/api' })
      for (const path of ['/Mixed/Case', '/mixed/case', '/mixed/case/', '/mixed/case?x=1'])
        assert.equal((await flow.post(path, BODY)).status, 200, path)
      assert.equal((await flow.post('/mixed', BODY)).status, 404)
    })

    it('need HTTP nodes to be on', async () => {
      const flow = await serveFlow([actionIn(), actionOut()], { settings: { httpNodeRoot: false } })
      assert.equal(flow.status('in')?.text, 'CONFIG_INVALID: path')
    })
  })

  describe('documents', () => {
    const contract = JSON.stringify({
      type: 'object',
      properties: { customer_id: { $ref: '#/$defs/id' } },
      $defs: { id: { type: 'integer' } },
    })

    it('describe the endpoints as OpenAPI 3.1', async () => {
      const flow = await serveFlow(
        [
          actionIn({ name: 'Look up', contract, authMode: 'header' }),
          { ...actionIn(), id: 'in-2', path: '/second', authMode: 'bearer' },
          actionOut(),
        ],
        { root: '/api', credentials: { in: { secret: 's' }, 'in-2': { secret: 's' } } },
      )
      const { status, json, headers } = await flow.send('GET', '/cxone/openapi.json')
      assert.deepEqual([status, headers['content-type']], [200, 'application/json'])
      assert.match(json.openapi, /^3\.1\.\d+$/)
      assert.deepEqual(json.servers, [{ url: '/api' }])
      assert.deepEqual(Object.keys(json.paths), ['/action', '/second'])
      const { post } = json.paths['/action']
      const { variables } = post.requestBody.content['application/json'].schema.properties
      assert.deepEqual(variables, { $id: 'urn:cxone-flows:contract:in', ...JSON.parse(contract) })
      const ids = Object.values<any>(json.paths).map((path) => path.post.operationId)
      assert.equal(new Set(ids).size, 2)
      for (const path of Object.values<any>(json.paths)) {
        for (const [name] of Object.entries(path.post.security[0]))
          assert.ok(json.components.securitySchemes[name])
        for (const answer of Object.values<any>(path.post.responses)) {
          const found = answer.$ref ? json.components.responses[answer.$ref.split('/').at(-1)] : answer
          assert.equal(typeof found.description, 'string')
          const { schema } = found.content['application/json']
          assert.ok(json.components.schemas[schema.$ref.split('/').at(-1)])
        }
      }
      assert.equal((await flow.send('POST', '/cxone/openapi.json')).status, 405)
      assert.equal((await flow.send('HEAD', '/cxone/openapi.json')).text, '')
    })

    it('tell whether the runtime is ready, and what is not', async () => {
      const flow = await serveFlow([
        { id: 'auth', type: 'cxone-auth', name: 'sandbox' },
        actionIn(),
        actionOut(),
      ])
      const ready = await flow.send('GET', '/cxone/health')
      assert.deepEqual([ready.status, ready.json.status], [200, 'ready'])
      assert.deepEqual(
        ready.json.dependencies.map(({ id, type, name, ok }: any) => [id, type, name, ok]),
        [['auth', 'cxone-auth', 'sandbox', true]],
      )
      const remove = processHealth.add({
        id: 'x',
        type: 'pg-database',
        name: '',
        check: () => Promise.reject(new Error('db.internal')),
      }) as () => void
      const not = await flow.send('GET', '/cxone/health')
      remove()
      assert.deepEqual([not.status, not.json.status], [503, 'not ready'])
      assert.ok(!not.text.includes('db.internal'))
    })

    it('name an access whose settings are wrong as not ready', async () => {
      const flow = await serveFlow([
        { id: 'auth', type: 'cxone-auth', profile: 'tenant' },
        actionIn(),
        actionOut(),
      ])
      const { status, json } = await flow.send('GET', '/cxone/health')
      assert.deepEqual([status, json.dependencies[0].detail], [503, 'CONFIG_INVALID'])
    })

    it('go with the last endpoint', async () => {
      const flow = await serveFlow([actionOut()])
      assert.equal((await flow.send('GET', '/cxone/health')).status, 404)
    })
  })

  describe('records', () => {
    it('are written once a request, whatever its end', async () => {
      const flow = await serveFlow(
        [
          { id: 'trail', type: 'audit-trail', path: 'audit.jsonl' },
          actionIn({ audit: 'trail', authMode: 'header' }),
          actionOut(),
        ],
        { credentials: { in: { secret: 'hunter2' } } },
      )
      await flow.post('/action', BODY, { 'x-api-key': 'hunter2', 'Idempotency-Key': 'a' })
      await flow.post('/action', BODY, { 'x-api-key': 'hunter2', 'Idempotency-Key': 'a' })
      await flow.post('/action', BODY, { 'x-api-key': 'wrong' })
      await flow.post('/action', 'no JSON', { 'x-api-key': 'hunter2' })
      const text = readFileSync(join(flow.userDir, 'audit.jsonl'), 'utf8')
      const records = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, any>)
      assert.deepEqual(
        records.map(({ status, details }) => [status, details.status, details.replayed, details.error?.code]),
        [
          ['SUCCESS', 200, undefined, undefined],
          ['SUCCESS', 200, true, undefined],
          ['FAILED', 401, undefined, 'ENDPOINT_UNAUTHORIZED'],
          ['FAILED', 400, undefined, 'INPUT_INVALID'],
        ],
      )
      assert.ok(records.every(({ latencyMs, correlationId }) => latencyMs > 0 && correlationId))
      assert.ok(!text.includes('hunter2') && !text.includes('wrong'))
    })
  })
})
