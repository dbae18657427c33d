import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { BulkRun } from '../../../lib/bulk/bulk-run.ts'
import type { BulkItem, ItemDone } from '../../../lib/bulk/item.ts'
import { collect, type BulkItems } from '../../../lib/bulk/item-source.ts'
import type { BulkOptions, BulkProgress, BulkWork, ItemCall } from '../../../lib/bulk/options.ts'
import { inputError, PaletteError } from '../../../lib/errors.ts'
import { ManualClock } from './manual-clock.ts'

const ID = '0199aaaa-0000-7000-8000-000000000001'
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

type Work = BulkWork<number, number>
const double: Work = (n) => Promise.resolve({ value: 2 * n, attempts: 1, latencyMs: 5 })

interface Bench {
  readonly clock: ManualClock
  readonly run: BulkRun<number, number>
  readonly progress: BulkProgress[]
}

function start(
  items: BulkItems<number>,
  work: Work = double,
  more: Partial<BulkOptions<number, number>> = {},
): Bench {
  const clock = new ManualClock()
  const progress: BulkProgress[] = []
  const run = new BulkRun(items, work, {
    id: ID,
    concurrency: 4,
    clock,
    random: { uniform: () => 1 },
    onProgress: (now) => progress.push(now),
    ...more,
  })
  return { clock, run, progress }
}

const outcomeOf = (items: readonly BulkItem<number>[]): unknown[] =>
  items.map((item) => (item.ok ? item.value : item.error.code))

const limited = (retryAfterMs?: number): PaletteError =>
  new PaletteError('CXONE_RATE_LIMITED', 'too many', {
    details: {
      status: 429,
      attempts: 1,
      latencyMs: 1,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  })

/** Work that each item ends only when it is told. */
function held(): { work: Work; calls: Map<number, ItemCall>; end: (n: number) => void } {
  const calls = new Map<number, ItemCall>()
  const ends = new Map<number, () => void>()
  const work: Work = (n, call) =>
    new Promise<ItemDone<number>>((resolve, reject) => {
      calls.set(n, call)
      ends.set(n, () => resolve({ value: n }))
      call.signal.addEventListener('abort', () => reject(call.signal.reason as Error), { once: true })
    })
  return { work, calls, end: (n) => ends.get(n)?.() }
}

describe('A bulk run', () => {
  it('gives a result for each item in order, failures too, and sums up what they took', async () => {
    const { run } = start(numbers(5), async (n) => {
      await turn()
      if (n === 1) throw inputError('msg.payload[1]', 'wrong')
      if (n === 3) throw new PaletteError('TIMEOUT', 'slow', { details: { attempts: 4, latencyMs: 40 } })
      return { value: n, attempts: 2, latencyMs: 10 }
    })
    const { results, end, total, failed, attempts, latencyMs } = await run.run()
    assert.deepEqual(outcomeOf(results), [0, 'INPUT_INVALID', 2, 'TIMEOUT', 4])
    assert.deepEqual(results[1], {
      ok: false,
      error: { code: 'INPUT_INVALID', message: 'wrong', details: { path: 'msg.payload[1]' } },
    })
    assert.deepEqual([end, total, failed, attempts, latencyMs], ['finished', 5, 2, 10, 70])
  })

  it('keeps no more than the limit in work', async () => {
    let working = 0
    let most = 0
    const { run } = start(numbers(40), async (n) => {
      most = Math.max(most, ++working)
      await turn()
      working -= 1
      return { value: n }
    })
    await run.run()
    assert.equal(most, 4)
  })

  it('is done at once with an empty list', async () => {
    const { run } = start([], () => assert.fail('nothing to do'))
    assert.deepEqual((await run.run()).results, [])
  })

  it('gives each item a key of its own, the same one in each run of that id', async () => {
    const keysOf = async (id: string): Promise<string[]> => {
      const keys: string[] = []
      const { run } = start(numbers(3), (n, { key }) => Promise.resolve({ value: (keys[n] = key).length }), {
        id,
      })
      await run.run()
      return keys
    }
    const keys = await keysOf(ID)
    assert.equal(new Set(keys).size, 3)
    for (const key of keys)
      assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.deepEqual(await keysOf(ID), keys)
    assert.notDeepEqual(await keysOf(ID.replace(/1$/, '2')), keys)
  })

  it('takes what is no error of ours for a defect, and shows no secret of it', async () => {
    const { run } = start([0], () => Promise.reject(new Error('password=hunter2 is wrong')))
    const [item] = (await run.run()).results
    assert.ok(item && !item.ok)
    assert.equal(item.error.code, 'INTERNAL_ERROR')
    assert.doesNotMatch(item.error.message, /hunter2/)
  })

  describe('with stopOnError', () => {
    it('starts nothing more after a failure; what is in work ends, the rest is told as not started', async () => {
      const { work, end } = held()
      const { run } = start(
        numbers(6),
        (n, call) => (n === 1 ? Promise.reject(limitless()) : work(n, call)),
        { concurrency: 3, stopOnError: true },
      )
      const done = run.run()
      await turn()
      end(0)
      end(2)
      const outcome = await done
      assert.deepEqual(outcomeOf(outcome.results), [
        0,
        'CXONE_BAD_REQUEST',
        2,
        'ABORTED',
        'ABORTED',
        'ABORTED',
      ])
      assert.deepEqual([outcome.end, outcome.total, outcome.failed], ['failed-item', 6, 4])
      const rest = outcome.results[5]
      assert.ok(rest && !rest.ok)
      assert.deepEqual(rest.error.details, { index: 5, started: false })
      assert.match(rest.error.message, /not started/)
    })

    it('reads no stream on', async () => {
      let read = 0
      const { run } = start(
        Readable.from(
          (function* () {
            for (; ; read += 1) yield read
          })(),
        ),
        () => Promise.reject(limitless()),
        { concurrency: 2, stopOnError: true },
      )
      const { results } = await run.run()
      assert.ok(results.length >= 1 && results.length <= 4, `${results.length} results`)
      assert.ok(read < 40)
    })
  })

  describe('that is cancelled', () => {
    it('lets what is in work end within the grace, and starts nothing more', async () => {
      const { work, end, calls } = held()
      const { run, clock } = start(numbers(10), work, { concurrency: 2 })
      const done = run.run()
      await turn()
      run.stop('cancelled', 1000)
      await clock.advance(500)
      end(0)
      end(1)
      const { results, end: why } = await done
      assert.deepEqual(outcomeOf(results), [0, 1, ...Array<string>(8).fill('ABORTED')])
      assert.deepEqual([why, calls.size, clock.waiting], ['cancelled', 2, 0])
    })

    it('aborts what is in work after the grace, and says that it may have been done', async () => {
      const { work, end } = held()
      const { run, clock } = start(numbers(4), work, { concurrency: 2 })
      const done = run.run()
      await turn()
      end(0)
      await turn()
      run.stop('cancelled', 1000)
      await clock.advance(1000)
      const { results } = await done
      const [, second, , fourth] = results
      assert.deepEqual(outcomeOf(results), [0, 'ABORTED', 'ABORTED', 'ABORTED'])
      assert.ok(second && !second.ok && fourth && !fourth.ok)
      assert.deepEqual([second.error.details['started'], fourth.error.details['started']], [true, false])
    })

    it('ends at once while it pauses', async () => {
      const { run, clock } = start(numbers(3), () => Promise.reject(limited(20_000)), { concurrency: 1 })
      const done = run.run()
      await clock.advance(1000)
      run.stop('cancelled', 5000)
      assert.deepEqual(outcomeOf((await done).results), ['CXONE_RATE_LIMITED', 'ABORTED', 'ABORTED'])
    })

    it('does not wait for a stream that gives nothing, and frees it', async () => {
      const stream = new Readable({ objectMode: true, read: () => undefined })
      const { run } = start(stream as AsyncIterable<number>)
      stream.push(7)
      const done = run.run()
      await turn()
      run.stop('cancelled', 0)
      const { results } = await done
      assert.deepEqual(outcomeOf(results), [14])
      assert.ok(stream.destroyed)
    })
  })

  describe('of a stream', () => {
    it('reads no further ahead than it works', async () => {
      let read = 0
      const { work, end } = held()
      const { run } = start(
        (async function* () {
          for (; read < 10; read += 1) {
            await turn()
            yield read
          }
        })(),
        work,
        { concurrency: 2 },
      )
      const done = run.run()
      for (let n = 0; n < 10; n += 1) {
        for (let turns = 0; turns < 10; turns += 1) await turn()
        assert.ok(read <= n + 3, `${read} were read when ${n} were done`)
        end(n)
      }
      assert.deepEqual(outcomeOf((await done).results), numbers(10))
    })

    it('is not read where nobody waits for it any more', async () => {
      const stream = new Readable({ objectMode: true, read: () => undefined })
      await assert.rejects(collect(stream, AbortSignal.abort()), { code: 'ABORTED' })
      assert.equal(stream.destroyed, true)
    })

    it('that breaks tells what was done', async () => {
      const { run } = start(
        (async function* () {
          yield await Promise.resolve(1)
          yield 2
          throw new Error('the file is gone')
        })(),
      )
      await assert.rejects(run.run(), (error: PaletteError) => {
        assert.equal(error.code, 'INPUT_INVALID')
        assert.match(error.message, /broke after 2: the file is gone/)
        assert.deepEqual(error.details['items'], [
          { ok: true, value: 2 },
          { ok: true, value: 4 },
        ])
        return true
      })
    })
  })

  describe('that meets a 429', () => {
    it('starts no item until Retry-After is over, then works the item again with its key', async () => {
      const starts: [atMs: number, n: number, key: string][] = []
      const { run, clock, progress } = start(
        numbers(8),
        async (n, { key }) => {
          starts.push([clock.monotonic(), n, key])
          await clock.sleep(100)
          if (n === 0 && starts.filter(([, m]) => m === 0).length === 1) throw limited(12_000)
          return { value: n, attempts: 1, latencyMs: 1 }
        },
        { concurrency: 2 },
      )
      const done = run.run()
      await clock.advance(150)
      assert.equal(progress.at(-1)?.pausedS, 12)
      await clock.advance(11_000)
      assert.deepEqual(
        starts.map(([atMs, n]) => [atMs, n]),
        [
          [0, 0],
          [0, 1],
        ],
      )
      await clock.advance(60_000)
      const { results, attempts } = await done
      assert.deepEqual(outcomeOf(results), numbers(8))
      assert.equal(attempts, 9)
      const [first, again] = starts.filter(([, n]) => n === 0)
      assert.deepEqual([again?.[0], again?.[2]], [12_100, first?.[2]])
      assert.ok(starts.slice(2).every(([atMs]) => atMs >= 12_100))
    })

    it('holds back calls of other items as well, as they share its pace', async () => {
      const sent: number[] = []
      const { run, clock } = start(
        numbers(2),
        async (n, { pace, signal }) => {
          if (n === 0) pace.limited(5000)
          await turn()
          await pace.ready(signal)
          sent.push(clock.monotonic())
          return { value: n }
        },
        { concurrency: 2 },
      )
      const done = run.run()
      await clock.advance(0)
      await clock.advance(6000)
      await done
      assert.deepEqual(sent, [5000, 5000])
    })

    it('backs off longer each time, 30 s at most, and gives up once the server refuses for good', async () => {
      const at: number[] = []
      const { run, clock } = start(
        numbers(2),
        () => {
          at.push(clock.monotonic())
          return Promise.reject(limited())
        },
        { concurrency: 1 },
      )
      const done = run.run()
      await clock.advance(600_000)
      const { results, attempts } = await done
      assert.deepEqual(outcomeOf(results), ['CXONE_RATE_LIMITED', 'CXONE_RATE_LIMITED'])
      const waits = at.slice(1, 9).map((ms, index) => ms - (at[index] ?? 0))
      assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
      const [first, second] = results
      assert.ok(first && !first.ok && second && !second.ok)
      assert.deepEqual([first.error.details['attempts'], second.error.details['attempts']], [9, 1])
      assert.equal(attempts, 10)
    })

    it('never waits longer than 30 s, whatever the server asks for', async () => {
      let calls = 0
      const { run, clock } = start([1], (n) =>
        calls++ === 0 ? Promise.reject(limited(3_600_000)) : Promise.resolve({ value: n }),
      )
      const done = run.run()
      await clock.advance(30_000)
      assert.deepEqual(outcomeOf((await done).results), [1])
    })

    it('does not work again what must not be repeated, but pauses all the same', async () => {
      const starts: number[] = []
      const { run, clock } = start(
        numbers(2),
        (n) => {
          starts.push(clock.monotonic())
          return n === 0 ? Promise.reject(limited(5000)) : Promise.resolve({ value: n })
        },
        { concurrency: 1, isRepeatable: false },
      )
      const done = run.run()
      await clock.advance(10_000)
      assert.deepEqual(outcomeOf((await done).results), ['CXONE_RATE_LIMITED', 1])
      assert.deepEqual(starts, [0, 5000])
    })
  })

  it('tells how far it is, how fast, and how long it will take', async () => {
    const { run, clock, progress } = start(
      numbers(100),
      async (n) => {
        await clock.sleep(500)
        return { value: n }
      },
      { concurrency: 5 },
    )
    const done = run.run()
    await clock.advance(400)
    assert.deepEqual(run.progress, { id: ID, done: 0, failed: 0, total: 100 })
    await clock.advance(600)
    assert.deepEqual(progress.at(-1), { id: ID, done: 10, failed: 0, total: 100, ratePerS: 10, leftS: 9 })
    await clock.advance(9000)
    await done
    assert.equal(progress.length, 100)
    assert.equal(progress.at(-1)?.leftS, 0)
  })

  describe('whose journal or trail fails', () => {
    const full = new PaletteError('JOURNAL_UNAVAILABLE', 'no space')

    it('starts no further item, ends what is in work, and tells what was done', async () => {
      const worked: number[] = []
      const recorded: number[] = []
      let marks = 0
      const mark = (): Promise<void> => ((marks += 1) > 5 ? Promise.reject(full) : Promise.resolve())
      const { run } = start(
        numbers(50),
        async (n) => {
          worked.push(n)
          await turn()
          return { value: n }
        },
        {
          concurrency: 2,
          journal: { started: mark, finished: mark },
          record: (index) => {
            recorded.push(index)
            return Promise.resolve()
          },
        },
      )
      await assert.rejects(run.run(), (error: PaletteError) => {
        assert.equal(error.code, 'JOURNAL_UNAVAILABLE')
        assert.deepEqual(error.details['done'], worked.length)
        assert.deepEqual(
          (error.details['items'] as unknown[]).filter(Boolean),
          worked.map((value) => ({ ok: true, value })),
        )
        return true
      })
      assert.ok(worked.length >= 2 && worked.length <= 4)
      assert.deepEqual(recorded.toSorted(), worked.toSorted(), 'what was done has its record')
    })

    it('stops at the first record that cannot be written', async () => {
      const worked: number[] = []
      const { run } = start(numbers(50), (n) => Promise.resolve({ value: worked.push(n) }), {
        concurrency: 1,
        record: (n) => (n === 3 ? Promise.reject(full) : Promise.resolve()),
      })
      await assert.rejects(run.run(), { code: 'JOURNAL_UNAVAILABLE' })
      assert.deepEqual(worked, [0, 1, 2, 3])
    })
  })
})

const limitless = (): PaletteError =>
  new PaletteError('CXONE_BAD_REQUEST', 'no', { details: { status: 422 } })
