import assert from 'node:assert/strict'
import { createRetryingSend } from '../../../lib/http/retry.ts'
import { SharedPace } from '../../../lib/http/shared-pace.ts'
import { ManualClock } from '../bulk/manual-clock.ts'

const policy = { maxRetries: 3, baseDelayMs: 500, maxDelayMs: 30_000 }

describe('A shared pace', () => {
  it('holds every call back while one of them waits after a 429, and only then', async () => {
    const clock = new ManualClock()
    const pauses: number[] = []
    const pace = new SharedPace(clock, (waitMs) => pauses.push(waitMs))
    const sent: [url: string, atMs: number][] = []
    const send = createRetryingSend({
      clock,
      random: { uniform: () => 1 },
      send: ({ url }) => {
        sent.push([url, clock.monotonic()])
        const isFirst = sent.filter(([other]) => other === url).length === 1
        const status = isFirst && url === 'limited' ? 429 : isFirst && url === 'down' ? 503 : 200
        const headers = status === 429 ? { 'retry-after': '4' } : undefined
        return Promise.resolve({ status, headers: headers ?? {}, body: Buffer.alloc(0), latencyMs: 1 })
      },
    })
    const call = (url: string): Promise<{ attempts: number; elapsedMs: number }> =>
      send({ method: 'GET', url, timeoutMs: 1000 }, { policy, pace })
    const down = call('down')
    await clock.advance(100)
    assert.deepEqual(pauses, [], 'a 503 pauses nobody else')
    const limited = call('limited')
    await clock.advance(100)
    const other = call('other')
    await clock.advance(10_000)
    assert.equal((await limited).attempts, 2)
    assert.equal((await other).elapsedMs, 3900)
    assert.equal((await down).attempts, 2)
    assert.deepEqual(pauses, [4000])
    assert.deepEqual(
      sent.slice(2).map(([, atMs]) => atMs),
      [4100, 4100, 4100],
    )
  })

  it('takes 429s of calls under way for one pause, and counts pauses until a call is answered otherwise', async () => {
    const clock = new ManualClock()
    const pace = new SharedPace(clock)
    pace.limited(1000)
    pace.limited(500)
    pace.limited(2000)
    assert.deepEqual([pace.streak, pace.leftMs], [1, 2000])
    await clock.advance(2000)
    pace.limited(1000)
    assert.equal(pace.streak, 2)
    pace.eased()
    assert.equal(pace.streak, 0)
    assert.equal(pace.leftMs, 1000, 'the pause itself lasts on')
  })

  it('ends its waits with the reason of a signal', async () => {
    const clock = new ManualClock()
    const pace = new SharedPace(clock)
    pace.limited(1000)
    const abort = new AbortController()
    const held = pace.ready(abort.signal)
    abort.abort()
    await assert.rejects(held ?? Promise.resolve(), { code: 'ABORTED' })
    assert.equal(clock.waiting, 0)
  })
})
