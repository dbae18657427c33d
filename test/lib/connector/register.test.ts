import assert from 'node:assert/strict'
import { MemoryLedger } from '../../../lib/connector/ledger.ts'
import { createRegister, type RegisterOptions } from '../../../lib/connector/register.ts'
import { answerJson, type Received } from '../http/stub-server.ts'
import { failureOf, startWorld } from '../cxone/world.ts'
import { payload } from './sample.ts'
import { useConnectors } from './world.ts'

const OPTIONS: RegisterOptions = { key: 'key-1', force: false, dryRun: false, call: {} }
const pathsIn = (changes: unknown): string[] => (changes as { path: string }[]).map(({ path }) => path)

describe('registration with the sandbox', () => {
  const world = useConnectors()

  it('creates a connector that is not there, bound to its absence', async () => {
    const done = await world.register(payload())
    const { document, latencyMs, changes, ...rest } = done
    assert.deepEqual(rest, {
      connectorId: 'crm-db',
      status: 'registered',
      action: 'create',
      drift: undefined,
      fingerprint: rest.fingerprint,
      isVerified: true,
      attempts: 2,
    })
    assert.match(rest.fingerprint, /^[0-9a-f]{64}$/)
    assert.equal((document as { status: string }).status, 'REGISTERED')
    assert.ok(latencyMs > 0)
    assert.ok(pathsIn(changes).includes('/configuration/connectionString'))
    assert.deepEqual(world.calls(), ['GET 404', 'PUT 201'])
  })

  it('recognises an unchanged connector, also one that was registered by others, and does not write it', async () => {
    await world.register(payload())
    assert.equal((await world.register(payload())).status, 'unchanged')
    world.restart(new MemoryLedger())
    const again = await world.register(payload())
    assert.deepEqual([again.status, again.action, again.changes], ['unchanged', 'unchanged', []])
    assert.equal((again.document as { version: number }).version, 1)
    assert.deepEqual(world.calls(), ['GET 404', 'PUT 201', 'GET 200', 'GET 200'])
  })

  it('changes what we wrote last with one call, bound to its entity tag', async () => {
    await world.register(payload())
    const done = await world.register(payload({ pool: { min: 2, max: 20, timeoutS: 25 } }))
    assert.deepEqual(
      [done.status, done.action, done.changes, done.attempts],
      ['registered', 'change', undefined, 1],
    )
    assert.equal(await world.versionOf(), 2)
    assert.deepEqual(world.calls().slice(0, 3), ['GET 404', 'PUT 201', 'PUT 200'])
  })

  it('tells field by field what it changes where it had to read first', async () => {
    await world.register(payload())
    world.restart(new MemoryLedger())
    const events = [{ eventType: 'CONFIG_UPDATED', webhookUrl: 'https://sink.sandbox.test/other?key=s3cret' }]
    const done = await world.register(payload({ connectorName: 'CRM', events, driverVersion: '' }))
    assert.deepEqual(done.changes, [
      { path: '/configuration/driverVersion', from: '42.6.0', to: undefined },
      { path: '/connectorName', from: 'CRM database', to: 'CRM' },
      {
        path: '/eventSubscriptions/0/webhookUrl',
        from: 'https://sink.sandbox.test/webhooks/config',
        to: 'https://sink.sandbox.test/other?[query]',
      },
    ])
  })

  it('writes an unchanged connector where it is forced to', async () => {
    await world.register(payload())
    const done = await world.register(payload(), { force: true })
    assert.deepEqual([done.status, done.action], ['registered', 'unchanged'])
    assert.deepEqual(world.calls().slice(2), ['GET 200', 'PUT 200'])
  })

  it('plans to create, to change and to leave, and writes nothing', async () => {
    const create = await world.register(payload(), { dryRun: true })
    assert.deepEqual([create.status, create.action], ['planned', 'create'])
    assert.deepEqual(create.document, payload())
    await world.register(payload())
    const leave = await world.register(payload(), { dryRun: true, force: true })
    assert.deepEqual([leave.status, leave.action, leave.changes], ['planned', 'unchanged', []])
    const change = await world.register(payload({ ssl: false }), { dryRun: true })
    assert.deepEqual(change.changes, [
      { path: '/configuration/securitySettings/sslMode', from: true, to: false },
    ])
    await world.editElsewhere((document) => (document.connectorName = 'Theirs'))
    const drift = await world.register(payload(), { dryRun: true })
    assert.deepEqual([drift.drift, drift.action], ['changed', 'change'])
    assert.equal(await world.versionOf(), 2)
  })

  for (const [name, wanted] of [
    ['the same as before', payload()],
    ['something new', payload({ ssl: false })],
  ] as const) {
    it(`says so when somebody else changed the connector after our last write, and we want ${name}`, async () => {
      await world.register(payload())
      await world.editElsewhere((document) => (document.connectorName = 'Theirs'))
      const error = await failureOf(world.register(wanted))
      assert.equal(error.code, 'CXONE_CONFLICT')
      assert.match(error.message, /`crm-db` was changed by somebody else.*nothing was overwritten/)
      const changes = error.details['changes'] as { path: string; from: unknown; to: unknown }[]
      assert.deepEqual(
        changes.find(({ path }) => path === '/connectorName'),
        {
          path: '/connectorName',
          from: 'Theirs',
          to: 'CRM database',
        },
      )
      assert.equal(await world.versionOf(), 2)
      // Asked again it is still so, after a restart too.
      assert.equal((await failureOf(world.register(wanted))).code, 'CXONE_CONFLICT')
      const forced = await world.register(wanted, { force: true })
      assert.deepEqual([forced.status, forced.drift], ['registered', 'changed'])
      assert.equal(await world.versionOf(), 3)
      assert.equal((await world.register(wanted)).status, 'unchanged')
    })
  }

  it('is content with what somebody else changed into what we want', async () => {
    await world.register(payload())
    await world.editElsewhere((document) => (document.connectorName = 'New'))
    const done = await world.register(payload({ connectorName: 'New' }))
    assert.deepEqual([done.action, done.changes], ['unchanged', []])
    assert.equal(await world.versionOf(), 2)
  })

  it('creates a connector anew that somebody else deleted, and says so', async () => {
    await world.register(payload())
    await world.deleteElsewhere()
    const done = await world.register(payload({ ssl: false }))
    assert.deepEqual([done.status, done.action, done.drift], ['registered', 'create', 'deleted'])
    await world.deleteElsewhere()
    assert.equal((await world.register(payload({ ssl: false }))).drift, 'deleted')
  })

  it('knows its own write again when the answer was lost', async () => {
    world.sandbox.fault('connector:200,drop-mid-body')
    const done = await world.register(payload())
    assert.deepEqual([done.status, done.action], ['registered', 'unchanged'])
    assert.deepEqual(world.calls(), ['GET 404', 'PUT 0', 'PUT 412', 'GET 200'])
    assert.equal(await world.versionOf(), 1)
    world.sandbox.fault('connector:drop-mid-body')
    assert.equal((await world.register(payload({ ssl: false }))).status, 'registered')
    assert.equal(await world.versionOf(), 2)
  })

  it("does not take a write for somebody else's whose answer never came", async () => {
    world.sandbox.fault('connector:200,drop-mid-body,503*2')
    assert.equal((await failureOf(world.register(payload()))).code, 'CXONE_SERVER_ERROR')
    assert.equal(await world.versionOf(), 1)
    const done = await world.register(payload({ ssl: false }))
    assert.deepEqual([done.status, done.drift], ['registered', undefined])
    world.sandbox.fault('connector:drop-mid-body,503*2')
    await failureOf(world.register(payload({ ssl: true })))
    world.restart()
    assert.equal((await world.register(payload({ ssl: true }))).status, 'registered')
    assert.equal(await world.versionOf(), 3)
  })

  it('writes one connector at a time', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => world.register(payload({ connectorName: `Name ${i % 3}` }))),
    )
    assert.ok(all.every(({ status, drift }) => status !== 'planned' && drift === undefined))
    assert.ok(world.calls().every((call) => !call.includes('412')))
    assert.equal(await world.versionOf(), 20)
  })

  it('registers ids that look like paths as what they are', async () => {
    for (const connectorId of ['a/b', 'a?b=c', '../x', 'ä 1', '%2F', 'x'.repeat(200)]) {
      const done = await world.register(payload({ connectorId }))
      assert.equal((done.document as { connectorId: string }).connectorId, connectorId)
    }
    assert.deepEqual(new Set(world.calls()), new Set(['GET 404', 'PUT 201']))
  })

  const faults: [string, string][] = [
    ['400', 'CXONE_BAD_REQUEST'],
    ['403', 'CXONE_FORBIDDEN'],
    ['409', 'CXONE_CONFLICT'],
    ['422', 'CXONE_BAD_REQUEST'],
    ['401*2', 'CXONE_UNAUTHORIZED'],
    ['429/0*3', 'CXONE_RATE_LIMITED'],
    ['500*3', 'CXONE_SERVER_ERROR'],
    ['502*3', 'CXONE_SERVER_ERROR'],
    ['503*3', 'CXONE_SERVER_ERROR'],
    ['drop*3', 'CXONE_UNREACHABLE'],
    ['html', 'CXONE_UNEXPECTED_RESPONSE'],
    ['bad-json', 'CXONE_UNEXPECTED_RESPONSE'],
    ['empty', 'CXONE_UNEXPECTED_RESPONSE'],
    ['302+redirect=/elsewhere', 'CXONE_UNEXPECTED_RESPONSE'],
  ]
  for (const [fault, code] of faults) {
    it(`fails with ${code} when the server answers the PUT with ${fault}`, async () => {
      world.sandbox.fault(`connector:200,${fault}`)
      const error = await failureOf(world.register(payload()))
      assert.equal(error.code, code, error.message)
      assert.ok((error.details['attempts'] as number) >= 2, JSON.stringify(error.details))
      // What was not written, or written without an answer, is in order with the next call.
      assert.equal((await world.register(payload())).status, 'registered')
      assert.equal(await world.versionOf(), 1)
    })
    it(`fails with ${code} when the server answers the GET with ${fault}, and writes nothing`, async () => {
      await world.register(payload())
      world.restart(new MemoryLedger())
      world.sandbox.fault(`connector:${fault}`)
      assert.equal((await failureOf(world.register(payload({ ssl: false })))).code, code)
      assert.equal(await world.versionOf(), 1)
    })
  }

  it('goes on after a passing fault', async () => {
    world.sandbox.fault('connector:503,200,429/0,drop')
    const done = await world.register(payload())
    assert.equal(done.status, 'registered')
    assert.equal(done.attempts, 5)
  })

  it('writes nothing where the ledger cannot be written', async () => {
    const full = new MemoryLedger()
    full.begin = () =>
      Promise.reject(Object.assign(new Error('full'), { code: 'JOURNAL_UNAVAILABLE', details: {} }))
    world.restart(full)
    assert.equal((await failureOf(world.register(payload()))).code, 'JOURNAL_UNAVAILABLE')
    assert.deepEqual(world.calls(), ['GET 404'])
  })
})

describe('registration with other servers', () => {
  let close: (() => Promise<void>) | undefined
  afterEach(async () => {
    await close?.()
    close = undefined
  })

  async function before(answer: Parameters<typeof startWorld>[0]) {
    const world = await startWorld(answer)
    close = () => world.close()
    const ledger = new MemoryLedger()
    const path = '/api/v1/integrations/connectors/{id}'
    const make = () => createRegister({ client: world.client, path, ledger })
    return { ...world, ledger, make, register: make() }
  }
  const headersOf = ({ method, headers }: Received): unknown[] => [
    method,
    headers['if-match'],
    headers['if-none-match'],
    headers['idempotency-key'],
  ]

  it('sends conditions, the key and the payload', async () => {
    let stored: string | undefined
    const { register, calls } = await before(({ method, body }, response) => {
      if (method === 'PUT') stored = body
      if (stored === undefined) answerJson(response, 404, {})
      else answerJson(response, 200, JSON.parse(stored) as object, { ETag: '"v1"' })
    })
    await register(payload(), OPTIONS)
    await register(payload({ ssl: false }), { ...OPTIONS, key: 'key-2' })
    assert.deepEqual(calls().map(headersOf), [
      ['GET', undefined, undefined, undefined],
      ['PUT', undefined, '*', 'key-1'],
      ['PUT', '"v1"', undefined, 'key-2'],
    ])
    assert.deepEqual(JSON.parse(calls()[1]?.body ?? ''), payload())
  })

  it('reads back where the answer of the PUT has no entity tag, and never sends a weak one', async () => {
    let stored: string | undefined
    const { register, calls } = await before(({ method, body }, response) => {
      if (method === 'PUT') stored = body
      if (method === 'PUT') answerJson(response, 200, { ok: true }, { ETag: 'W/"v1"' })
      else if (stored === undefined)
        response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>no</h1>')
      else answerJson(response, 200, JSON.parse(stored) as object, { ETag: 'W/"v1"' })
    })
    assert.equal((await register(payload(), OPTIONS)).isVerified, true)
    await register(payload({ ssl: false }), OPTIONS)
    assert.deepEqual(
      calls().map(({ method, headers }) => `${method} ${headers['if-match'] ?? '-'}`),
      ['GET -', 'PUT -', 'GET -', 'GET -', 'PUT -', 'GET -'],
    )
  })

  it('finds changes of others without entity tags, by the fingerprint', async () => {
    let stored = ''
    const { register } = await before(({ method, body }, response) => {
      if (method === 'PUT') stored = body
      if (stored === '') answerJson(response, 404, {})
      else answerJson(response, 200, JSON.parse(stored) as object)
    })
    await register(payload(), OPTIONS)
    stored = JSON.stringify(payload({ connectorName: 'Theirs' }))
    assert.equal((await failureOf(register(payload({ ssl: false }), OPTIONS))).code, 'CXONE_CONFLICT')
  })

  it('says so when the server keeps something else than it was sent', async () => {
    let stored = ''
    const { register } = await before(({ method, body }, response) => {
      if (method === 'PUT') stored = body.replace('"maxPoolSize":15', '"maxPoolSize":5')
      if (stored === '') answerJson(response, 404, {})
      else answerJson(response, 200, JSON.parse(stored) as object, { ETag: '"v1"' })
    })
    const error = await failureOf(register(payload(), OPTIONS))
    assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE')
    assert.deepEqual(error.details['changes'], [
      { path: '/configuration/poolSettings/maxPoolSize', from: 15, to: 5 },
    ])
  })

  it('registers with a server that shows no connectors, and says that it saw none', async () => {
    const { register } = await before(({ method }, response) =>
      method === 'PUT' ? answerJson(response, 200, { status: 'OK' }) : answerJson(response, 405, {}),
    )
    const done = await register(payload(), OPTIONS)
    assert.deepEqual([done.status, done.isVerified, done.document], ['registered', false, { status: 'OK' }])
  })

  it('fails with CXONE_UNEXPECTED_RESPONSE for a PUT answered 204, or with JSON that is no object', async () => {
    for (const body of [undefined, [], 'text', 7, null]) {
      const { register } = await before(({ method }, response) => {
        if (method === 'GET') answerJson(response, 404, {})
        else if (body === undefined) response.writeHead(204).end()
        else answerJson(response, 200, body)
      })
      const error = await failureOf(register(payload(), OPTIONS))
      assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE', String(body))
      await close?.()
    }
  })

  it('takes 410 for a connector that is gone, and creates it anew', async () => {
    let stored: string | undefined = JSON.stringify(payload())
    const { register, calls } = await before(({ method, headers, body }, response) => {
      if (method === 'PUT' && (stored !== undefined || headers['if-none-match'] === '*')) stored = body
      if (stored === undefined) answerJson(response, 410, {})
      else answerJson(response, 200, JSON.parse(stored) as object, { ETag: '"v1"' })
    })
    await register(payload(), OPTIONS)
    stored = undefined
    const done = await register(payload({ ssl: false }), OPTIONS)
    assert.deepEqual([done.status, done.action, done.drift], ['registered', 'create', 'deleted'])
    assert.deepEqual(calls().slice(1).map(headersOf), [
      ['PUT', '"v1"', undefined, 'key-1'],
      ['GET', undefined, undefined, undefined],
      ['PUT', undefined, '*', 'key-1-2'],
    ])
  })

  it('shows no secret that somebody else has put where the name of one belongs', async () => {
    const theirs = payload()
    const configuration = {
      ...theirs.configuration,
      credentials: { password: 'hunter2' },
      credentialMasking: { username: 'scott', password: 'hunter2' },
      connectionString: 'jdbc:oracle:thin:scott/hunter2@//db:1521/crm',
    }
    const { register } = await before((_request, response) =>
      answerJson(response, 200, { ...theirs, configuration }, { ETag: '"v1"' }),
    )
    const { changes } = await register(payload(), { ...OPTIONS, dryRun: true })
    assert.doesNotMatch(JSON.stringify(changes), /hunter2/)
    assert.deepEqual(changes?.slice(1), [
      { path: '/configuration/credentialMasking/password', from: '[redacted]', to: 'VAULT_DB_PASSWORD' },
      { path: '/configuration/credentialMasking/username', from: '[redacted]', to: 'VAULT_DB_USERNAME' },
    ])
    assert.equal(changes[0]?.from, 'jdbc:oracle:thin:[redacted]@//db:1521/crm')
  })

  it('does not take the connector of another tenant of the same area for the same', async () => {
    let stored = payload()
    const { client, ledger } = await before((_request, response) => answerJson(response, 200, stored))
    const of = (tenant: string) =>
      createRegister({
        client: { call: async (call) => ({ ...(await client.call(call)), tenant }) },
        ...{ path: '/api/v1/integrations/connectors/{id}', ledger },
      })
    await of('first')(payload(), OPTIONS)
    stored = payload({ ssl: false })
    const planned = { ...OPTIONS, dryRun: true }
    assert.equal((await of('first')(payload(), planned)).drift, 'changed')
    assert.equal((await of('second')(payload(), planned)).drift, undefined)
  })

  it('gives up where the server refuses each state as another one', async () => {
    const { register, calls } = await before(({ method }, response) =>
      method === 'PUT'
        ? answerJson(response, 412, {})
        : answerJson(response, 200, payload({ ssl: false }), { ETag: '"v1"' }),
    )
    for (const force of [false, true]) {
      const error = await failureOf(register(payload(), { ...OPTIONS, force }))
      assert.equal(error.code, 'CXONE_CONFLICT')
    }
    assert.ok(calls().length < 20)
  })

  it('does not take the connector of another API base for the same', async () => {
    const first = await before((_request, response) => answerJson(response, 200, payload(), { ETag: '"v1"' }))
    await first.register(payload(), OPTIONS)
    const other = await startWorld((_request, response) =>
      answerJson(response, 200, payload({ ssl: false }), { ETag: '"v9"' }),
    )
    const register = createRegister({ client: other.client, path: '/c/{id}', ledger: first.ledger })
    assert.equal((await register(payload(), { ...OPTIONS, dryRun: true })).drift, undefined)
    await other.close()
  })
})
