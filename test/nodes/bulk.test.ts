import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { startSandbox, type Sandbox } from '../../lib/sandbox/sandbox.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow, type Msg } from './harness.ts'

const ACTION = 'crm-customer-lookup'
const customers = (count: number): object[] =>
  Array.from({ length: count }, (_, n) => ({ customerId: `CUST-${1000 + n}` }))
const TRAIL = { id: 'trail', type: 'audit-trail', durability: 'write' }

describe('Bulk runs of a node', () => {
  let sandbox: Sandbox
  let userDir: string
  before(async () => {
    sandbox = await startSandbox()
  })
  beforeEach(() => {
    userDir = mkdtempSync(join(tmpdir(), 'cxone-bulk-'))
  })
  afterEach(async () => {
    await unloadFlow()
    sandbox.reset()
    rmSync(userDir, { recursive: true, force: true })
  })
  after(() => sandbox.close())

  const load = (more: object = {}, type = 'action-execute'): Promise<LoadedFlow> => {
    const { url } = sandbox.info
    const auth = {
      ...{ id: 'auth', type: 'cxone-auth', profile: 'custom', tokenUrl: `${url}/oauth2/token` },
      ...{ apiBaseUrl: url, baseDelayMs: 1, maxDelayMs: 5000, maxRetries: 0 },
    }
    return loadFlow(
      [auth, TRAIL, { id: 'n', type, auth: 'auth', audit: 'trail', wires: [['out']], ...more }, OUT],
      {
        credentials: { auth: { clientId: 'sandbox', clientSecret: 'sandbox-secret' } },
        userDir,
      },
    )
  }
  const OUT = { id: 'out', type: 'helper' }
  /** Everything that leaves the node, as it comes. */
  const collect = (flow: LoadedFlow): Msg[] => {
    const seen: Msg[] = []
    flow.node('out').on('input', (msg: Msg) => void seen.push(msg))
    return seen
  }
  const run = (flow: LoadedFlow, payload: unknown, more: Msg = {}): ReturnType<LoadedFlow['receive']> =>
    flow.receive('n', { dataActionId: ACTION, payload, ...more })
  const records = (): Msg[] => {
    const path = join(userDir, 'cxone/audit/audit.jsonl')
    const whole = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
    return whole.map((line) => JSON.parse(line) as Msg)
  }
  const journals = (): string[] => {
    const folder = join(userDir, 'cxone/bulk/n')
    return existsSync(folder) ? readdirSync(folder) : []
  }
  const executed = (): number =>
    sandbox
      .requests()
      .filter(({ route, status, note }) => route === 'execute' && status === 200 && note !== 'replayed')
      .length

  it('pause as a whole at a 429, show so, and lose no item', async () => {
    sandbox.fault('execute:200*5,429/1*2')
    const flow = await load({ concurrency: 4 })
    const msg = sentOf(await run(flow, customers(30)))
    assert.ok(msg['payload'].every(({ ok }: Msg) => ok))
    const { attempts, elapsedMs } = msg['cxone'].execution
    assert.equal(attempts, 32)
    assert.ok(elapsedMs >= 900, `${elapsedMs} ms`)
    assert.ok(
      flow
        .statuses('n')
        .some(({ fill, text }) => fill === 'yellow' && /^paused \d+ s \(429\)$/.test(text ?? '')),
    )
    const calls = sandbox.requests().filter(({ route }) => route === 'execute')
    const limited = calls.find(({ status }) => status === 429)
    const next = calls.find(({ at }) => at > (limited?.at ?? 0) + 200)
    assert.ok(next && limited && next.at - limited.at >= 950, 'nothing was sent for a second')
  })

  it('write exactly one audit record an item, of failures too, and none for the message', async () => {
    const flow = await load()
    await run(flow, [...customers(20), { customerId: 'wrong' }, 'no object'])
    const written = records()
    assert.equal(written.length, 22)
    assert.deepEqual(
      written.map(({ details }) => details.index as number).toSorted((a, b) => a - b),
      Array.from({ length: 22 }, (_, n) => n),
    )
    assert.equal(new Set(written.map(({ correlationId }) => correlationId as string)).size, 1)
    const of = (index: number): Msg => written.find(({ details }) => details.index === index)!
    const { eventType, status, subject, attempts, latencyMs } = of(3)
    assert.deepEqual([eventType, status, subject, attempts], ['action-execute', 'SUCCESS', ACTION, 1])
    assert.ok(latencyMs > 0)
    assert.deepEqual([of(20)['status'], of(20)['details'].error.code], ['FAILED', 'CXONE_BAD_REQUEST'])
    assert.deepEqual([of(21)['status'], of(21)['details'].error.code], ['FAILED', 'INPUT_INVALID'])
    assert.doesNotMatch(JSON.stringify(written), /CUST-10/, 'inputs and outputs may be personal')
  })

  it('write one record for an empty list: that of the message', async () => {
    const flow = await load()
    assert.deepEqual(sentOf(await run(flow, []))['payload'], [])
    assert.equal(records().length, 1)
  })

  it('show what failed: some yellow, all red', async () => {
    const flow = await load()
    await run(flow, [{ customerId: 'wrong' }, ...customers(2)])
    await until(() => (flow.status('n')?.text === 'done 2/3, 1 failed' ? flow.status('n') : undefined))
    assert.equal(flow.status('n')?.fill, 'yellow')
    sentOf(await run(flow, [{ customerId: 'wrong' }, {}]))
    await until(() => (flow.status('n')?.text === 'done 0/2, 2 failed' ? flow.status('n') : undefined))
    assert.equal(flow.status('n')?.fill, 'red')
    await run(flow, customers(2))
    await until(() => (flow.status('n')?.text === 'done 2/2' ? flow.status('n') : undefined))
    assert.equal(flow.status('n')?.fill, 'green')
  })

  it('send progress messages on request, which answer nobody, then the results', async () => {
    const flow = await load({ progress: 10, concurrency: 2 })
    const seen = collect(flow)
    const res = {}
    await run(flow, customers(35), { res, topic: 't' })
    assert.deepEqual(
      seen.map(({ payload, cxone }) => [cxone.bulk.isFinal, cxone.bulk.done, Array.isArray(payload)]),
      [
        [false, 10, false],
        [false, 20, false],
        [false, 30, false],
        [true, 35, true],
      ],
    )
    const [first, , , last] = seen as [Msg, Msg, Msg, Msg]
    assert.deepEqual(first['payload'], first['cxone'].bulk)
    assert.deepEqual([first['payload'].total, first['payload'].failed, first['topic']], [35, 0, 't'])
    assert.deepEqual([first['res'], last['res']], [undefined, res])
    assert.equal(first['cxone'].correlationId, last['cxone'].correlationId)
    assert.equal(first['cxone'].bulk.id, last['cxone'].bulk.id)
  })

  it('take a stream of objects', async () => {
    const flow = await load()
    const msg = sentOf(await run(flow, Readable.from(customers(25))))
    assert.equal(msg['payload'].length, 25)
    assert.equal(msg['payload'][24].value.customerId, 'CUST-1024')
  })

  it('stop at the first failure when told so', async () => {
    const flow = await load({ stopOnError: true, concurrency: 1 })
    const msg = sentOf(await run(flow, [...customers(3), { customerId: 'wrong' }, ...customers(4)]))
    assert.deepEqual(
      msg['payload'].map(({ ok, error }: Msg) => (ok ? 'ok' : error.code)),
      [...Array<string>(3).fill('ok'), 'CXONE_BAD_REQUEST', ...Array<string>(4).fill('ABORTED')],
    )
    assert.equal(executed(), 3)
    assert.equal(records().length, 8, 'items that were not started have their record too')
  })

  it('are cancelled by a message, which itself goes nowhere', async () => {
    sandbox.fault('execute:delay=60*forever')
    const flow = await load({ concurrency: 2 })
    const seen = collect(flow)
    const ending = run(flow, customers(100))
    await until(() => executed() > 3 || undefined)
    assert.deepEqual(await flow.receive('n', { cancel: true }), { sent: [] })
    const msg = sentOf(await ending)
    const done = msg['payload'].filter(({ ok }: Msg) => ok).length
    assert.ok(done >= 4 && done < 100)
    assert.equal(msg['payload'].length, 100)
    assert.deepEqual(msg['payload'][99].error.details, { index: 99, started: false })
    assert.equal(msg['cxone'].bulk.end, 'cancelled')
    assert.equal(seen.length, 1)
    await until(() => (flow.status('n')?.text === `cancelled, ${done}/100 done` ? true : undefined))
    assert.equal(records().length, 100)
  })

  it('are cancelled one by one where the message names one', async () => {
    sandbox.fault('execute:delay=30*forever')
    const flow = await load({ concurrency: 2, progress: 1 })
    const seen = collect(flow)
    const first = run(flow, customers(30), { topic: 'first' })
    const second = run(flow, customers(30), { topic: 'second' })
    const told = await until(() => seen.find(({ topic }) => topic === 'first'))
    await flow.receive('n', { cancel: true, cxone: { bulk: { id: told['cxone'].bulk.id } } })
    assert.equal(sentOf(await first)['cxone'].bulk.end, 'cancelled')
    assert.equal(sentOf(await second)['cxone'].bulk.end, 'finished')
    assert.deepEqual(await flow.receive('n', { cancel: true }), { sent: [] })
  })

  it('fail with ABORTED when the flow is stopped; every item has its record', async () => {
    sandbox.fault('execute:delay=40*forever')
    const flow = await load({ concurrency: 2 })
    const ending = run(flow, customers(40))
    await until(() => executed() > 3 || undefined)
    await flow.unload()
    assert.equal(failureOf(await ending).code, 'ABORTED')
    assert.equal(records().length, 40)
    assert.deepEqual(journals(), [])
  })

  describe('with a journal', () => {
    it('go on after a redeploy: nothing is done twice, and the message comes as if nothing had happened', async () => {
      sandbox.fault('execute:delay=40*forever')
      const before = await load({ journal: true, concurrency: 3 })
      const ending = run(before, customers(40), { topic: 'orders', note: { kept: true }, res: {} })
      await until(() => executed() > 5 || undefined)
      await before.unload()
      assert.deepEqual(await ending, { sent: [] })
      const done = records().length
      assert.ok(done > 2 && done < 40)
      assert.equal(journals().length, 1)

      const flow = await load({ journal: true, concurrency: 3 })
      const seen = collect(flow)
      const msg = await until(() => seen[0])
      assert.equal(msg['payload'].length, 40)
      assert.ok(
        msg['payload'].every(
          ({ ok, value }: Msg, n: number) => ok && value.customerId === `CUST-${1000 + n}`,
        ),
      )
      assert.deepEqual([msg['topic'], msg['note'], 'res' in msg], ['orders', { kept: true }, false])
      const { resumed, isFinal, total } = msg['cxone'].bulk
      assert.deepEqual([resumed, isFinal, total], [true, true, 40])
      assert.equal(msg['cxone'].execution.succeeded, 40)
      assert.equal(executed(), 40)
      await until(() => (journals().length === 0 ? true : undefined))
      assert.equal(records().length, 40)
      assert.equal(new Set(records().map(({ correlationId }) => correlationId as string)).size, 1)
    })

    it('look in the trail for records that a crash has cut off from the journal', async () => {
      sandbox.fault('execute:delay=40*forever')
      const before = await load({ journal: true, concurrency: 2 })
      const ending = run(before, customers(20))
      await until(() => (records().length > 5 ? true : undefined))
      await before.unload()
      await ending
      const written = records().length
      const path = join(userDir, 'cxone/bulk/n', journals()[0]!)
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
      // As if the process had died after the records, and before a result of item 19 had its record.
      const kept = lines.filter((line) => !line.startsWith('{"recorded"'))
      kept.push(JSON.stringify({ finished: 19, result: { ok: true, value: 'before' }, attempts: 1, ms: 1 }))
      writeFileSync(path, `${kept.join('\n')}\n{"finis`)

      const seen = collect(await load({ journal: true, concurrency: 2 }))
      const msg = await until(() => seen[0])
      assert.deepEqual(msg['payload'][19], { ok: true, value: 'before' })
      assert.ok(lines.length - kept.length >= written - 1)
      assert.deepEqual(
        records()
          .map(({ details }) => details.index as number)
          .toSorted((a, b) => a - b),
        Array.from({ length: 20 }, (_, n) => n),
      )
    })

    it('leave no journal when they end', async () => {
      const flow = await load({ journal: true })
      sentOf(await run(flow, customers(5)))
      await until(() => (journals().length === 0 ? true : undefined))
    })

    it('end with the node where it is deleted: ABORTED, one record an item, no journal', async () => {
      sandbox.fault('execute:delay=40*forever')
      const flow = await load({ journal: true, concurrency: 2 })
      const ending = run(flow, customers(30))
      await until(() => executed() > 3 || undefined)
      await flow.node('n').close(true)
      assert.equal(failureOf(await ending).code, 'ABORTED')
      assert.deepEqual(journals(), [])
      const indexes = records().map(({ details }) => details.index as number)
      assert.deepEqual([indexes.length, new Set(indexes).size], [30, 30])
    })

    it('write the record of the message for an empty list', async () => {
      const flow = await load({ journal: true })
      assert.deepEqual(sentOf(await run(flow, []))['payload'], [])
      assert.deepEqual([records().length, journals()], [1, []])
    })

    it('leave alone what cannot be read, say so, and go on with the others', async () => {
      sandbox.fault('execute:delay=40*forever')
      const before = await load({ journal: true, concurrency: 1 })
      const ending = run(before, customers(8))
      await until(() => executed() > 1 || undefined)
      await before.unload()
      await ending
      const folder = join(userDir, 'cxone/bulk/n')
      mkdirSync(join(folder, '0-folder.jsonl'))
      writeFileSync(join(folder, '0-text.jsonl'), 'hello\n')
      writeFileSync(join(folder, '0-null.jsonl'), '{"v":1,"id":"x","total":0}\nnull\n')
      const flow = await load({ journal: true })
      const seen = collect(flow)
      assert.equal((await until(() => seen[0]))['payload'].length, 8)
      await until(() => (journals().length === 3 ? true : undefined))
      for (const name of ['0-folder', '0-text', '0-null'])
        assert.match(flow.log(), new RegExp(`${name}.jsonl cannot be carried on`))
    })

    it('say so when their folder is none', async () => {
      mkdirSync(join(userDir, 'cxone/bulk'), { recursive: true })
      writeFileSync(join(userDir, 'cxone/bulk/n'), 'in the way')
      const flow = await load({ journal: true })
      await until(() => (/cannot be carried on: a part of the path/.test(flow.log()) ? true : undefined))
    })

    it('do not go on with another access', async () => {
      sandbox.fault('execute:delay=40*forever')
      const before = await load({ journal: true, concurrency: 1 })
      const ending = run(before, customers(20))
      await until(() => executed() > 1 || undefined)
      await before.unload()
      await ending
      const path = join(userDir, 'cxone/bulk/n', journals()[0]!)
      writeFileSync(path, readFileSync(path, 'utf8').replace('"target":"auth"', '"target":"auth-2"'))
      const done = records().length
      await delay(100) // what was in work at the end
      const sent = executed()
      const seen = collect(await load({ journal: true }))
      const msg = await until(() => seen[0])
      assert.equal(msg['payload'].filter(({ ok }: Msg) => ok).length, done)
      assert.equal(executed(), sent)
      assert.equal(msg['cxone'].bulk.end, 'cancelled')
    })

    it('do nothing when the journal cannot be written: JOURNAL_UNAVAILABLE', async () => {
      mkdirSync(join(userDir, 'cxone'))
      writeFileSync(join(userDir, 'cxone/bulk'), 'in the way')
      const flow = await load({ journal: true })
      const error = failureOf(await run(flow, customers(5)))
      assert.equal(error.code, 'JOURNAL_UNAVAILABLE')
      assert.equal(executed(), 0)
    })

    it('take no secret: INPUT_INVALID names the place, and nothing is written', async () => {
      const flow = await load({ journal: true })
      const error = failureOf(await run(flow, [...customers(1), { password: 'hunter2' }]))
      assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', 'msg.payload[1]'])
      assert.doesNotMatch(error.message, /hunter2/)
      assert.deepEqual([executed(), journals()], [0, []])
    })
  })

  describe('of cxone-request', () => {
    const list = { bulk: true, path: '/inContactAPI/services/v30.0/agents/{agentId}', pathType: 'str' }

    it('make one request an item, with its own parts or the shared ones', async () => {
      const flow = await load({ ...list, query: '{"fields":"agentId"}', queryType: 'json' }, 'cxone-request')
      const payload = [{ params: { agentId: '4600101' } }, { params: { agentId: 'none' } }, { parms: {} }, 7]
      const msg = sentOf(await flow.receive('n', { payload }))
      const [first, second, third, fourth] = msg['payload']
      assert.equal(first.ok, true, JSON.stringify(first))
      assert.equal(second.error.code, 'CXONE_NOT_FOUND')
      assert.deepEqual(
        [third.error.code, third.error.details.path],
        ['INPUT_INVALID', 'msg.payload[2].parms'],
      )
      assert.deepEqual([fourth.error.code, fourth.error.details.path], ['INPUT_INVALID', 'msg.payload[3]'])
      const { method, total, succeeded, failed } = msg['cxone'].request
      assert.deepEqual([method, total, succeeded, failed], ['GET', 4, 1, 3])
      assert.equal(records().length, 4)
    })

    it('fail one by one where what they share is wrong, and have their records', async () => {
      const flow = await load({ bulk: true, path: 'path', pathType: 'msg' }, 'cxone-request')
      const msg = sentOf(await flow.receive('n', { path: { toString: 1 }, payload: [{}, {}] }))
      assert.deepEqual(
        msg['payload'].map(({ error }: Msg) => error.code),
        ['INPUT_INVALID', 'INPUT_INVALID'],
      )
      assert.deepEqual(
        records().map(({ subject }) => subject as string),
        ['GET', 'GET'],
      )
    })

    it('want a list', async () => {
      const flow = await load(list, 'cxone-request')
      const error = failureOf(await flow.receive('n', { payload: { params: {} } }))
      assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', 'msg.payload'])
    })
  })

  it('fail with CONFIG_INVALID naming the wrong property', async () => {
    const wrong: [type: string, more: object, field: string][] = [
      ['action-execute', { stopOnError: 'perhaps' }, 'stopOnError'],
      ['action-execute', { progress: -1 }, 'progress'],
      ['action-execute', { journal: 3 }, 'journal'],
      ['cxone-request', { path: '/x', bulk: 'many' }, 'bulk'],
      ['cxone-request', { path: '/x', items: '{', itemsType: 'json' }, 'items'],
      ['cxone-request', { path: '/x', concurrency: 0 }, 'concurrency'],
    ]
    for (const [type, more, field] of wrong) {
      const flow = await load(more, type)
      const error = failureOf(await run(flow, []))
      assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', field])
      await unloadFlow()
    }
  })
})
