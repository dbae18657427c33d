import assert from 'node:assert/strict'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { PaletteError } from '../../../lib/errors.ts'
import type { Database } from '../../../lib/postgres/driver.ts'
import type { ServerDatabase } from '../../../lib/postgres/server/server-database.ts'
import {
  privateServer,
  runOn,
  testDatabase,
  type TestDatabase,
  type TestServer,
} from '../../support/postgres.ts'
import { until } from '../../support/until.ts'
import { selfSigned } from '../http/self-signed.ts'
import { DEFAULTS, openServer } from './drivers.ts'

const NO_LIMIT = { ...DEFAULTS, statementTimeoutMs: 0, lockTimeoutMs: 0 }

const ask = async (database: Database, text: string, values?: readonly string[]): Promise<unknown> => {
  const [result] = await database.atomic([{ text, ...(values ? { values } : {}) }], NO_LIMIT)
  return Object.values(result?.rows[0] ?? {})[0]
}

/** Stands before the server, and swallows what comes once it is told to. */
async function blackHole(place: TestDatabase): Promise<{
  port: number
  swallow: () => void
  close: () => Promise<void>
}> {
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = connect(place.port, place.host)
    for (const socket of [near, far]) {
      sockets.push(socket)
      socket.on('error', () => undefined)
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    swallow: () => {
      for (const socket of sockets) socket.unpipe().resume()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('the driver of a server: its connections', function () {
  this.timeout(60_000)
  let place: TestDatabase
  let database: ServerDatabase

  before(async () => {
    place = await testDatabase()
    await place.query(
      'create table account (id int primary key, n int); insert into account values (1, 0), (2, 0)',
    )
  })
  beforeEach(() => {
    database = openServer(place)
  })
  afterEach(() => database.close())
  after(() => place.drop())

  it('cancels in PostgreSQL what is aborted', async () => {
    const abort = new AbortController()
    const work = database.atomic([{ text: 'select pg_sleep(60) /* aborted */' }], NO_LIMIT, abort.signal)
    const runs =
      "select count(*)::int as n from pg_stat_activity where query like '%/* aborted */%' and state = 'active' and pid <> pg_backend_pid()"
    await until(async () => ((await place.query(runs))[0]?.['n'] === 1 ? true : undefined))
    abort.abort(new Error('enough'))
    await assert.rejects(work, /enough/)
    assert.deepEqual(await place.query(runs), [{ n: 0 }])
    await until(() => (database.counts().idle === 1 ? true : undefined))
    assert.equal(database.counts().total, 1)
  })

  it('never cancels the statement of another caller', async () => {
    const small = openServer(place, { poolMax: 2 })
    let cancelled = 0
    const noise = async (index: number): Promise<void> => {
      const abort = new AbortController()
      setTimeout(() => abort.abort(new Error('enough')), index % 7)
      await small
        .atomic([{ text: 'select pg_sleep(0.004)' }], NO_LIMIT, abort.signal)
        .catch((error: unknown) => {
          assert.match(String(error), /enough/)
          cancelled += 1
        })
    }
    const steady = async (): Promise<void> => {
      for (let time = 0; time < 60; time += 1)
        assert.equal(await ask(small, 'select 1 from pg_sleep(0.001)'), 1)
    }
    await Promise.all([steady(), steady(), ...Array.from({ length: 150 }, (_, index) => noise(index))])
    assert.ok(cancelled > 20, String(cancelled))
    await small.close()
  })

  it('rolls back a transaction whose caller throws while a statement runs', async () => {
    const work = database.transaction(NO_LIMIT, async (transaction) => {
      await transaction.query({ text: 'update account set n = 99 where id = 1' })
      void transaction.query({ text: 'select pg_sleep(0.1)' }).catch(() => undefined)
      throw new Error('no')
    })
    await assert.rejects(work, /no/)
    assert.equal(await ask(database, 'select n from account where id = 1'), 0)
  })

  it('reports a lock that is not granted in time, a deadlock and a serialization failure', async () => {
    const codes: string[] = []
    const note = (error: any): void => void codes.push(`${error.code} ${error.details.sqlstate}`)
    const update = (id: number): { text: string } => ({
      text: `update account set n = n + 1 where id = ${id}`,
    })
    await database.transaction(NO_LIMIT, async (transaction) => {
      await transaction.query(update(1))
      await database.atomic([update(1)], { ...NO_LIMIT, lockTimeoutMs: 50 }).catch(note)
    })
    const both = (one: number, two: number): Promise<unknown> =>
      database
        .transaction(NO_LIMIT, async (transaction) => {
          await transaction.query(update(one))
          await delay(100)
          await transaction.query(update(two))
        })
        .catch(note)
    await Promise.all([both(1, 2), both(2, 1)])
    const serializable = { ...NO_LIMIT, isolation: 'serializable' } as const
    const crossing = (from: number, to: number): Promise<unknown> =>
      database
        .transaction(serializable, async (transaction) => {
          await transaction.query({ text: `select n from account where id = ${from}` })
          await delay(100)
          await transaction.query(update(to))
        })
        .catch(note)
    await Promise.all([crossing(1, 2), crossing(2, 1)])
    assert.deepEqual(codes, ['PG_LOCKED 55P03', 'PG_DEADLOCK 40P01', 'PG_SERIALIZATION 40001'])
  })

  it('outlives idle connections that an administrator ends', async () => {
    await Promise.all([1, 2, 3].map(() => ask(database, 'select pg_sleep(0.05)')))
    assert.equal(database.counts().idle, 3)
    await place.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    await until(() => (database.counts().total === 0 ? true : undefined))
    assert.equal(await ask(database, 'select 1'), 1)
  })

  it('tells that nothing was changed when its connection is ended in the middle of a statement', async () => {
    const work = database.atomic(
      [{ text: 'update account set n = 77' }, { text: 'select pg_sleep(60) /* ended */' }],
      NO_LIMIT,
    )
    const end =
      "select count(pg_terminate_backend(pid))::int as n from pg_stat_activity where query like '%/* ended */%' and state = 'active' and pid <> pg_backend_pid()"
    void until(async () => ((await place.query(end))[0]?.['n'] === 1 ? true : undefined))
    await assert.rejects(work, (error: any) => {
      assert.equal(error.code, 'PG_UNAVAILABLE')
      assert.deepEqual([error.details.sqlstate, error.details.outcome], ['57P01', 'rolled back'])
      return true
    })
    assert.notEqual(await ask(database, 'select n from account where id = 1'), 77)
  })

  it('refuses at once what would wait in too long a line, and serves the others', async () => {
    const small = openServer(place, { poolMax: 2, maxWaiting: 3 })
    const started = Array.from({ length: 5 }, () => ask(small, 'select pg_sleep(0.2)'))
    await until(() => (small.counts().total === 2 ? true : undefined))
    assert.equal(small.counts().waiting, 3)
    await assert.rejects(ask(small, 'select 1'), (error: any) => {
      assert.equal(error.code, 'PG_POOL_EXHAUSTED')
      assert.equal(error.details.sqlstate, '53300')
      return true
    })
    await Promise.all(started)
    assert.deepEqual(small.counts(), { total: 2, idle: 2, waiting: 0 })
    await small.close()
  })

  it('lets nobody wait for longer than a connection may take', async () => {
    const small = openServer(place, { poolMax: 1, connectTimeoutMs: 150 })
    assert.equal(await ask(small, 'select 1'), 1)
    const long = ask(small, 'select 1 from pg_sleep(0.6)')
    await assert.rejects(ask(small, 'select 1'), { code: 'PG_POOL_EXHAUSTED' })
    assert.equal(await long, 1)
    assert.equal(await ask(small, 'select 1'), 1)
    await small.close()
  })

  it('takes a waiter whose signal is aborted out of the line', async () => {
    const small = openServer(place, { poolMax: 1 })
    const long = ask(small, 'select 1 from pg_sleep(0.2)')
    const abort = new AbortController()
    const work = small.atomic([{ text: 'select 2' }], NO_LIMIT, abort.signal)
    assert.equal(small.counts().waiting, 2)
    abort.abort(new Error('enough'))
    await assert.rejects(work, /enough/)
    assert.equal(await long, 1)
    await small.close()
  })

  it('closes idle connections after their time, down to those that are to stay', async () => {
    const pool = openServer(place, { idleTimeoutMs: 100, poolMin: 1 })
    await Promise.all([1, 2, 3].map(() => ask(pool, 'select pg_sleep(0.05)')))
    assert.equal(pool.counts().total, 3)
    await until(() => (pool.counts().total === 1 ? true : undefined))
    await delay(250)
    assert.equal(pool.counts().total, 1)
    await pool.close()
  })

  it('cuts what runs when it is closed, and takes nothing more', async () => {
    const pool = openServer(place, { poolMax: 1 })
    const ends = Promise.allSettled([ask(pool, 'select pg_sleep(60)'), ask(pool, 'select 2')])
    await until(() => (pool.counts().total === 1 ? true : undefined))
    await pool.close()
    await pool.close()
    const codes = (await ends).map(
      (end) => end.status === 'rejected' && (end.reason as { code: string }).code,
    )
    assert.deepEqual(codes, ['PG_UNAVAILABLE', 'ABORTED'])
    await assert.rejects(ask(pool, 'select 1'), { code: 'ABORTED' })
  })

  it('reads output in one form, however role and database are set', async () => {
    await place.query(`alter database ${place.database} set datestyle = 'German, DMY'`)
    await place.query(`alter database ${place.database} set intervalstyle = 'iso_8601'`)
    await place.query(`alter database ${place.database} set bytea_output = 'escape'`)
    await place.query(`alter database ${place.database} set timezone = 'America/St_Johns'`)
    await place.query(`alter database ${place.database} set standard_conforming_strings = off`)
    await place.query(`alter database ${place.database} set array_nulls = off`)
    await place.query(`alter database ${place.database} set client_encoding = 'LATIN1'`)
    await place.query(`alter database ${place.database} set default_transaction_read_only = on`)
    const fresh = openServer(place)
    assert.equal(await ask(fresh, "select timestamptz '2024-01-02 03:04:05+00'"), '2024-01-02T03:04:05Z')
    assert.equal(await ask(fresh, "select date '2.1.2024'"), '2024-01-02') // the order of input stays
    assert.equal(await ask(fresh, "select interval '90 seconds'"), '00:01:30')
    assert.equal(await ask(fresh, "select '\\x00'::bytea"), '\\x00')
    assert.equal(await ask(fresh, 'show timezone'), 'America/St_Johns')
    assert.equal(await ask(fresh, String.raw`select 'a\'`), 'a\\')
    assert.deepEqual(await ask(fresh, 'select $1::text[]', ['{NULL}']), [null])
    assert.equal(await ask(fresh, 'select $1::text', ['łódź 😀']), 'łódź 😀')
    assert.equal(await ask(fresh, 'create table writable (n int)'), undefined)
    await fresh.close()
    await place.query(`begin read write; alter database ${place.database} reset all; commit`)
  })

  it('reads and writes databases of other encodings, and refuses what they cannot store', async () => {
    for (const encoding of ['LATIN1', 'SQL_ASCII']) {
      const name = `${place.database}_${encoding.toLowerCase()}`
      await place.query(`create database ${name} encoding '${encoding}' locale 'C' template template0`)
      const other = openServer({ ...place, database: name })
      const refused = (sqlstate: string) => (error: any) => {
        assert.deepEqual([error.code, error.details.sqlstate], ['PG_FAILED', sqlstate])
        return true
      }
      try {
        assert.equal(await ask(other, 'select $1::text', ['Zoë']), 'Zoë')
        const odd = ask(other, 'select $1::text', ['łódź'])
        if (encoding === 'LATIN1') await assert.rejects(odd, refused('22P05'))
        else {
          assert.equal(await odd, 'łódź')
          // Bytes that are no text, as such a database may hold: PostgreSQL does not hand them out.
          await assert.rejects(ask(other, String.raw`select E'a\xff'::text`), refused('22021'))
        }
        await assert.rejects(ask(other, 'select $1::text', ['a\0b']), refused('22021'))
        assert.equal(await ask(other, 'select 1'), 1)
      } finally {
        await other.close()
        await place.query(`drop database ${name} with (force)`)
      }
    }
  })

  it('lets no statement hang when the way to the server is broken without a word', async () => {
    const proxy = await blackHole(place)
    const short = openServer({ ...place, host: '127.0.0.1', port: proxy.port }, { ssl: 'disable' })
    try {
      const limits = { ...DEFAULTS, statementTimeoutMs: 1, lockTimeoutMs: 0 }
      const first = await short.atomic([{ text: 'select 1 as n' }], { ...limits, statementTimeoutMs: 100 })
      assert.deepEqual(first[0]?.rows, [{ n: 1 }])
      proxy.swallow()
      await assert.rejects(short.atomic([{ text: 'select 1' }], limits), {
        code: 'PG_UNAVAILABLE',
        details: { sqlstate: '08006', outcome: 'unknown' },
      })
      assert.equal(short.counts().total, 0)
    } finally {
      await short.close()
      await proxy.close()
    }
  })

  it('does not wait longer than a lock may take to find out what a statement gives', async () => {
    await place.query('create table held (n int)')
    const work = database.transaction(NO_LIMIT, async (open) => {
      await open.query({ text: 'lock table held' })
      await assert.rejects(
        database.describe({ text: 'select * from held' }, { ...DEFAULTS, lockTimeoutMs: 50 }),
        {
          code: 'PG_LOCKED',
        },
      )
    })
    await work
    assert.equal(database.counts().idle, 2)
  })

  it('says why no connection could be made', async () => {
    const cases: [Parameters<typeof openServer>[1], string, RegExp][] = [
      [{ host: 'no-such-host.invalid' }, '08001', /host name/],
      [{ port: 1 }, '08001', /nothing listens/],
      [{ database: 'nowhere' }, '3D000', /does not exist/],
      [{ ssl: 'require' }, '08001', /no TLS/],
    ]
    for (const [settings, sqlstate, message] of cases) {
      const wrong = openServer(place, settings)
      await assert.rejects(ask(wrong, 'select 1'), (error: any) => {
        assert.deepEqual([error.code, error.details.sqlstate], ['PG_UNAVAILABLE', sqlstate])
        assert.match(error.message, message)
        return true
      })
      await wrong.close()
    }
  })
})

describe('the driver of a server: passwords and TLS', function () {
  this.timeout(60_000)
  const { cert, key } = selfSigned('localhost')
  let server: TestServer

  before(async () => {
    server = await privateServer({ password: 'right', tls: { cert, key } })
  })
  after(() => server.remove())

  const open = (settings: Parameters<typeof openServer>[1]): ServerDatabase =>
    openServer({ ...server, database: 'postgres' }, settings)

  it('gets in with the right password alone, and never tells it', async () => {
    const right = open({})
    assert.equal(await ask(right, 'select 1'), 1)
    await right.close()
    const wrong = open({ password: 'hunter2' })
    await assert.rejects(ask(wrong, 'select 1'), (error: any) => {
      assert.deepEqual([error.code, error.details.sqlstate], ['PG_UNAVAILABLE', '28P01'])
      assert.doesNotMatch(JSON.stringify([error.message, error.details, error.cause, error.stack]), /hunter2/)
      return true
    })
    await wrong.close()
  })

  it('encrypts unless told not to, and checks the certificate when told to', async () => {
    const isEncrypted = async (settings: Parameters<typeof openServer>[1]): Promise<boolean> => {
      const database = open(settings)
      try {
        return (
          (await database.facts()).tls &&
          (await ask(database, 'select ssl from pg_stat_ssl where pid = pg_backend_pid()')) === true
        )
      } finally {
        await database.close()
      }
    }
    assert.equal(await isEncrypted({ ssl: 'disable' }), false)
    assert.equal(await isEncrypted({ ssl: 'prefer' }), true)
    assert.equal(await isEncrypted({ ssl: 'require' }), true)
    assert.equal(await isEncrypted({ ssl: 'verify-full', host: 'localhost', tls: { ca: cert } }), true)
    const unproven = { code: 'PG_UNAVAILABLE' }
    await assert.rejects(isEncrypted({ ssl: 'verify-full', host: 'localhost' }), unproven)
    await assert.rejects(isEncrypted({ ssl: 'verify-full', tls: { ca: cert } }), unproven) // another name
    const lax = { ca: cert, rejectUnauthorized: false }
    await assert.rejects(isEncrypted({ ssl: 'verify-full', tls: lax }), unproven)
  })

  it('cancels through TLS as well', async () => {
    const database = open({ ssl: 'verify-full', host: 'localhost', tls: { ca: cert } })
    await ask(database, 'select 1')
    const abort = new AbortController()
    const work = database.atomic([{ text: 'select pg_sleep(60)' }], NO_LIMIT, abort.signal)
    setTimeout(() => abort.abort(new Error('enough')), 100)
    await assert.rejects(work, /enough/)
    await until(() => (database.counts().idle === 1 ? true : undefined)) // not cut: the server did as it was asked
    await database.close()
  })
})

describe('the driver of a server: a server that goes away', function () {
  this.timeout(120_000)
  let server: TestServer
  let url: string

  before(async () => {
    server = await privateServer()
    url = server.url('postgres')
    await runOn(url, 'create table entry (id int primary key)')
  })
  after(() => server.remove())

  it('fails while the server is stopped and works again when it is back, without a deploy', async () => {
    const database = openServer({ ...server, database: 'postgres' })
    assert.equal(await ask(database, 'select 1'), 1)
    await server.stop()
    await assert.rejects(ask(database, 'select 1'), { code: 'PG_UNAVAILABLE' })
    await assert.rejects(ask(database, 'select 1'), (error: any) => error.details.outcome === 'rolled back')
    await server.start()
    assert.equal(await until(() => ask(database, 'select 1').catch(() => undefined)), 1)
    await database.close()
  })

  it('loses nothing that was acknowledged, and tells of the rest, when the server is killed under load', async () => {
    const database = openServer({ ...server, database: 'postgres' }, { poolMax: 8 })
    const acknowledged = new Set<number>()
    const undone = new Set<number>()
    const unknown = new Set<number>()
    let next = 0
    let isOver = false
    const insert = { name: 'insert', text: 'insert into entry values ($1)' }
    const writer = async (isTransaction: boolean): Promise<void> => {
      while (!isOver) {
        const id = (next += 1)
        const values = [String(id)]
        const work = isTransaction
          ? database.transaction(DEFAULTS, (transaction) => transaction.query({ ...insert, values }))
          : database.atomic([{ ...insert, values }], DEFAULTS)
        await work.then(
          () => acknowledged.add(id),
          async (reason: unknown) => {
            const error = reason as PaletteError
            assert.equal(error.code, 'PG_UNAVAILABLE', error.message)
            assert.match(String(error.details['outcome']), /^(rolled back|unknown)$/)
            ;(error.details['outcome'] === 'unknown' ? unknown : undone).add(id)
            await delay(5)
          },
        )
      }
    }
    const writers = Array.from({ length: 16 }, (_, index) => writer(index % 2 === 0))
    for (let round = 0; round < 3; round += 1) {
      await delay(300)
      await server.kill()
      await delay(100)
      await server.start()
    }
    const before = acknowledged.size
    await until(() => (acknowledged.size > before + 50 ? true : undefined))
    isOver = true
    await Promise.all(writers)
    const there = new Set((await runOn(url, 'select id from entry')).map(({ id }) => Number(id)))
    for (const id of acknowledged) assert.ok(there.has(id), `${id} was acknowledged and is lost`)
    for (const id of undone) assert.ok(!there.has(id), `${id} was told to be undone and is there`)
    for (const id of there)
      assert.ok(acknowledged.has(id) || unknown.has(id), `${id} is there, and nobody knows`)
    assert.ok(undone.size > 0)
    await database.close()
  })
})
