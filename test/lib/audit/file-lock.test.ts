import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileLock } from '../../../lib/audit/file-lock.ts'
import type { Locks } from '../../../lib/ports.ts'
import { systemFiles, systemLocks } from '../../../lib/system.ts'
import { ManualClock, otherProcess, timedLocks } from './fixtures.ts'

describe('FileLock', () => {
  let folder: string
  let path: string
  let clock: ManualClock

  const lockOf = (locks: Locks = systemLocks): FileLock =>
    new FileLock(path, { files: systemFiles, locks: timedLocks(locks, clock), clock })

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxone-lock-'))
    path = join(folder, 'x.lock')
    clock = new ManualClock()
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is taken once, then held, and gone after its release', async () => {
    const lock = lockOf()
    assert.equal(await lock.acquire(), 'taken')
    assert.equal(await lock.acquire(), 'held')
    assert.equal((JSON.parse(await readFile(path, 'utf8')) as { pid: number }).pid, process.pid)
    await lock.release()
    assert.deepEqual(await readdir(folder), [])
    assert.equal(clock.timers, 0)
  })

  it('tells who holds it', async () => {
    await lockOf(otherProcess({ pid: 4711 })).acquire()
    const holder = await lockOf(otherProcess({ pid: 12, instance: 'third' })).acquire()
    assert.deepEqual(holder, { host: systemLocks.owner.host, pid: 4711, instance: 'other' })
  })

  it('does not give a second one to the same process', async () => {
    await lockOf().acquire()
    clock.jump(3_600_000)
    assert.equal(typeof (await lockOf().acquire()), 'object')
  })

  it('takes over from a process that is gone', async () => {
    await lockOf(otherProcess()).acquire()
    assert.equal(await lockOf({ ...systemLocks, isAlive: () => false }).acquire(), 'taken')
    assert.deepEqual(await readdir(folder), ['x.lock'])
  })

  it('takes over from an earlier process with the same id, as containers have it', async () => {
    await lockOf(otherProcess({ pid: process.pid })).acquire()
    assert.equal(await lockOf().acquire(), 'taken')
  })

  it('takes over from another machine only after 30 s without a sign of life', async () => {
    await lockOf(otherProcess({ host: 'elsewhere' })).acquire()
    const ours = lockOf({ ...systemLocks, isAlive: () => false })
    clock.jump(29_000)
    assert.equal(typeof (await ours.acquire()), 'object')
    clock.jump(2_000)
    assert.equal(await ours.acquire(), 'taken')
  })

  it('stays with a holder that lives, however long', async () => {
    const theirs = lockOf(otherProcess({ host: 'elsewhere' }))
    await theirs.acquire()
    for (let beat = 0; beat < 5; beat += 1) {
      clock.advance(10_000)
      while (clock.timers === 0) await new Promise((resolve) => setImmediate(resolve))
      assert.equal(typeof (await lockOf().acquire()), 'object')
    }
    await theirs.release()
  })

  it('tells a holder that was stopped for long that it has lost the lock', async () => {
    const theirs = lockOf(otherProcess({ host: 'elsewhere' }))
    await theirs.acquire()
    clock.jump(31_000)
    const ours = lockOf()
    assert.equal(await ours.acquire(), 'taken')
    assert.deepEqual(await theirs.acquire(), systemLocks.owner)
    await theirs.release()
    assert.equal(await ours.acquire(), 'held')
  })

  it('takes over a lock file that nobody can read once it is old', async () => {
    await writeFile(path, '')
    await utimes(path, clock.now() / 1000, clock.now() / 1000)
    assert.equal(typeof (await lockOf().acquire()), 'object')
    clock.jump(31_000)
    assert.equal(await lockOf().acquire(), 'taken')
  })

  it('is put back by one that moved it away too late', async () => {
    await lockOf(otherProcess({ pid: 1 })).acquire()
    const faster = lockOf({ ...otherProcess({ pid: 2, instance: 'faster' }), isAlive: () => false })
    let raced = false
    const files: typeof systemFiles = {
      ...systemFiles,
      async rename(from, to) {
        if (!raced) {
          raced = true
          assert.equal(await faster.acquire(), 'taken')
        }
        return systemFiles.rename(from, to)
      },
    }
    const locks = { ...otherProcess({ pid: 3, instance: 'slower' }), isAlive: () => false }
    const slower = new FileLock(path, { files, locks: timedLocks(locks, clock), clock })
    const holder = await slower.acquire()
    assert.equal(typeof holder === 'object' && holder.instance, 'faster')
    clock.jump(31_000)
    assert.equal(await faster.acquire(), 'held')
    assert.deepEqual(await readdir(folder), ['x.lock'])
  })

  it('goes to exactly one of many that find it left behind', async () => {
    await lockOf(otherProcess({ pid: 1 })).acquire()
    const ends = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        lockOf({
          ...otherProcess({ pid: 100 + n, instance: `r${n}` }),
          isAlive: (pid) => pid !== 1,
        }).acquire(),
      ),
    )
    assert.equal(ends.filter((end) => end === 'taken').length, 1)
    assert.deepEqual(await readdir(folder), ['x.lock'])
  })
})
