import assert from 'node:assert/strict'
import { RateLimit } from '../../../lib/dns/rate-limit.ts'
import type { Clock } from '../../../lib/ports.ts'
import { ManualClock } from './fakes.ts'

describe('questions that wait for the rate limit', () => {
  it('are 10,000 at most; what comes on top is refused', async () => {
    const stop = new AbortController()
    const time = new ManualClock()
    const clock: Clock = {
      now: () => time.now(),
      monotonic: () => time.monotonic(),
      after: time.after,
      sleep: (_ms, signal) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
        }),
    }
    const limit = new RateLimit(clock)
    for (let n = 0; n < 10; n += 1) await limit.wait(10, stop.signal)
    const waiting = Array.from({ length: 10_000 }, () => limit.wait(10, stop.signal))
    await assert.rejects(limit.wait(10, stop.signal), {
      code: 'DNS_RATE_LIMITED',
      message: /10000 questions wait already/,
    })
    stop.abort()
    const ends = await Promise.allSettled(waiting)
    assert.ok(ends.every(({ status }) => status === 'rejected'))
    time.time += 60_000
    await limit.wait(10, undefined)
  })
})
