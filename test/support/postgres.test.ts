import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serverAccount, usableNative } from './postgres-binaries.ts'
import { privateServer, runOn, testDatabase } from './postgres.ts'
import { until } from './until.ts'

const refuses = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(true))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })

describe('the PostgreSQL server of the tests', function () {
  this.timeout(60_000)

  it('gives each caller an empty database of its own', async () => {
    const [one, two] = await Promise.all([testDatabase(), testDatabase()])
    assert.notEqual(one.database, two.database)
    await one.query('create table mark (n int); insert into mark values (1)')
    assert.deepEqual(await one.query('select n from mark where n = $1', [1]), [{ n: 1 }])
    assert.deepEqual(await two.query("select to_regclass('mark') as mark"), [{ mark: null }])
    await Promise.all([one.drop(), two.drop()])
    await assert.rejects(one.query('select 1'), { code: '3D000' })
  })

  it('keeps what was committed when it is killed and started again on the same port', async () => {
    const server = await privateServer()
    try {
      const url = server.url('postgres')
      await runOn(url, 'create table mark (n int); insert into mark values (7)')
      await server.kill()
      assert.equal(await refuses(server.port), true)
      await server.start()
      assert.deepEqual(await runOn(url, 'select n from mark'), [{ n: 7 }])
      await server.stop()
      assert.equal(await refuses(server.port), true)
    } finally {
      await server.remove()
    }
    assert.equal(existsSync(server.folder), false)
  })

  it('stops and removes its data when its parent is killed with -9', async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('./postgres-child.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { port, folder } = JSON.parse(String(line)) as { port: number; folder: string }
    assert.equal(await refuses(port), false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await until(
      () => (existsSync(folder) ? undefined : true),
      () => `${folder} is still there`,
    )
    assert.equal(await refuses(port), true)
  })

  it('copies binaries that its account cannot reach, and makes the links that a blocked script left out', () => {
    const home = mkdtempSync(join(tmpdir(), 'closed-home-'))
    const version = `0.0.0-${home.slice(-6)}`
    const account = serverAccount()
    mkdirSync(join(home, 'native/lib'), { recursive: true })
    writeFileSync(join(home, 'package.json'), JSON.stringify({ version }))
    writeFileSync(join(home, 'native/lib/libx.so.1.2'), '')
    const link = { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }
    writeFileSync(join(home, 'native/pg-symlinks.json'), JSON.stringify([link]))
    chmodSync(account ? home : join(home, 'native/lib'), account ? 0o700 : 0o555)
    const native = usableNative(home, account)
    try {
      assert.notEqual(native, join(home, 'native'))
      assert.equal(lstatSync(join(native, 'lib/libx.so.1')).isSymbolicLink(), true)
      assert.equal(existsSync(join(native, 'lib/libx.so.1')), true)
      assert.equal(usableNative(home, account), native)
    } finally {
      chmodSync(join(home, 'native/lib'), 0o755)
      rmSync(home, { recursive: true })
      rmSync(dirname(native), { recursive: true })
    }
  })
})
