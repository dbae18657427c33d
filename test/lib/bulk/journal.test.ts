import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { BulkRun } from '../../../lib/bulk/bulk-run.ts'
import { BulkJournal, type JournalHeader } from '../../../lib/bulk/journal.ts'
import { keepable } from '../../../lib/bulk/journal-text.ts'
import type { BulkOptions, BulkOutcome } from '../../../lib/bulk/options.ts'
import { readJournal, type JournaledRun } from '../../../lib/bulk/read-journal.ts'
import { PaletteError } from '../../../lib/errors.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryFiles } from './memory-files.ts'

const PATH = '/user/cxone/bulk/n1/run.jsonl'
const HEADER: Omit<JournalHeader, 'v' | 'total'> = {
  id: '0199aaaa-0000-7000-8000-000000000001',
  target: 'auth-1',
  begunMs: 1000,
  shared: { id: 'order-status' },
  message: { topic: 'orders', cxone: { correlationId: 'c' } },
}

const OPTIONS = { place: 'msg.payload', isRepeatable: true }

interface Order {
  readonly name: string
}
const ORDERS: readonly Order[] = Array.from({ length: 12 }, (_, n) => ({ name: `Bücher №${n}` }))

/** A server that does the work of a key once, and answers the same again. */
class IdempotentServer {
  readonly done = new Map<string, string>()
  /** How often each order was really worked. */
  readonly effects = new Map<string, number>()
  calls = 0

  call(key: string, order: Order): string {
    this.calls += 1
    const before = this.done.get(key)
    if (before !== undefined) return before
    this.effects.set(order.name, (this.effects.get(order.name) ?? 0) + 1)
    const answer = `did ${order.name}`
    this.done.set(key, answer)
    return answer
  }
}

type Options = Partial<BulkOptions<Order, string>>

async function work(
  server: IdempotentServer,
  journal: BulkJournal<string>,
  options: Options = {},
  items: readonly Order[] = ORDERS,
): Promise<BulkOutcome<string>> {
  const run = new BulkRun<Order, string>(
    items,
    async (order, { key }) => {
      await turn()
      const value = server.call(key, order)
      if (order.name.endsWith('4')) throw new Error('it is refused')
      return { value, attempts: 1, latencyMs: 2 }
    },
    {
      id: HEADER.id,
      concurrency: 3,
      journal,
      clock: new ManualClock(),
      random: { uniform: () => 0 },
      ...options,
    },
  )
  return run.run()
}

const create = (files: MemoryFiles, items: readonly unknown[] = ORDERS): Promise<BulkJournal<string>> =>
  BulkJournal.create(files, PATH, HEADER, items, OPTIONS)

async function reopen(
  files: MemoryFiles,
): Promise<{ run: JournaledRun<Order, string>; journal: BulkJournal<string> }> {
  const run = await readJournal<Order, string>(files, PATH)
  assert.ok(run)
  return { run, journal: await BulkJournal.reopen(files, PATH, run.size, OPTIONS) }
}

describe('The journal of a bulk run', () => {
  it('tells the run, its message and what was done, and is gone once the run has ended', async () => {
    const files = new MemoryFiles()
    const journal = await create(files)
    const { results } = await work(new IdempotentServer(), journal)
    await journal.recorded(3)
    const { run } = await reopen(files)
    assert.deepEqual(run.header, { v: 1, ...HEADER, total: 12 })
    assert.deepEqual(run.items, ORDERS)
    assert.deepEqual(
      results.map((_, index) => run.settled.get(index)?.result),
      results,
    )
    assert.deepEqual([run.started.size, [...run.recorded], run.cancelled], [0, [3], false])
    await journal.remove()
    assert.equal(files.contents.size, 0)
  })

  it('cut at any byte, lets the run end as if nothing had happened: each order is worked once', async () => {
    const files = new MemoryFiles()
    const journal = await create(files)
    const server = new IdempotentServer()
    const whole = await work(server, journal)
    const bytes = files.bytes(PATH)
    const begin = header(bytes)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: begin, max: bytes.length }), async (cut) => {
        files.contents.set(PATH, bytes.subarray(0, cut))
        const { run, journal: again } = await reopen(files)
        const outcome = await work(server, again, { resumed: run }, run.items)
        assert.deepEqual(outcome.results, whole.results)
        assert.deepEqual([outcome.attempts, outcome.failed], [whole.attempts, whole.failed])
        assert.deepEqual([...server.effects.values()], Array<number>(12).fill(1))
        const { run: ended } = await reopen(files)
        assert.equal(ended.settled.size, 12, 'a second crash would find everything')
      }),
      { numRuns: 300 },
    )
  })

  it('survives zeros at its end, as a power cut leaves them', async () => {
    const files = new MemoryFiles()
    await work(new IdempotentServer(), await create(files), {}, ORDERS.slice(0, 2))
    const whole = files.bytes(PATH)
    files.contents.set(PATH, Buffer.concat([whole, Buffer.alloc(700), Buffer.from('\n')]))
    const { run } = await reopen(files)
    assert.equal(run.settled.size, 2)
    assert.equal(files.bytes(PATH).length, whole.length)
  })

  it('does nothing again that is done, and works what was begun with its key', async () => {
    const files = new MemoryFiles()
    const journal = await create(files)
    await journal.started(0)
    await journal.finished(0, { result: { ok: true, value: 'before' }, attempts: 2, latencyMs: 9 })
    await journal.started(1)
    const server = new IdempotentServer()
    const { run, journal: again } = await reopen(files)
    assert.deepEqual([[...run.settled.keys()], [...run.started]], [[0], [1]])
    const { results, attempts } = await work(server, again, { resumed: run }, run.items)
    assert.deepEqual(results[0], { ok: true, value: 'before' })
    assert.deepEqual([server.calls, attempts], [11, 2 + 10])
  })

  it('tells what was begun as in doubt where it must not be repeated', async () => {
    const files = new MemoryFiles()
    await (await create(files)).started(1)
    const server = new IdempotentServer()
    const { run, journal } = await reopen(files)
    const { results } = await work(server, journal, { resumed: run, isRepeatable: false }, run.items)
    const item = results[1]
    assert.ok(item && !item.ok)
    assert.deepEqual([item.error.code, item.error.details], ['ABORTED', { index: 1, started: true }])
    assert.equal(server.effects.get(ORDERS[1]!.name), undefined)
  })

  it('with stopOnError, looks after what was begun and starts nothing more', async () => {
    const files = new MemoryFiles()
    const journal = await create(files)
    await Promise.all([journal.started(0), journal.started(1)])
    const failed = { ok: false, error: { code: 'TIMEOUT', message: 'slow', details: {} } } as const
    await journal.finished(0, { result: failed, attempts: 1, latencyMs: 1 })
    const server = new IdempotentServer()
    const { run, journal: again } = await reopen(files)
    const { results, end } = await work(server, again, { resumed: run, stopOnError: true }, run.items)
    assert.equal(end, 'failed-item')
    assert.deepEqual([...server.effects.keys()], [ORDERS[1]!.name])
    assert.deepEqual(results.slice(0, 2), [failed, { ok: true, value: `did ${ORDERS[1]!.name}` }])
    assert.ok(results.slice(2).every((item) => !item.ok && item.error.details['started'] === false))
  })

  it('gets no result of an item that fails while all around it is closed', async () => {
    const files = new MemoryFiles()
    const journal = await create(files)
    const failures = ['ABORTED', 'CXONE_UNREACHABLE', 'CXONE_BAD_REQUEST'] as const
    const run = new BulkRun<Order, string>(
      ORDERS,
      async (_order, { index }) => {
        await turn()
        run.stop('suspended', 1000)
        await turn()
        throw new PaletteError(failures[index] ?? 'TIMEOUT', 'closed')
      },
      { id: HEADER.id, concurrency: 3, journal, clock: new ManualClock(), random: { uniform: () => 0 } },
    )
    assert.equal((await run.run()).end, 'suspended')
    const { run: left } = await reopen(files)
    assert.deepEqual([[...left.started], [...left.settled.keys()]], [[0, 1], [2]])
  })

  it('remembers that the run was cancelled', async () => {
    const files = new MemoryFiles()
    await (await create(files)).cancelled()
    assert.equal((await reopen(files)).run.cancelled, true)
  })

  it('on a full disk refuses the run before anything is done', async () => {
    const files = new MemoryFiles()
    files.room = 300
    await assert.rejects(create(files), (error: PaletteError) => {
      assert.deepEqual([error.code, error.details], ['JOURNAL_UNAVAILABLE', { path: PATH }])
      assert.match(error.message, /no space is left/)
      return true
    })
    assert.equal(files.contents.size, 0)
  })

  it('on a disk that fills up stops the run before the next item, and tells what was done', async () => {
    const files = new MemoryFiles()
    const journal = await create(files)
    files.room = 900
    const server = new IdempotentServer()
    await assert.rejects(work(server, journal), (error: PaletteError) => {
      assert.equal(error.code, 'JOURNAL_UNAVAILABLE')
      const items = (error.details['items'] as unknown[]).filter(Boolean)
      assert.equal(items.length, server.effects.size, 'each that was worked is told')
      assert.equal(error.details['done'], server.effects.size)
      return true
    })
    assert.ok(server.effects.size > 0 && server.effects.size < 12)
    files.room = Infinity
    await assert.rejects(
      journal.started(11),
      { code: 'JOURNAL_UNAVAILABLE' },
      'its end is not known any more',
    )
  })

  it('waits for the disk with each mark where items must not be repeated, else never', async () => {
    for (const isRepeatable of [true, false]) {
      const files = new MemoryFiles()
      const { promise, resolve } = Promise.withResolvers<undefined>()
      files.sync = () => promise
      const journal = await BulkJournal.create(files, PATH, HEADER, ORDERS, { ...OPTIONS, isRepeatable })
      let isMarked = false
      const marked = journal.started(0).then(() => (isMarked = true))
      for (let turns = 0; turns < 5; turns += 1) await turn()
      assert.equal(isMarked, isRepeatable)
      resolve(undefined)
      await marked
      await journal.close()
    }
  })

  it('that the disk fails to keep stops the run at the next mark', async () => {
    const files = new MemoryFiles()
    files.sync = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
    const journal = await create(files)
    await assert.rejects(work(new IdempotentServer(), journal), { code: 'JOURNAL_UNAVAILABLE' })
    await journal.remove()
  })

  it('takes vault references, and refuses plain secrets and what is no JSON, naming the place', async () => {
    const wrong: [item: object, path: string][] = [
      [{ credentials: { password: 'hunter2' } }, 'msg.payload[1]'],
      [{ headers: [{ 'x-api-key': 'abc' }] }, 'msg.payload[1]'],
      [{ pinPassword: 12345678 }, 'msg.payload[1]'],
      [{ old: { passwords: ['VAULT_A', 'hunter2'] } }, 'msg.payload[1]'],
      [{ secret: { value: { text: 'hunter2' } } }, 'msg.payload[1]'],
      [{ big: 1n }, 'msg.payload[1].big'],
    ]
    for (const [item, path] of wrong) {
      const files = new MemoryFiles()
      await assert.rejects(create(files, [{ name: 'good' }, item]), (error: PaletteError) => {
        assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', path])
        assert.doesNotMatch(error.message, /hunter2|abc/)
        return true
      })
      assert.equal(files.contents.size, 0)
    }
    const files = new MemoryFiles()
    const right = { credentials: { user: 'sa', password: 'VAULT_DB_PASSWORD' }, token: '', maxTokens: 4096 }
    await create(files, [right])
    assert.match(files.bytes(PATH).toString(), /VAULT_DB_PASSWORD/)
  })

  it('takes no list with holes, whose items would move up', async () => {
    const holes: unknown[] = [{ name: 'first' }]
    holes[2] = { name: 'third' }
    await assert.rejects(create(new MemoryFiles(), holes), (error: PaletteError) => {
      assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', 'msg.payload[1]'])
      return true
    })
  })

  it('masks secrets in results', async () => {
    const files = new MemoryFiles()
    const journal = await BulkJournal.create<object>(files, PATH, HEADER, [{}], OPTIONS)
    const value = {
      accessToken: 'eyJhbGciOi',
      name: 'x',
      passwords: ['a'],
      secret: { of: 'b' },
      pin_password: 7,
    }
    await journal.finished(0, { result: { ok: true, value }, attempts: 1, latencyMs: 1 })
    const { run } = await reopen(files)
    assert.deepEqual(run.settled.get(0)?.result, {
      ok: true,
      value: {
        ...{ accessToken: '[redacted]', name: 'x', passwords: '[redacted]', secret: '[redacted]' },
        pin_password: '[redacted]',
      },
    })
  })

  it('keeps of a message what survives a restart, without secrets', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const message = {
      _msgid: 'm',
      topic: 'orders',
      req: { headers: {} },
      res: {},
      cyclic,
      run: () => undefined,
      headers: { authorization: 'Bearer abc', accept: '*/*' },
      when: new Date(0),
    }
    assert.deepEqual(keepable(message), {
      _msgid: 'm',
      topic: 'orders',
      headers: { authorization: '[redacted]', accept: '*/*' },
      when: '1970-01-01T00:00:00.000Z',
    })
  })

  it('is not taken for one when it is something else', async () => {
    const files = new MemoryFiles()
    for (const text of [
      '',
      'hello\n',
      '{"v":2,"id":"x","total":0}\n',
      '{"v":1,"id":"x","total":1}\n',
      '[]\n',
    ]) {
      files.contents.set(PATH, Buffer.from(text))
      assert.equal(await readJournal(files, PATH), undefined, text)
    }
  })
})

/** Bytes of the header and the items, which are written at once. */
function header(journal: Buffer): number {
  let at = 0
  for (let line = 0; line <= ORDERS.length; line += 1) at = journal.indexOf(0x0a, at) + 1
  return at
}
