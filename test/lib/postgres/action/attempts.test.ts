import assert from 'node:assert/strict'
import { PaletteError, type ErrorCode } from '../../../../lib/errors.ts'
import { isRetriable, withRetries } from '../../../../lib/postgres/action/attempts.ts'
import { fakeClock } from '../../http/fake-clock.ts'
import { failure } from './world.ts'

const fault = (code: ErrorCode, details: object = {}): PaletteError =>
  new PaletteError(code, code, { details: { ...details } })
const policy = { maxRetries: 3, baseDelayMs: 500, maxDelayMs: 1500 }

describe('attempts at a statement', () => {
  it('are made again only where nothing was done', () => {
    const cases: [ErrorCode, object, harmless: boolean, expected: boolean][] = [
      ['PG_SERIALIZATION', {}, false, true],
      ['PG_DEADLOCK', {}, false, true],
      ['PG_LOCKED', {}, false, true],
      ['PG_UNAVAILABLE', { outcome: 'rolled back', sqlstate: '08006' }, false, true],
      ['PG_UNAVAILABLE', { outcome: 'unknown', sqlstate: '08006' }, false, false],
      ['PG_UNAVAILABLE', { outcome: 'unknown', sqlstate: '08006' }, true, true],
      ['PG_UNAVAILABLE', { outcome: 'rolled back', sqlstate: '28P01' }, true, false],
      ['PG_UNAVAILABLE', { outcome: 'rolled back', sqlstate: '3D000' }, true, false],
      ['PG_STATEMENT_TIMEOUT', {}, true, false],
      ['PG_POOL_EXHAUSTED', {}, true, false],
      ['PG_CONSTRAINT', {}, true, false],
      ['PG_FAILED', {}, true, false],
      ['ABORTED', {}, true, false],
    ]
    for (const [code, details, harmless, expected] of cases)
      assert.equal(
        isRetriable(fault(code, details), harmless),
        expected,
        `${code} ${JSON.stringify(details)} ${harmless}`,
      )
  })

  it('wait longer each time, with full jitter, up to the limit; latency leaves the waits out', async () => {
    const clock = fakeClock()
    const random = { uniform: () => 1 }
    const error = await failure(
      withRetries({ clock, random }, { policy, isHarmless: false }, () => {
        clock.advance(10)
        return Promise.reject(fault('PG_LOCKED', { sqlstate: '55P03' }))
      }),
    )
    assert.deepEqual(clock.sleeps, [500, 1000, 1500])
    const { attempts, latencyMs, elapsedMs, sqlstate } = error.details as Record<string, number>
    assert.deepEqual(
      [attempts, sqlstate, Math.floor(latencyMs!), Math.floor(elapsedMs!)],
      [4, '55P03', 40, 3040],
    )
  })

  it('end with the first that succeeds', async () => {
    let calls = 0
    const retries: number[] = []
    const ports = { clock: fakeClock(), random: { uniform: () => 0 } }
    const { value, counts } = await withRetries(
      ports,
      { policy, isHarmless: false, onRetry: (attempt) => retries.push(attempt) },
      () => (++calls < 3 ? Promise.reject(fault('PG_DEADLOCK')) : Promise.resolve('done')),
    )
    assert.deepEqual([value, counts.attempts, retries], ['done', 3, [1, 2]])
  })

  it('are not begun again once a part has left', async () => {
    const ports = { clock: fakeClock(), random: { uniform: () => 0 } }
    const work = () => Promise.reject(fault('PG_SERIALIZATION'))
    const error = await failure(withRetries(ports, { policy, isHarmless: true, isBegun: () => true }, work))
    assert.equal(error.details['attempts'], 1)
  })

  it('pass on what is no failure of the palette', async () => {
    const ports = { clock: fakeClock(), random: { uniform: () => 0 } }
    const stranger = new TypeError('defect')
    await assert.rejects(
      withRetries(ports, { policy, isHarmless: true }, () => Promise.reject(stranger)),
      (error) => error === stranger,
    )
  })
})
