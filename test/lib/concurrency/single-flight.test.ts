import assert from 'node:assert/strict'
import { SingleFlight } from '../../../lib/concurrency/single-flight.ts'

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}
const deferred = <T>(): Deferred<T> => Promise.withResolvers<T>()

describe('Single flight', () => {
  it('starts the work of a key once and gives all callers its result', async () => {
    const flights = new SingleFlight<number>()
    const work = deferred<number>()
    let started = 0
    const start = (): Promise<number> => {
      started += 1
      return work.promise
    }
    const calls = [flights.run('a', start), flights.run('a', start), flights.run('a', start)]
    work.resolve(7)
    assert.deepEqual(await Promise.all(calls), [7, 7, 7])
    assert.equal(started, 1)
    assert.equal(await flights.run('a', () => Promise.resolve(8)), 8)
  })

  it('keeps keys apart, and gives a failure to all callers', async () => {
    const flights = new SingleFlight<string>()
    const fail = (): Promise<string> => Promise.reject(new Error('no'))
    const [one, two, other] = await Promise.allSettled([
      flights.run('a', fail),
      flights.run('a', fail),
      flights.run('b', () => Promise.resolve('b')),
    ])
    assert.deepEqual([one.status, two.status, other.status], ['rejected', 'rejected', 'fulfilled'])
  })

  it('lets a caller give up without stopping the work for the others', async () => {
    const flights = new SingleFlight<number>()
    const work = deferred<number>()
    const abort = new AbortController()
    let stopped = false
    const start = (signal: AbortSignal): Promise<number> => {
      signal.addEventListener('abort', () => (stopped = true))
      return work.promise
    }
    const leaving = flights.run('a', start, abort.signal)
    const staying = flights.run('a', start, new AbortController().signal)
    abort.abort()
    await assert.rejects(leaving, { code: 'ABORTED' })
    work.resolve(1)
    assert.equal(await staying, 1)
    assert.equal(stopped, false)
  })

  it('aborts the work when the last caller has given up, and starts anew for the next', async () => {
    const flights = new SingleFlight<number>()
    const aborts = [new AbortController(), new AbortController()]
    let stopped = 0
    const start = (signal: AbortSignal): Promise<number> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          stopped += 1
          reject(new Error('stopped'))
        })
      })
    const calls = aborts.map(({ signal }) => flights.run('a', start, signal))
    for (const abort of aborts) abort.abort()
    for (const call of calls) await assert.rejects(call, { code: 'ABORTED' })
    assert.equal(stopped, 1)
    assert.equal(await flights.run('a', () => Promise.resolve(2)), 2)
  })

  it('refuses a caller whose signal is aborted already', async () => {
    const flights = new SingleFlight<number>()
    await assert.rejects(
      flights.run('a', () => assert.fail('must not start'), AbortSignal.abort()),
      { code: 'ABORTED' },
    )
  })
})
