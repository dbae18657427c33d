import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Database } from '../../../lib/postgres/driver.ts'
import type { EmbeddedDatabase } from '../../../lib/postgres/embedded/embedded-database.ts'
import { keepFreshCopies } from '../../../lib/postgres/embedded/fresh-copies.ts'
import { DEFAULTS, openEmbedded, warnings } from './drivers.ts'

const FOREVER = 'select count(*) from generate_series(1, 1000000000) n'
const NO_LIMIT = { ...DEFAULTS, statementTimeoutMs: 0 }

const ask = async (database: Database, text: string): Promise<unknown> => {
  const [result] = await database.atomic([{ text }], NO_LIMIT)
  return Object.values(result?.rows[0] ?? {})[0]
}

describe('the embedded database', function () {
  this.timeout(180_000)
  let folder: string
  const open = new Set<EmbeddedDatabase>()
  const embedded = (settings: Parameters<typeof openEmbedded>[0] = {}): EmbeddedDatabase => {
    const database = openEmbedded({ dataDir: join(folder, 'data'), ...settings })
    open.add(database)
    return database
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxone-flows-pglite-'))
    const first = embedded({ initSql: 'create table t (n int); insert into t values (1)' })
    assert.equal(await ask(first, 'select sum(n) from t'), '1')
  })
  afterEach(async () => {
    await Promise.all([...open].map((database) => database.close()))
    open.clear()
  })
  after(() => rm(folder, { recursive: true }))

  it('runs initSql once in the life of a folder', async () => {
    const again = embedded({ initSql: 'create table t (n int); insert into t values (1)' })
    assert.equal(await ask(again, 'select sum(n) from t'), '1')
  })

  it('runs initSql as a whole or not at all, and again when it was corrected', async () => {
    const wrong = embedded({ initSql: 'create table second (n int);\n\nselect 1 / 0' })
    await rm(join(folder, 'data2'), { recursive: true, force: true })
    assert.equal(await ask(wrong, 'select 1'), 1) // this folder has been initialised
    await wrong.close()
    const dataDir = join(folder, 'data2')
    const failing = embedded({ dataDir, initSql: 'create table second (n int);\n\nselect 1 / 0' })
    await assert.rejects(ask(failing, 'select 1'), (error: any) => {
      assert.deepEqual([error.code, error.details.field], ['CONFIG_INVALID', 'initSql'])
      assert.match(error.message, /division by zero/)
      return true
    })
    await failing.close()
    const ending = embedded({ dataDir, initSql: 'create table second (n int); commit' })
    await assert.rejects(ask(ending, 'select 1'), /leave BEGIN, COMMIT and ROLLBACK out/)
    await ending.close()
    const right = embedded({ dataDir, initSql: 'create table if not exists second (n int)' })
    assert.equal(await ask(right, 'select count(*) from second'), '0')
  })

  it('keeps its data when a statement was stopped, and those who wait are served', async () => {
    const database = embedded()
    await ask(database, 'insert into t values (10)')
    const late = database.atomic([{ text: 'insert into t values (100)' }, { text: FOREVER }], {
      ...DEFAULTS,
      statementTimeoutMs: 200,
    })
    const waiting = ask(database, 'select sum(n) from t')
    await assert.rejects(late, { code: 'PG_STATEMENT_TIMEOUT' })
    assert.equal(await waiting, '11')
    await ask(database, 'delete from t where n = 10')
  })

  it('warns that one in memory has lost its data, and runs initSql again', async () => {
    const database = embedded({
      dataDir: 'memory://',
      initSql: 'create table t (n int); insert into t values (7)',
    })
    await ask(database, 'insert into t values (8)')
    warnings.length = 0
    const abort = new AbortController()
    setTimeout(() => abort.abort(new Error('enough')), 100)
    await assert.rejects(database.atomic([{ text: FOREVER }], NO_LIMIT, abort.signal), /enough/)
    assert.equal(await ask(database, 'select sum(n) from t'), '7')
    assert.match(warnings.join(), /its data is lost/)
    const limits = { ...NO_LIMIT, statementTimeoutMs: 100 }
    await assert.rejects(database.atomic([{ text: FOREVER }], limits), {
      code: 'PG_STATEMENT_TIMEOUT',
      message: /the database in memory was started anew: its data is lost/,
    })
  })

  it('begins in memory as a copy of the first with the same initSql, where copies are kept, and goes its own way', async () => {
    const end = keepFreshCopies()
    try {
      const initSql =
        'create table t (id uuid default gen_random_uuid(), n int); insert into t values (default, 7)'
      const sql = 'select array_agg(id) from t'
      const first = embedded({ dataDir: 'memory://', initSql })
      const made = await ask(first, sql)
      await ask(first, 'insert into t values (default, 8)')
      const second = embedded({ dataDir: 'memory://', initSql })
      assert.deepEqual(await ask(second, sql), made)
      await ask(second, 'insert into t values (default, 9)')
      const third = embedded({ dataDir: 'memory://', initSql })
      assert.deepEqual(await ask(third, sql), made)
      const other = embedded({ dataDir: 'memory://', initSql: 'create table other (n int)' })
      assert.equal(await ask(other, "select to_regclass('t')"), null)
      end()
      const fresh = embedded({ dataDir: 'memory://', initSql })
      assert.notDeepEqual(await ask(fresh, sql), made)
    } finally {
      end()
    }
  })

  it('is not ended by a caller who leaves while it starts, or between statements', async () => {
    const database = embedded()
    const abort = new AbortController()
    const work = database.atomic([{ text: 'select 1' }], NO_LIMIT, abort.signal)
    setTimeout(() => abort.abort(new Error('enough')), 20)
    await assert.rejects(work, /enough/)
    assert.equal(await ask(database, 'select 1'), 1)
    assert.deepEqual(database.counts(), { total: 1, idle: 1, waiting: 0 })
  })

  it('is one for all nodes with the same folder, open as long as one of them is', async () => {
    const one = embedded()
    const two = embedded()
    await ask(one, 'insert into t values (20)')
    assert.equal(await ask(two, 'select max(n) from t'), 20)
    await one.close()
    await ask(two, 'delete from t where n = 20')
    await two.close()
    const three = embedded()
    assert.equal(await ask(three, 'select max(n) from t'), 1)
  })

  it('runs one transaction at a time', async () => {
    const database = embedded()
    const add = (): Promise<void> =>
      database.transaction(NO_LIMIT, async (transaction) => {
        const { rows } = await transaction.query({ text: 'select n from t' })
        await transaction.query({ text: 'update t set n = $1', values: [String(Number(rows[0]?.['n']) + 1)] })
      })
    await Promise.all(Array.from({ length: 20 }, add))
    assert.equal(await ask(database, 'select n from t'), 21)
    await ask(database, 'update t set n = 1')
  })

  it('refuses at once what would wait in too long a line', async () => {
    const database = embedded({ maxWaiting: 1 })
    const running = ask(database, 'select 1 from pg_sleep(0.1)')
    const waiting = ask(database, 'select 2')
    await new Promise((later) => setImmediate(later))
    await assert.rejects(ask(database, 'select 3'), { code: 'PG_POOL_EXHAUSTED' })
    assert.deepEqual([await running, await waiting], [1, 2])
  })

  it('refuses a folder that another process uses, until that one is gone', async () => {
    const other = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(new URL('./embedded-child.ts', import.meta.url)),
        join(folder, 'data'),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    await once(other.stdout, 'data')
    const database = embedded()
    await assert.rejects(ask(database, 'select 1'), (error: any) => {
      assert.deepEqual([error.code, error.details.field], ['CONFIG_INVALID', 'dataDir'])
      assert.match(error.message, new RegExp(`process ${other.pid}`))
      return true
    })
    other.kill('SIGKILL')
    await once(other, 'exit')
    assert.equal(await ask(database, 'select n from t'), 1)
  })

  it('makes a database anew that was interrupted while it was made', async () => {
    const dataDir = join(folder, 'data3')
    mkdirSync(dataDir)
    writeFileSync(join(dataDir, 'PG_VERSION'), 'torn')
    writeFileSync(`${dataDir}.making`, '')
    const database = embedded({ dataDir })
    assert.equal(await ask(database, 'select 1'), 1)
    assert.equal(existsSync(`${dataDir}.making`), false)
  })

  it('leaves a folder alone that holds other files', async () => {
    const dataDir = join(folder, 'letters')
    mkdirSync(dataDir)
    writeFileSync(join(dataDir, 'letter'), 'Dear')
    await assert.rejects(ask(embedded({ dataDir }), 'select 1'), /holds other files/)
    assert.deepEqual(readdirSync(dataDir), ['letter'])
  })

  it('says so when its folder cannot be opened, and when it is closed while it starts', async () => {
    writeFileSync(join(folder, 'file'), '')
    const wrong = embedded({ dataDir: join(folder, 'file/data') })
    await assert.rejects(ask(wrong, 'select 1'))
    const starting = embedded()
    const work = ask(starting, 'select 1')
    setTimeout(() => void starting.close(), 50)
    await assert.rejects(work, (error: any) => ['ABORTED', 'PG_UNAVAILABLE'].includes(error.code))
  })

  it('tells how to install it where it is missing, and starts again after its thread has crashed', async () => {
    const news = { news: 'failed', reason: 'Cannot find module', isMissing: true }
    const code = `import { parentPort } from 'node:worker_threads'; parentPort.postMessage(${JSON.stringify(news)})`
    const missing = openEmbedded({}, new URL(`data:text/javascript,${encodeURIComponent(code)}`))
    await assert.rejects(ask(missing, 'select 1'), (error: any) => {
      assert.deepEqual([error.code, error.details.field], ['CONFIG_INVALID', 'mode'])
      assert.match(error.message, /npm install @electric-sql\/pglite/)
      return true
    })
    await missing.close()
    const crashing = openEmbedded({}, new URL('data:text/javascript,throw new Error("crash")'))
    for (let time = 0; time < 2; time += 1)
      await assert.rejects(ask(crashing, 'select 1'), { code: 'PG_UNAVAILABLE' })
    await crashing.close()
  })
})
