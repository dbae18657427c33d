import assert from 'node:assert/strict'
import { PaletteError } from '../../../lib/errors.ts'
import { createHttpClient } from '../../../lib/http/client.ts'
import { backoffMs, createRetryingSend, type RetryOptions } from '../../../lib/http/retry.ts'
import type { HttpRequest, HttpResponse } from '../../../lib/ports.ts'
import { systemClock } from '../../../lib/system.ts'
import { fakeClock, type FakeClock } from './fake-clock.ts'
import { startServer } from './stub-server.ts'

const policy = { maxRetries: 3, baseDelayMs: 500, maxDelayMs: 30_000 }
const request: HttpRequest = { method: 'GET', url: 'http://127.0.0.1/', timeoutMs: 1000 }
const answer = (status: number, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: Buffer.alloc(0),
  latencyMs: 1,
})

/** A send that plays a script; each attempt takes 10 ms of the clock. */
function scripted(script: readonly (HttpResponse | PaletteError)[], uniform = 0.5) {
  const clock = fakeClock()
  let sent = 0
  const send = createRetryingSend({
    clock,
    random: { uniform: () => uniform },
    send: () => {
      clock.advance(10)
      const next = script[Math.min(sent++, script.length - 1)] as HttpResponse | PaletteError
      return next instanceof PaletteError ? Promise.reject(next) : Promise.resolve(next)
    },
  })
  return { clock, send: (options: RetryOptions = { policy }) => send(request, options), sent: () => sent }
}

const unreachable = (reason = 'ECONNRESET'): PaletteError =>
  new PaletteError('CXONE_UNREACHABLE', 'gone', { details: { reason } })

describe('Retries', () => {
  it('wait a random part of a span that doubles up to the longest wait', () => {
    const random = { uniform: () => 1 - Number.EPSILON }
    const spans = [0, 1, 2, 5, 6, 7, 60].map((n) => Math.round(backoffMs(n, policy, random)))
    assert.deepEqual(spans, [500, 1000, 2000, 16_000, 30_000, 30_000, 30_000])
    assert.equal(backoffMs(3, policy, { uniform: () => 0 }), 0)
  })

  it('happen for 408, 429, 500, 502, 503, 504 and for no other status', async () => {
    for (const status of [408, 429, 500, 502, 503, 504]) {
      const { send, sent } = scripted([answer(status), answer(200)])
      assert.equal((await send()).response.status, 200)
      assert.equal(sent(), 2)
    }
    for (const status of [200, 204, 301, 304, 400, 401, 403, 404, 409, 410, 422, 501, 505]) {
      const { send, sent } = scripted([answer(status)])
      assert.equal((await send()).response.status, status)
      assert.equal(sent(), 1, String(status))
    }
  })

  it('count attempts and tell the time with and without the waits', async () => {
    const { clock, send } = scripted([answer(503), answer(503), answer(200)])
    const exchange = await send()
    assert.deepEqual(clock.sleeps, [250, 500])
    assert.equal(exchange.attempts, 3)
    assert.ok(exchange.latencyMs >= 30 && exchange.latencyMs < 250, String(exchange.latencyMs))
    assert.ok(exchange.elapsedMs >= 780, String(exchange.elapsedMs))
  })

  it('end with the last answer when they are used up', async () => {
    const { send, sent } = scripted([answer(503)])
    const { response, attempts } = await send()
    assert.deepEqual([response.status, attempts, sent()], [503, 4, 4])
  })

  it('are announced before each wait', async () => {
    const told: unknown[] = []
    const { send } = scripted([answer(429, { 'retry-after': '2' }), unreachable(), answer(200)])
    await send({ policy, onRetry: (...args) => told.push(args) })
    assert.deepEqual(told, [
      [1, 2000, 'status 429'],
      [2, 500, 'CXONE_UNREACHABLE'],
    ])
  })

  it('happen after network errors and time-outs, whose error tells the attempts', async () => {
    for (const error of [unreachable(), new PaletteError('TIMEOUT', 'slow')]) {
      const { send, sent } = scripted([error])
      await assert.rejects(send(), (failure: PaletteError) => {
        assert.equal(failure.code, error.code)
        assert.equal(failure.details['attempts'], 4)
        return true
      })
      assert.equal(sent(), 4)
    }
  })

  it('do not happen for a wrong certificate, an abort or an answer that is too large', async () => {
    const lasting = [
      unreachable('DEPTH_ZERO_SELF_SIGNED_CERT'),
      unreachable('ERR_TLS_CERT_ALTNAME_INVALID'),
      new PaletteError('ABORTED', 'stopped'),
      new PaletteError('CXONE_UNEXPECTED_RESPONSE', 'too large'),
    ]
    for (const error of lasting) {
      const { send, sent } = scripted([error])
      await assert.rejects(send(), { code: error.code })
      assert.equal(sent(), 1)
    }
  })

  it('stop waiting when the signal is aborted', async () => {
    const abort = new AbortController()
    const send = createRetryingSend({
      clock: systemClock,
      random: { uniform: () => 1 },
      send: () => Promise.resolve(answer(503)),
    })
    const run = send({ ...request, signal: abort.signal }, { policy })
    setTimeout(() => abort.abort(), 10)
    await assert.rejects(run, { code: 'ABORTED' })
  })

  describe('with Retry-After over a socket', () => {
    const after = async (value: (clock: FakeClock) => string): Promise<readonly number[]> => {
      const clock = fakeClock()
      const server = await startServer((_request, response, count) => {
        if (count === 0) response.setHeader('Retry-After', value(clock))
        response.writeHead(count === 0 ? 429 : 200).end()
      })
      const client = createHttpClient({ clock })
      const send = createRetryingSend({ send: client.send, clock, random: { uniform: () => 0.5 } })
      try {
        const { response, attempts } = await send({ ...request, url: server.url }, { policy })
        assert.deepEqual([response.status, attempts], [200, 2])
      } finally {
        await client.close()
        await server.close()
      }
      return clock.sleeps
    }

    it('wait for as many seconds as it says', async () => {
      assert.deepEqual(await after(() => '7'), [7000])
    })

    it('wait until the date that it says', async () => {
      assert.deepEqual(await after((clock) => new Date(clock.now() + 9000).toUTCString()), [9000])
    })

    it('wait no longer than the longest wait', async () => {
      assert.deepEqual(await after(() => '99999999999'), [30_000])
      assert.deepEqual(await after(() => 'Fri, 31 Dec 9999 23:59:59 GMT'), [30_000])
    })

    it('wait as without it when it is negative, past or garbage', async () => {
      for (const value of ['-5', 'Thu, 01 Jan 1970 00:00:00 GMT', 'soon', '1.5'])
        assert.deepEqual(await after(() => value), [250], value)
    })
  })
})
