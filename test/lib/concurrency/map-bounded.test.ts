import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { mapBounded } from '../../../lib/concurrency/map-bounded.ts'

describe('Bounded map', () => {
  it('keeps the order and never works on more than the limit', async () => {
    let working = 0
    let most = 0
    const results = await mapBounded([5, 1, 4, 2, 3, 0], 3, async (turns) => {
      working += 1
      most = Math.max(most, working)
      for (let i = 0; i < turns; i += 1) await setImmediate()
      working -= 1
      return turns * 10
    })
    assert.deepEqual(results, [50, 10, 40, 20, 30, 0])
    assert.equal(most, 3)
  })

  it('gives an empty list for an empty list', async () => {
    assert.deepEqual(await mapBounded([], 3, () => Promise.resolve(1)), [])
  })

  it('starts nothing more after an abort or a failure', async () => {
    const abort = new AbortController()
    let started = 0
    const run = mapBounded(
      Array.from({ length: 10 }),
      2,
      async () => {
        started += 1
        await setImmediate()
        if (started === 2) abort.abort()
      },
      abort.signal,
    )
    await assert.rejects(run, { code: 'ABORTED' })
    assert.ok(started <= 4, `${started} started`)
    started = 0
    await assert.rejects(
      mapBounded(Array.from({ length: 10 }), 1, () => {
        started += 1
        return Promise.reject(new Error('no'))
      }),
      /no/,
    )
    assert.equal(started, 1)
  })
})
