import assert from 'node:assert/strict'
import { PaletteError } from '../../../lib/errors.ts'
import { Health } from '../../../lib/health/health.ts'
import { handClock } from '../../support/hand-clock.ts'

const DATABASE = { id: 'db', type: 'pg-database', name: 'orders' }

describe('health', () => {
  it('is ready without any dependency', async () => {
    assert.deepEqual(await new Health(handClock()).report(), { ok: true, dependencies: [] })
  })

  it('names the dependency that is not ready, and is ready once it is taken out', async () => {
    const health = new Health(handClock())
    health.add({ ...DATABASE, check: () => Promise.resolve({ ok: true, detail: '3 connections' }) })
    const remove = health.add({
      id: 'a',
      type: 'cxone-auth',
      name: '',
      check: () => Promise.resolve({ ok: false }),
    })
    assert.deepEqual(await health.report(), {
      ok: false,
      dependencies: [
        { ...DATABASE, ok: true, detail: '3 connections', latencyMs: 0 },
        { id: 'a', type: 'cxone-auth', name: '', ok: false, latencyMs: 0 },
      ],
    })
    remove()
    assert.equal((await health.report()).ok, true)
  })

  it('asks one dependency alone', async () => {
    const health = new Health(handClock())
    const asked: string[] = []
    for (const id of ['a', 'b'])
      health.add({
        id,
        type: 'pg-database',
        name: '',
        check: async () => Promise.resolve({ ok: asked.push(id) > 0 }),
      })
    const found = await health.ask('b')
    assert.deepEqual([found?.id, found?.ok, asked], ['b', true, ['b']])
    assert.equal(await health.ask('c'), undefined)
  })

  it('tells a failure by its code alone', async () => {
    const health = new Health(handClock())
    const failure = new PaletteError('PG_UNAVAILABLE', 'no connection to db.internal.example:5432')
    health.add({ ...DATABASE, check: () => Promise.reject(failure) })
    health.add({ ...DATABASE, id: 'x', check: () => Promise.reject(new Error('password=hunter2')) })
    const { dependencies } = await health.report()
    assert.deepEqual(
      dependencies.map(({ ok, detail }) => ({ ok, detail })),
      [
        { ok: false, detail: 'PG_UNAVAILABLE' },
        { ok: false, detail: 'INTERNAL_ERROR' },
      ],
    )
  })

  it('gives up a check that does not end, and tells it so by its signal', async () => {
    const clock = handClock()
    const health = new Health(clock)
    let signal: AbortSignal | undefined
    health.add({
      ...DATABASE,
      check: (given) => {
        signal = given
        return new Promise(() => undefined)
      },
    })
    const report = health.report()
    clock.pass(2000)
    assert.equal((await report).dependencies[0]?.detail, 'TIMEOUT')
    assert.equal(signal?.aborted, true)
    assert.equal(clock.timers, 0)
  })

  it('asks once for all callers of a second', async () => {
    const clock = handClock()
    const health = new Health(clock)
    let asked = 0
    health.add({
      ...DATABASE,
      check: () => {
        asked += 1
        return Promise.resolve({ ok: true })
      },
    })
    await Promise.all([health.report(), health.report()])
    await health.report()
    assert.equal(asked, 1)
    clock.pass(1000)
    await health.report()
    assert.equal(asked, 2)
  })

  it('keeps the new dependency when the one that it replaced is taken out late', async () => {
    const health = new Health(handClock())
    const removeOld = health.add({ ...DATABASE, check: () => Promise.resolve({ ok: false }) })
    health.add({ ...DATABASE, check: () => Promise.resolve({ ok: true }) })
    removeOld()
    const { ok, dependencies } = await health.report()
    assert.deepEqual([ok, dependencies.length], [true, 1])
  })
})
