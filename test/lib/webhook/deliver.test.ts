import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PaletteError } from '../../../lib/errors.ts'
import type { Clock, ConnectTarget, HttpRequest, HttpResponse } from '../../../lib/ports.ts'
import {
  createDelivery,
  type Delivery,
  type DeliveryOptions,
  type DeliveryPorts,
} from '../../../lib/webhook/deliver.ts'
import { createSigner } from '../../../lib/webhook/sign.ts'

type Said =
  number | Error | { status: number; headers?: Record<string, string> } | (() => Promise<HttpResponse>)

class FakeClock implements Clock {
  time = 1_800_000_000_000
  readonly slept: number[] = []
  now = (): number => this.time
  monotonic = (): number => this.time
  after = (): (() => void) => () => undefined
  sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted()
    this.slept.push(ms)
    this.time += ms
    await Promise.resolve()
    signal?.throwIfAborted()
  }
}

const webhook = {
  id: 'id-1',
  url: new URL('https://hooks.example.com/a?token=secret'),
  contentType: 'application/json',
  body: Buffer.from('{}'),
  headers: {},
}
const SCHEDULE = [0, 5, 30, 300, 1800, 7200]

function setUp(said: Said[], more: Partial<DeliveryPorts> = {}, options: Partial<DeliveryOptions> = {}) {
  const clock = new FakeClock()
  const sent: HttpRequest[] = []
  const deliver = createDelivery(
    {
      clock,
      random: { uniform: () => 0.5 },
      guard: () => Promise.resolve(['203.0.114.1', '203.0.114.2']),
      sign: createSigner('standard-webhooks', { secret: 'x', previousSecret: '' }),
      send: async (request) => {
        sent.push(request)
        clock.time += 7
        const next = said[Math.min(sent.length, said.length) - 1] ?? 204
        if (next instanceof Error) throw next
        if (typeof next === 'function') return await next()
        const { status, headers = {} } = typeof next === 'number' ? { status: next } : next
        return { status, headers, body: Buffer.alloc(0), latencyMs: 7 }
      },
      ...more,
    },
    { schedule: SCHEDULE, timeoutMs: 1000, concurrency: 8, ...options },
  )
  return { deliver, clock, sent }
}

describe('a delivery', () => {
  it('is done with the first 2xx', async () => {
    for (const status of [200, 202, 204, 299]) {
      const { deliver, clock, sent } = setUp([status])
      assert.deepEqual(await deliver(webhook), {
        outcome: 'delivered',
        id: 'id-1',
        url: 'https://hooks.example.com/a',
        status,
        attempts: 1,
        latencyMs: 7,
        elapsedMs: 7,
      } satisfies Delivery)
      assert.deepEqual(clock.slept, [])
      assert.equal(sent[0]?.url, webhook.url.href)
    }
  })

  it('tries by the schedule, counted from the end of each attempt, then is dead', async () => {
    const { deliver, clock, sent } = setUp([500])
    const told: string[] = []
    const result = await deliver(webhook, {
      onRetry: (attempt, of, ms, reason) => told.push(`${attempt}/${of} ${ms} ${reason}`),
    })
    assert.equal(result.outcome, 'dead')
    assert.equal(result.attempts, 6)
    assert.equal(result.reason, 'the receiver answered 500')
    assert.deepEqual(clock.slept, [5000, 30_000, 300_000, 1_800_000, 7_200_000])
    assert.equal(result.latencyMs, 42)
    assert.equal(result.elapsedMs, 9_335_042)
    assert.equal(told[0], '2/6 5000 the receiver answered 500')
    assert.equal(sent.length, 6)
  })

  it('spreads each wait by 20 % at most', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (x) => {
        const { deliver, clock } = setUp(
          [500, 204],
          { random: { uniform: () => x } },
          { schedule: [10, 100] },
        )
        await deliver(webhook)
        const [first = 0, second = 0] = clock.slept
        assert.ok(first >= 8000 && first <= 12_000 && second >= 80_000 && second <= 120_000)
      }),
    )
  })

  it('has the same id with every attempt, and a new timestamp and signature', async () => {
    const { deliver, sent } = setUp([500, 500, 204])
    await deliver(webhook)
    const headers = sent.map((request) => request.headers ?? {})
    assert.equal(new Set(headers.map((each) => each['webhook-id'])).size, 1)
    assert.equal(new Set(headers.map((each) => each['webhook-timestamp'])).size, 3)
    assert.equal(new Set(headers.map((each) => each['webhook-signature'])).size, 3)
  })

  it('connects to an address that the guard gave, to another one with the next attempt', async () => {
    const targets: (ConnectTarget | undefined)[] = []
    const { deliver } = setUp([], {
      send: ({ connectTo }) => {
        targets.push(connectTo)
        const known = [connectTo!.address, ...(connectTo!.others ?? [])]
        const address = known.find((each) => !connectTo!.avoid?.includes(each)) ?? connectTo!.avoid![0]!
        const status = targets.length < 4 ? 500 : 204
        return Promise.resolve({ status, headers: {}, body: Buffer.alloc(0), latencyMs: 7, address })
      },
    })
    const connectTo = { name: 'hooks.example.com', addresses: ['203.0.114.1'] }
    assert.equal((await deliver({ ...webhook, connectTo })).address, '203.0.114.2')
    const [one, two] = ['203.0.114.1', '203.0.114.2']
    assert.deepEqual(
      targets.map((target) => target?.avoid ?? []),
      [[], [one], [one, two], [two, one]],
    )
  })

  it('asks the guard again for each attempt, and stops when the address has become a private one', async () => {
    let calls = 0
    const { deliver, sent } = setUp([500], {
      guard: () => {
        calls += 1
        if (calls === 1) return Promise.resolve(['203.0.114.1'])
        return Promise.reject(new PaletteError('WEBHOOK_BLOCKED_ADDRESS', 'rebound'))
      },
    })
    await assert.rejects(deliver(webhook), { code: 'WEBHOOK_BLOCKED_ADDRESS' })
    assert.equal(sent.length, 1)
  })

  it('ends at once with 410', async () => {
    const { deliver, sent } = setUp([500, 410])
    const result = await deliver(webhook)
    assert.equal(result.outcome, 'rejected')
    assert.equal(result.status, 410)
    assert.equal(sent.length, 2)
  })

  it('repeats after every other answer and after network errors', async () => {
    const reset = new PaletteError('CXONE_UNREACHABLE', 'connection reset')
    for (const failure of [301, 400, 401, 404, 408, 429, 503, reset, new Error('ENOTFOUND')]) {
      const { deliver, sent } = setUp([failure, 204])
      assert.equal((await deliver(webhook)).outcome, 'delivered')
      assert.equal(sent.length, 2)
    }
    const dead = await setUp([reset]).deliver(webhook)
    assert.equal(dead.status, null)
    assert.equal(dead.reason, 'connection reset')
    assert.match((await setUp([302]).deliver(webhook)).reason ?? '', /redirects are not followed/)
  })

  it('does not repeat what was taken with a body too large to read', async () => {
    const tooLarge = new PaletteError('CXONE_UNEXPECTED_RESPONSE', 'too large', { details: { status: 200 } })
    const { deliver, sent } = setUp([tooLarge])
    assert.equal((await deliver(webhook)).outcome, 'delivered')
    assert.equal(sent.length, 1)
  })

  it('waits longer when Retry-After says so, as seconds or date, never shorter, a day at most', async () => {
    const date = (ms: number): string => new Date(ms).toUTCString()
    const waits: [string, number][] = [
      ['60', 60_000],
      ['1', 5000],
      ['999999999', 86_400_000],
      [date(1_800_000_120_007), 119_993],
      ['soon', 5000],
      ['-5', 5000],
    ]
    for (const [value, expected] of waits) {
      const { deliver, clock } = setUp([{ status: 429, headers: { 'retry-after': value } }, 204])
      await deliver(webhook)
      assert.deepEqual(clock.slept, [expected], value)
    }
  })

  it('stops at an abort while it waits and while it sends', async () => {
    const stop = new AbortController()
    const waiting = setUp([500])
    await assert.rejects(waiting.deliver(webhook, { signal: stop.signal, onRetry: () => stop.abort() }), {
      code: 'ABORTED',
    })
    const stopSending = new AbortController()
    const sending = setUp([
      () => {
        stopSending.abort()
        return Promise.reject(new Error('socket closed'))
      },
    ])
    await assert.rejects(sending.deliver(webhook, { signal: stopSending.signal }), { code: 'ABORTED' })
    await assert.rejects(setUp([204]).deliver(webhook, { signal: stop.signal }), { code: 'ABORTED' })
  })

  it('sends at most `concurrency` at a time, and waits take no place', async () => {
    let running = 0
    let most = 0
    const slow = async (): Promise<HttpResponse> => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return { status: 204, headers: {}, body: Buffer.alloc(0), latencyMs: 0 }
    }
    const { deliver } = setUp([slow], {}, { concurrency: 3 })
    const results = await Promise.all(Array.from({ length: 20 }, () => deliver(webhook)))
    assert.ok(results.every(({ outcome }) => outcome === 'delivered'))
    assert.equal(most, 3)
    const failing = setUp([500], {}, { concurrency: 1 })
    const both = await Promise.all([failing.deliver(webhook), failing.deliver(webhook)])
    assert.deepEqual(
      both.map(({ attempts }) => attempts),
      [6, 6],
    )
  })

  it('stops at an abort while the address is looked up', async () => {
    const stop = new AbortController()
    const hangs = setUp([204], { guard: () => new Promise(() => undefined) })
    const pending = hangs.deliver(webhook, { signal: stop.signal })
    await Promise.resolve()
    stop.abort()
    await assert.rejects(pending, { code: 'ABORTED' })
    assert.equal(hangs.sent.length, 0)
  })

  it('counts the look-up of the address into the time of the attempt', async () => {
    const timers: number[] = []
    const clock = new FakeClock()
    const expiring: Clock = {
      now: clock.now,
      monotonic: clock.monotonic,
      sleep: clock.sleep,
      after: (ms, callback) => {
        timers.push(ms)
        queueMicrotask(callback)
        return () => undefined
      },
    }
    const hangs = setUp(
      [204],
      { clock: expiring, guard: () => new Promise(() => undefined) },
      { schedule: [0] },
    )
    const dead = await hangs.deliver(webhook)
    assert.equal(dead.outcome, 'dead')
    assert.match(dead.reason ?? '', /`hooks\.example\.com` was not looked up within 1000 ms/)
    assert.deepEqual(timers, [1000])
    const slow = setUp([204], {
      guard: () => {
        slow.clock.time += 300
        return Promise.resolve(['203.0.114.1'])
      },
    })
    await slow.deliver(webhook)
    assert.equal(slow.sent[0]?.timeoutMs, 700)
  })

  it('takes up to 10,000 webhooks at a time; what comes on top is dead without an attempt', async () => {
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const answer = async (): Promise<HttpResponse> => {
      await gate
      return { status: 204, headers: {}, body: Buffer.alloc(0), latencyMs: 0 }
    }
    const { deliver } = setUp([answer])
    const taken = Array.from({ length: 10_000 }, () => deliver(webhook))
    const refused = await deliver(webhook)
    assert.deepEqual(refused, {
      outcome: 'dead',
      id: 'id-1',
      url: 'https://hooks.example.com/a',
      status: null,
      attempts: 0,
      latencyMs: 0,
      elapsedMs: 0,
      reason: '10000 webhooks wait already',
    } satisfies Delivery)
    release()
    assert.ok((await Promise.all(taken)).every(({ outcome }) => outcome === 'delivered'))
    assert.equal((await deliver(webhook)).outcome, 'delivered')
  })

  it('takes up to 256 MiB of bodies at a time, and a larger one alone', async () => {
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const { deliver } = setUp([
      async () => {
        await gate
        return { status: 204, headers: {}, body: Buffer.alloc(0), latencyMs: 0 }
      },
    ])
    const huge = { ...webhook, body: { length: 300 * 2 ** 20 } as Buffer }
    const alone = setUp([204], { sign: () => ({}) })
    assert.equal((await alone.deliver(huge)).outcome, 'delivered')
    const first = deliver(webhook)
    assert.equal((await deliver(huge)).reason, '1 webhooks with 2 bytes wait already')
    release()
    assert.equal((await first).outcome, 'delivered')
  })

  it('frees its place however a delivery ends', async () => {
    const { deliver } = setUp([500], {
      guard: () => Promise.reject(new PaletteError('WEBHOOK_BLOCKED_ADDRESS', 'x')),
    })
    for (let i = 0; i < 10_001; i += 1) {
      await assert.rejects(deliver(webhook), { code: 'WEBHOOK_BLOCKED_ADDRESS' })
    }
  })
})
