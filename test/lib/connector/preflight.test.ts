import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Connector } from '../../../lib/connector/connector.ts'
import { createPreflight } from '../../../lib/connector/preflight/preflight.ts'
import { createResolveHost, type ResolveHost } from '../../../lib/connector/preflight/resolve-host.ts'
import { createDnsResolver } from '../../../lib/dns/resolver.ts'
import { systemDnsPorts } from '../../../lib/dns/system-ports.ts'
import { systemClock } from '../../../lib/system.ts'
import { failureOf } from '../cxone/world.ts'
import { selfSigned } from '../http/self-signed.ts'
import { useSandbox } from '../sandbox/running-sandbox.ts'
import { privateServer, type TestServer } from '../../support/postgres.ts'
import { connector } from './sample.ts'

const LOCAL: ResolveHost = () => Promise.resolve(['127.0.0.1'])
const NOBODY = { user: '', password: '' }

const sample = (other: object): Connector => connector(other) as Connector
const lookAt = (other: object, resolve = LOCAL, credentials = NOBODY, signal?: AbortSignal) =>
  createPreflight({ clock: systemClock, resolve, credentials })(sample(other), signal)

describe('preflight', () => {
  let server: TestServer
  const { key, cert } = selfSigned('db.example.com')
  const PASSWORD = 'pg-test-S3CRET'
  before(async function () {
    this.timeout(60_000)
    server = await privateServer({ password: PASSWORD, tls: { key, cert } })
    await server.start()
  })
  after(() => server.remove())

  const database = (other: object = {}) => ({
    ...{ host: 'db.example.com', port: server.port, database: 'postgres', ...other },
  })
  const login = { user: 'postgres', password: PASSWORD }

  it('connects, shows the TLS of the server, logs in and runs the query', async () => {
    const facts = await lookAt(database(), LOCAL, login)
    assert.deepEqual([facts.addresses, facts.address, facts.port], [['127.0.0.1'], '127.0.0.1', server.port])
    assert.ok(facts.connectMs > 0)
    assert.ok('protocol' in facts.tls)
    assert.equal(facts.tls.protocol, 'TLSv1.3')
    assert.deepEqual([facts.tls.subject, facts.tls.issuer], ['db.example.com', 'db.example.com'])
    assert.match(facts.tls.validTo, /GMT$/)
    assert.equal(facts.tls.isTrusted, false)
    assert.match(facts.tls.reason ?? '', /SELF_SIGNED/)
    assert.ok('user' in facts.login && facts.login.user === 'postgres')
    assert.ok('rows' in facts.query && facts.query.rows === 1)
    assert.ok(!JSON.stringify(facts).includes(PASSWORD))
  })

  it('leaves out what it is not asked for, and says so', async () => {
    const facts = await lookAt(database({ ssl: false }))
    assert.deepEqual(facts.tls, { isChecked: false, reason: '`ssl` is off' })
    assert.deepEqual(facts.login, { isChecked: false, reason: 'no test credentials are set' })
    const oracle = await lookAt(database({ dbType: 'ORACLE' }), LOCAL, login)
    assert.ok('isChecked' in oracle.tls && 'isChecked' in oracle.login && 'isChecked' in oracle.query)
  })

  it('names the step that failed', async () => {
    const wrong = await failureOf(lookAt(database(), LOCAL, { user: 'postgres', password: 'wrong-S3CRET' }))
    assert.equal(wrong.code, 'CONNECTOR_UNREACHABLE')
    assert.deepEqual([wrong.details['step'], wrong.details['sqlstate']], ['login', '28P01'])
    const missing = await failureOf(lookAt(database({ database: 'nothing_here' }), LOCAL, login))
    assert.deepEqual([missing.details['step'], missing.details['sqlstate']], ['login', '3D000'])
    const check = (query: string) => ({ healthCheck: { enabled: true, query, intervalS: 60, timeoutS: 1 } })
    const table = await failureOf(lookAt(database(check('SELECT 1 FROM nowhere')), LOCAL, login))
    assert.deepEqual([table.details['step'], table.details['sqlstate']], ['query', '42P01'])
    const slow = await failureOf(lookAt(database(check('SELECT pg_sleep(30)')), LOCAL, login))
    assert.equal(slow.details['step'], 'query')
    assert.match(slow.message, /no answer within 1000 ms/)
    const write = await failureOf(
      lookAt(database(check('CREATE TABLE made_by_a_check (a int)')), LOCAL, login),
    )
    assert.deepEqual([write.details['step'], write.details['sqlstate']], ['query', '25006'])
    for (const [query, sqlstate] of [
      ['SET TRANSACTION READ WRITE; CREATE TABLE made_by_a_check (a int)', '42601'],
      ['COMMIT; CREATE TABLE made_by_a_check (a int)', '42601'],
      ["DO $$ BEGIN COMMIT; PERFORM set_config('transaction_read_only', 'off', true); END $$", '2D000'],
      ["SELECT set_config('transaction_read_only', 'off', true)", '25001'],
    ] as const) {
      const error = await failureOf(lookAt(database(check(query)), LOCAL, login))
      assert.deepEqual([error.details['step'], error.details['sqlstate']], ['query', sqlstate], query)
    }
  })

  it('tries each address, and tells all of them when none takes the connection', async () => {
    const facts = await lookAt(database({ ssl: false }), () => Promise.resolve(['127.0.0.9', '127.0.0.1']))
    assert.equal(facts.address, '127.0.0.1')
    const closed = await failureOf(lookAt({ port: 1 }, () => Promise.resolve(['127.0.0.1', '::1'])))
    assert.deepEqual([closed.code, closed.details['step']], ['CONNECTOR_UNREACHABLE', 'connect'])
    assert.match(closed.message, /127\.0\.0\.1: .*ECONNREFUSED.*::1: /)
  })
})

describe('preflight of what is no good server', () => {
  const servers: { server: Server; sockets: Set<Socket> }[] = []
  afterEach(async () => {
    for (const { server, sockets } of servers.splice(0)) {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  })
  async function answering(answer: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      answer(socket)
    }).listen(0, '127.0.0.1')
    servers.push({ server, sockets })
    await new Promise((resolve) => server.once('listening', resolve))
    return (server.address() as AddressInfo).port
  }

  for (const [name, answer, reason] of [
    ['takes no TLS', (socket: Socket) => socket.once('data', () => socket.write('N')), /takes no TLS/],
    ['speaks another protocol', (socket: Socket) => socket.write('HTTP/1.1 400'), /no PostgreSQL server/],
    ['hangs up', (socket: Socket) => socket.end(), /no PostgreSQL server/],
    [
      'breaks the handshake',
      (socket: Socket) => {
        socket.once('data', () => {
          socket.write('S')
          socket.once('data', () => socket.end('no TLS at all'))
        })
      },
      /wrong version number|packet length|SSL/i,
    ],
  ] as const) {
    it(`fails at TLS where the server ${name}`, async () => {
      const error = await failureOf(lookAt({ port: await answering(answer) }))
      assert.deepEqual([error.code, error.details['step']], ['CONNECTOR_UNREACHABLE', 'tls'])
      assert.match(error.message, reason)
    })
  }

  it('ends at once when it is stopped', async () => {
    const port = await answering(() => undefined)
    const abort = new AbortController()
    const pending = failureOf(lookAt({ port }, LOCAL, NOBODY, abort.signal))
    setTimeout(() => abort.abort(), 20)
    assert.equal((await pending).code, 'ABORTED')
  })
})

describe('host of a preflight', () => {
  const running = useSandbox()
  const resolver = async () =>
    createDnsResolver(await systemDnsPorts({ cache: false }), {
      ...{ servers: [running.sandbox.info.dnsServer], transport: 'udp', dnssec: 'off' },
      ...{ onLimit: 'wait', timeoutMs: 1000, lifetimeMs: 2000, maxCnameHops: 10 },
    })
  const lookup = (host: string) =>
    host === 'in-hosts-file.example' || host === 'short'
      ? Promise.resolve(['10.0.0.9'])
      : Promise.reject(new Error('ENOTFOUND'))

  it('is looked up in DNS, then on the machine, and not at all where it is an address', async () => {
    const dns = await resolver()
    const resolve = createResolveHost(dns, lookup)
    try {
      assert.ok((await resolve('crm.sandbox.test')).length > 0)
      assert.deepEqual(await resolve('10.1.2.3'), ['10.1.2.3'])
      assert.deepEqual(await resolve('2001:db8::1'), ['2001:db8::1'])
      assert.deepEqual(await resolve('short'), ['10.0.0.9'])
      assert.deepEqual(await resolve('in-hosts-file.example'), ['10.0.0.9'])
      assert.equal((await failureOf(resolve('missing.sandbox.test'))).code, 'DNS_NXDOMAIN')
      assert.equal((await failureOf(resolve('loop1.sandbox.test'))).code, 'DNS_CNAME_LOOP')
      const unknown = await failureOf(resolve('nowhere'))
      assert.deepEqual([unknown.code, unknown.details['step']], ['CONNECTOR_UNREACHABLE', 'resolve'])
    } finally {
      dns.close()
    }
  })

  it('is looked up on a machine that names no DNS servers', async () => {
    assert.deepEqual(await createResolveHost(undefined, lookup)('in-hosts-file.example'), ['10.0.0.9'])
  })
})
