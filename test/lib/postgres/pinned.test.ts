import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Pin } from '../../../lib/dns/pin.ts'
import type { Database } from '../../../lib/postgres/driver.ts'
import type { ServerDatabase } from '../../../lib/postgres/server/server-database.ts'
import { PinnedHost } from '../../../lib/postgres/server/pinned-host.ts'
import { systemClock } from '../../../lib/system.ts'
import { privateServer, testDatabase, type TestDatabase, type TestServer } from '../../support/postgres.ts'
import { until } from '../../support/until.ts'
import { selfSigned } from '../http/self-signed.ts'
import { DEFAULTS, openServer } from './drivers.ts'

// Nobody knows this name: whoever looks it up gets nowhere.
const HOST = 'db.example.test'
const [FIRST, SECOND] = ['127.0.0.1', '127.0.0.2']
const pinTo = (...addresses: string[]): Pin => ({ name: HOST, addresses })

const ask = async (database: Database, text: string): Promise<unknown> => {
  const [result] = await database.atomic([{ text }], DEFAULTS)
  return Object.values(result?.rows[0] ?? {})[0]
}

/** Passes connections on from another address. */
async function relay(address: string, to: { host: string; port: number }) {
  const sockets = new Set<Socket>()
  let opened = 0
  const server = createServer((near) => {
    opened += 1
    const far = connect(to.port, to.host)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    near.on('close', () => far.destroy()).pipe(far)
    far.on('close', () => near.destroy()).pipe(near)
  })
  server.listen(to.port, address)
  await once(server, 'listening')
  return {
    opened: () => opened,
    open: () => sockets.size / 2,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('a database at addresses that were looked up before', function () {
  this.timeout(60_000)
  let place: TestDatabase
  let database: ServerDatabase
  const closers: (() => Promise<void>)[] = []

  before(async () => {
    place = await testDatabase()
  })
  beforeEach(() => {
    database = openServer({ ...place, host: HOST }, { ssl: 'disable' })
  })
  afterEach(async () => {
    await database.close()
    for (const close of closers.splice(0)) await close()
  })
  after(() => place.drop())

  const useRelay = async (address: string): Promise<Awaited<ReturnType<typeof relay>>> => {
    const made = await relay(address, place)
    closers.push(made.close)
    return made
  }

  it('is reached there and nowhere else', async () => {
    const second = await useRelay(SECOND)
    assert.equal(await database.pinned(pinTo(FIRST), (at) => ask(at, 'select 1')), 1)
    assert.equal(second.opened(), 0)
    assert.equal(await database.pinned(pinTo(SECOND), (at) => ask(at, 'select 2')), 2)
    assert.equal(second.opened(), 1)
  })

  it('is reached at the second address where the first is dead, and from then on there first', async () => {
    const addresses = pinTo('127.0.0.3', FIRST)
    assert.equal(await database.pinned(addresses, (at) => ask(at, 'select 1')), 1)
    const revived = await useRelay('127.0.0.3')
    const slow = (at: Database): Promise<unknown> => ask(at, 'select 1 from pg_sleep(0.05)')
    await database.pinned(addresses, (at) => Promise.all([slow(at), slow(at), slow(at)]))
    assert.equal(database.counts().total, 3)
    assert.equal(revived.opened(), 0)
  })

  it('keeps its connections for the next message, whatever the order of the addresses', async () => {
    const pins = [pinTo(FIRST, SECOND), pinTo(SECOND, FIRST)]
    const seen = new Set<unknown>()
    for (let i = 0; i < 6; i += 1)
      seen.add(await database.pinned(pins[i % 2]!, (at) => ask(at, 'select pg_backend_pid()')))
    assert.equal(seen.size, 1)
    assert.equal(database.counts().total, 1)
  })

  it('fails when all are dead, and names host and address', async () => {
    await assert.rejects(
      database.pinned(pinTo('127.0.0.3', '127.0.0.4'), (at) => ask(at, 'select 1')),
      {
        code: 'PG_UNAVAILABLE',
        message: new RegExp(`${HOST}:${place.port} \\(127\\.0\\.0\\.4\\): nothing listens there`),
      },
    )
  })

  it('asks no second address when the server refuses the user', async () => {
    const second = await useRelay(SECOND)
    const stranger = openServer({ ...place, host: HOST, database: 'no_such_database' }, { ssl: 'disable' })
    closers.push(() => stranger.close())
    await assert.rejects(
      stranger.pinned(pinTo(FIRST, SECOND), (at) => ask(at, 'select 1')),
      { code: 'PG_UNAVAILABLE', message: /does not exist/ },
    )
    assert.equal(second.opened(), 0)
  })

  it('keeps the connections of 16 sets of addresses, and closes those that were used longest ago', async () => {
    const sets = Array.from({ length: 17 }, (_, at) => pinTo(FIRST, `127.0.2.${at + 1}`))
    for (const pin of sets) await database.pinned(pin, (at) => ask(at, 'select 1'))
    await until(() => (database.counts().total === 16 ? true : undefined))
  })

  it('refuses one set more while 16 are in use', async () => {
    let finish = (): void => undefined
    const held = new Promise<void>((resolve) => (finish = resolve))
    const sets = Array.from({ length: 16 }, (_, at) => pinTo(FIRST, `127.0.2.${at + 1}`))
    const inUse = sets.map((pin) => database.pinned(pin, () => held))
    await assert.rejects(
      database.pinned(pinTo(FIRST), (at) => ask(at, 'select 1')),
      {
        code: 'PG_POOL_EXHAUSTED',
        message: /16 different sets of addresses/,
      },
    )
    finish()
    await Promise.all(inUse)
    assert.equal(await database.pinned(pinTo(FIRST), (at) => ask(at, 'select 1')), 1)
  })

  it('ends its connections when it is closed', async () => {
    const second = await useRelay(SECOND)
    await database.pinned(pinTo(SECOND), (at) => ask(at, 'select 1'))
    assert.equal(second.open(), 1)
    await database.close()
    await until(() => (second.open() === 0 ? true : undefined))
  })

  it('is refused for another host, and for addresses of other machines without verify-full', async () => {
    const never = (): Promise<never> => assert.fail('was let in')
    for (const [pin, code] of [
      [{ name: 'api.example.test', addresses: [FIRST] }, 'PIN_MISMATCH'],
      [pinTo(FIRST, '10.0.0.1'), 'PIN_REFUSED'],
    ] as const)
      await assert.rejects(database.pinned(pin, never), { code })
    for (const host of [FIRST, '/var/run/postgresql']) {
      const nameless = openServer({ ...place, host })
      closers.push(() => nameless.close())
      await assert.rejects(nameless.pinned(pinTo(FIRST), never), { code: 'PIN_MISMATCH' })
    }
    for (const ssl of ['prefer', 'require'] as const) {
      const lax = openServer({ ...place, host: HOST }, { ssl })
      closers.push(() => lax.close())
      await assert.rejects(lax.pinned(pinTo('10.0.0.1'), never), { code: 'PIN_REFUSED' })
    }
  })

  it('lets messages at other machines where verify-full checks the name', async () => {
    const strict = openServer({ ...place, host: HOST }, { ssl: 'verify-full' })
    closers.push(() => strict.close())
    assert.equal(await strict.pinned(pinTo('10.0.0.1'), () => Promise.resolve('let in')), 'let in')
  })
})

describe('a database with TLS at addresses that were looked up before', function () {
  this.timeout(60_000)
  const { cert, key } = selfSigned(HOST)
  let server: TestServer
  const closers: (() => Promise<void>)[] = []

  before(async () => {
    server = await privateServer({ tls: { cert, key } })
    await server.start()
  })
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })
  after(() => server.remove())

  const open = (host: string): ServerDatabase => {
    const made = openServer(
      { ...server, host, database: 'postgres' },
      { ssl: 'verify-full', tls: { ca: cert } },
    )
    closers.push(() => made.close())
    return made
  }
  const ENCRYPTED = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'

  it('must show a certificate for the name', async () => {
    const addresses = [FIRST]
    const right = open(HOST).pinned({ name: HOST, addresses }, (at) => ask(at, ENCRYPTED))
    assert.equal(await right, true)
    const other = 'other.example.test'
    await assert.rejects(
      open(other).pinned({ name: other, addresses }, (at) => ask(at, ENCRYPTED)),
      {
        code: 'PG_UNAVAILABLE',
        message: /other\.example\.test:\d+ \(127\.0\.0\.1\)/,
        details: { sqlstate: '08001', reason: 'ERR_TLS_CERT_ALTNAME_INVALID', outcome: 'rolled back' },
      },
    )
  })

  it('can be told to stop a statement', async () => {
    const database = open(HOST)
    const abort = new AbortController()
    const work = database.pinned(pinTo(FIRST), (at) =>
      at.atomic([{ text: 'select pg_sleep(60)' }], { ...DEFAULTS, statementTimeoutMs: 0 }, abort.signal),
    )
    await until(() => (database.counts().total === 1 && database.counts().idle === 0 ? true : undefined))
    abort.abort(new Error('enough'))
    await assert.rejects(work, /enough/)
    await until(() => (database.counts().idle === 1 ? true : undefined)) // not cut, but cancelled
  })
})

describe('a host with several addresses', () => {
  it('gives each address its share of the time, the last one what is left', async () => {
    let now = 0
    const host = new PinnedHost([FIRST, SECOND, '127.0.0.3'], { ...systemClock, monotonic: () => now })
    const given: number[] = []
    await assert.rejects(
      host.connect(9000, (_address, timeoutMs) => {
        given.push(timeoutMs)
        now += timeoutMs === 3000 && given.length === 1 ? 1000 : timeoutMs
        return Promise.reject(
          Object.assign(new Error('dead'), { code: 'PG_UNAVAILABLE', details: { sqlstate: '08001' } }),
        )
      }),
      /dead/,
    )
    assert.deepEqual(given, [3000, 3000, 5000])
  })
})
