import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { AuditEntry, AuditTrail } from '../../lib/audit/entry.ts'
import type * as Errors from '../../lib/errors.ts'
import type * as MetricsModule from '../../lib/metrics/metrics.ts'
import type * as AdminRoute from '../../nodes/adapter/admin-route.ts'
import type * as ConfigNode from '../../nodes/adapter/config-node.ts'
import type * as OnInput from '../../nodes/adapter/on-input.ts'
import { StatusWriter } from '../../nodes/adapter/status.ts'
import type * as TypedInput from '../../nodes/adapter/typed-input.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type Ending, type LoadedFlow, type Msg } from './harness.ts'

// The built adapter: config nodes and their users must share one copy of it.
const require = createRequire(resolve('package.json'))
const built = (path: string): unknown => require(resolve('dist', path))
const { onInput, toPaletteError } = built('nodes/adapter/on-input.js') as typeof OnInput
const { provide, useConfig } = built('nodes/adapter/config-node.js') as typeof ConfigNode
const { typedReader, typedWriter } = built('nodes/adapter/typed-input.js') as typeof TypedInput
const { adminRoute } = built('nodes/adapter/admin-route.js') as typeof AdminRoute
const { PaletteError, configError, inputError } = built('lib/errors.js') as typeof Errors
const { processMetrics } = built('lib/metrics/metrics.js') as typeof MetricsModule

type Handler = OnInput.Handler
type Setup = (
  RED: any,
  node: any,
  def: any,
) => Handler | OnInput.Prepared | Promise<Handler | OnInput.Prepared>

/** A throwaway node `probe` whose set-up a test gives. */
const probe =
  (setup: Setup) =>
  (RED: any): void => {
    RED.nodes.registerType('probe', function Probe(this: any, def: any) {
      RED.nodes.createNode(this, def)
      onInput(RED, this, def, async () => setup(RED, this, def))
    })
  }

const run = (setup: Setup, def: object = {}): Promise<LoadedFlow> =>
  loadFlow([{ id: 'n', type: 'probe', ...def }], { extra: { probe: probe(setup) } })

/** A throwaway audit-trail that keeps what is written, and does as it is told. */
function fakeTrail(behave: { fail?: boolean; lose?: boolean } = {}): {
  entries: AuditEntry[]
  log: string[]
  register: (RED: any) => void
} {
  const entries: AuditEntry[] = []
  const log: string[] = []
  const trail: AuditTrail = {
    write(entry) {
      if (behave.fail) return Promise.reject(new PaletteError('AUDIT_UNAVAILABLE', 'the disk is full'))
      if (behave.lose) return Promise.resolve({ lost: true, reason: 'the disk is full' })
      entries.push(entry)
      return Promise.resolve({ id: `id-${entries.length}`, seq: entries.length })
    },
    retain: () => {
      log.push('retained')
      return () => void log.push('released')
    },
  }
  const register = (RED: any): void => {
    RED.nodes.registerType('audit-trail', function Trail(this: any, def: any) {
      RED.nodes.createNode(this, def)
      provide(this, () => Promise.resolve({ value: trail }))
    })
  }
  return { entries, log, register }
}

const withTrail = (setup: Setup, trail: ReturnType<typeof fakeTrail>): Promise<LoadedFlow> =>
  loadFlow(
    [
      { id: 'trail', type: 'audit-trail' },
      { id: 'n', type: 'probe', audit: 'trail' },
    ],
    { extra: { probe: probe(setup), 'audit-trail': trail.register } },
  )

const settled = async (flow: LoadedFlow, text: string): Promise<void> => {
  await until(
    () => (flow.status('n')?.text === text ? true : undefined),
    () => JSON.stringify(flow.statuses('n')),
    3000,
  )
}

describe('the adapter of flow nodes', () => {
  const unhandled: unknown[] = []
  const collect = (reason: unknown): void => void unhandled.push(reason)
  before(() => void process.on('unhandledRejection', collect))
  after(() => void process.off('unhandledRejection', collect))
  afterEach(async () => {
    await unloadFlow()
    await turn()
    assert.deepEqual(unhandled.splice(0), [])
  })

  describe('set-up', () => {
    for (const [what, setup] of [
      [
        'throws',
        () => {
          throw configError('path', 'Property `path`: wrong')
        },
      ],
      [
        'rejects later',
        async () => {
          await turn()
          throw configError('path', 'Property `path`: wrong')
        },
      ],
    ] as [string, Setup][]) {
      it(`that ${what} shows red and fails each message`, async () => {
        const flow = await run(setup)
        for (let n = 0; n < 2; n += 1) {
          const error = failureOf(await flow.receive('n'))
          assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', 'path'])
        }
        assert.deepEqual(flow.statuses('n'), [{ fill: 'red', shape: 'ring', text: 'CONFIG_INVALID: path' }])
      })
    }

    it('that fails by a defect says so, without its secrets', async () => {
      const flow = await run(() => {
        throw new TypeError('cannot read password=hunter2')
      })
      const error = failureOf(await flow.receive('n'))
      assert.equal(error.code, 'INTERNAL_ERROR')
      assert.equal(error.message, 'Unexpected failure: cannot read password=[redacted]')
    })

    it('lets messages wait for it, in their order', async () => {
      let ready = (): void => undefined
      const seen: unknown[] = []
      const flow = await run(async () => {
        await new Promise<void>((done) => (ready = done))
        return (msg) => {
          seen.push(msg['payload'])
          return msg
        }
      })
      const ends = [1, 2, 3].map((payload) => flow.receive('n', { payload }))
      await turn()
      assert.deepEqual(seen, [])
      ready()
      await Promise.all(ends)
      assert.deepEqual(seen, [1, 2, 3])
    })

    it('runs once', async () => {
      let runs = 0
      const flow = await run(() => {
        runs += 1
        return (msg) => msg
      })
      await Promise.all([flow.receive('n'), flow.receive('n')])
      assert.equal(runs, 1)
    })

    it('shows that the node is ready', async () => {
      const flow = await run(() => (msg) => msg)
      await settled(flow, 'ready')
      assert.deepEqual(flow.status('n'), { fill: 'green', shape: 'dot', text: 'ready' })
    })
  })

  describe('a message', () => {
    it('is sent on as the same object', async () => {
      const flow = await run(() => (msg) => {
        msg.payload = 'done'
        return msg
      })
      const given = { payload: 'x', req: { socket: {} }, topic: 't' }
      const msg = sentOf(await flow.receive('n', given))
      assert.equal(msg, given)
      assert.deepEqual([msg['payload'], msg['topic']], ['done', 't'])
    })

    it('goes to the output that the handler chose', async () => {
      const flow = await run(() => (msg) => (msg['ok'] ? [msg, null] : [null, msg]), { wires: [[], []] })
      const [yes, no] = [await flow.receive('n', { ok: true }), await flow.receive('n', {})]
      assert.ok('sent' in yes && yes.sent[0] && !yes.sent[1])
      assert.ok('sent' in no && !no.sent[0] && no.sent[1])
    })

    it('that fails gives its code to a Catch node, and shows red', async () => {
      const flow = await run(() => () => {
        throw new PaletteError('CXONE_NOT_FOUND', 'no such action', {
          details: { status: 404 },
          cause: new Error('why'),
        })
      })
      const error = failureOf(await flow.receive('n'))
      assert.equal(error.code, 'CXONE_NOT_FOUND')
      await until(() => flow.caught[0])
      assert.equal(flow.caught[0]!['code'], 'CXONE_NOT_FOUND')
      assert.match(flow.caught[0]!['message'], /no such action/)
      assert.ok(flow.caught[0]!['cause'])
      assert.deepEqual(flow.caught[0]!['cxone'].error, {
        code: 'CXONE_NOT_FOUND',
        message: 'no such action',
        details: { status: 404 },
      })
      await settled(flow, 'CXONE_NOT_FOUND')
      assert.equal(flow.status('n')?.fill, 'red')
    })

    for (const [what, thrown] of [
      ['a text', 'boom'],
      ['nothing', undefined],
      ['null', null],
      ['a symbol', Symbol('boom')],
      ['an object without prototype', Object.create(null)],
      ['an error without message', new Error('')],
      [
        'an error with a strange code',
        Object.assign(new Error('x'), { code: Object.create(null), details: 1 }),
      ],
    ] as [string, unknown][]) {
      it(`whose handler throws ${what} fails with INTERNAL_ERROR`, async () => {
        const flow = await run(() => () => {
          throw thrown
        })
        assert.equal(failureOf(await flow.receive('n')).code, 'INTERNAL_ERROR')
        assert.equal(sentOrCode(await flow.receive('n')), 'INTERNAL_ERROR')
      })
    }

    it('whose handler is aborted from within fails with ABORTED', () => {
      assert.equal(toPaletteError(new DOMException('stop', 'AbortError')).code, 'ABORTED')
    })
  })

  describe('the correlation id', () => {
    const id = '0190b7a0-5c1e-7000-8000-0d4c1b2a3f4e'

    it('is made for a message that has none, and given to the handler', async () => {
      let given = ''
      const flow = await run(() => (msg, context) => {
        given = context.correlationId
        return msg
      })
      const msg = sentOf(await flow.receive('n'))
      assert.match(given, /^[0-9a-f-]{14}7/)
      assert.equal(msg['cxone'].correlationId, given)
    })

    it('is kept, in lower case, beside what other steps wrote', async () => {
      const flow = await run(() => (msg) => msg)
      const msg = sentOf(
        await flow.receive('n', { cxone: { uuid: { count: 1 }, correlationId: id.toUpperCase() } }),
      )
      assert.deepEqual(msg['cxone'], { uuid: { count: 1 }, correlationId: id })
    })

    for (const [cxone, path] of [
      [{ correlationId: 'x' }, 'msg.cxone.correlationId'],
      [{ correlationId: 7 }, 'msg.cxone.correlationId'],
      ['text', 'msg.cxone'],
      [[], 'msg.cxone'],
      [null, 'msg.cxone'],
    ] as const) {
      it(`is refused in ${JSON.stringify(cxone)}`, async () => {
        const flow = await run(() => (msg) => msg)
        const error = failureOf(await flow.receive('n', { cxone }))
        assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', path])
      })
    }
  })

  describe('closing', () => {
    it('aborts what is in work, waits for it, and sends nothing late', async () => {
      const order: string[] = []
      let started = (): void => undefined
      const inWork = new Promise<void>((done) => (started = done))
      const flow = await run(() => ({
        handle: async (msg, { signal }) => {
          started()
          await new Promise<void>((done) => signal.addEventListener('abort', () => done()))
          await turn()
          order.push('handled')
          return msg
        },
        close: () => void order.push('closed'),
      }))
      const end = flow.receive('n')
      await inWork
      await flow.unload()
      assert.equal(sentOrCode(await end), 'ABORTED')
      assert.deepEqual(order, ['handled', 'closed'])
    })

    it('refuses messages that come after it, before the handler sees them', async () => {
      let seen = 0
      const flow = await run(() => (msg) => {
        seen += 1
        return msg
      })
      const input = flow.node('n')._inputCallback
      await flow.unload()
      const code = await new Promise((end) => {
        input(
          {},
          () => end('sent'),
          (error?: { code: string }) => end(error?.code),
        )
      })
      assert.deepEqual([code, seen], ['ABORTED', 0])
    })

    it('is not stopped by a close that fails, nor by a set-up that did', async () => {
      const flow = await run(() => ({ handle: (msg) => msg, close: () => Promise.reject(new Error('no')) }))
      await flow.receive('n')
      await flow.unload()
      const failing = await run(() => Promise.reject(new Error('no')))
      await failing.unload()
    })
  })

  describe('the audit record', () => {
    it('is written once for a message that was worked, with what the handler told', async () => {
      const trail = fakeTrail()
      const flow = await withTrail(
        () => (msg, context) => {
          context.audit({ subject: 'lookup', attempts: 2 })
          context.audit({ details: { status: 200 } })
          return msg
        },
        trail,
      )
      const msg = sentOf(await flow.receive('n'))
      const [entry, ...more] = trail.entries
      assert.equal(more.length, 0)
      assert.deepEqual(
        { ...entry, latencyMs: 0 },
        {
          eventType: 'probe',
          status: 'SUCCESS',
          correlationId: msg['cxone'].correlationId,
          flow: 'tab',
          node: 'n',
          subject: 'lookup',
          latencyMs: 0,
          attempts: 2,
          details: { status: 200 },
        },
      )
      assert.ok((entry?.latencyMs ?? -1) >= 0)
    })

    it('tells the attempts and the time without waits, of a failure too', async () => {
      const trail = fakeTrail()
      const flow = await withTrail(
        () => (msg, context) => {
          if (msg['fail'])
            throw new PaletteError('TIMEOUT', 'late', { details: { attempts: 4, latencyMs: 12.5 } })
          context.audit({ attempts: 2, latencyMs: 7.25 })
          return msg
        },
        trail,
      )
      sentOf(await flow.receive('n'))
      failureOf(await flow.receive('n', { fail: true }))
      assert.deepEqual(
        trail.entries.map(({ attempts, latencyMs }) => [attempts, latencyMs]),
        [
          [2, 7.25],
          [4, 12.5],
        ],
      )
    })

    it('is written before the message is sent', async () => {
      const order: string[] = []
      const trail = fakeTrail()
      const flow = await withTrail(() => (msg) => msg, {
        ...trail,
        register: (RED) => {
          RED.nodes.registerType('audit-trail', function Trail(this: any, def: any) {
            RED.nodes.createNode(this, def)
            const write = async (): Promise<object> => {
              await turn()
              order.push('written')
              return { id: 'x', seq: 1 }
            }
            provide(this, () => Promise.resolve({ value: { write, retain: () => () => undefined } }))
          })
        },
      })
      await flow.receive('n')
      order.push('sent')
      assert.deepEqual(order, ['written', 'sent'])
    })

    it('is written once for a message that failed, with code and facts', async () => {
      const trail = fakeTrail()
      const flow = await withTrail(
        () => (_msg, context) => {
          context.audit({ subject: 'x.example', details: { tries: 1 } })
          throw new PaletteError('DNS_NXDOMAIN', 'no such name', { details: { domain: 'x.example' } })
        },
        trail,
      )
      failureOf(await flow.receive('n'))
      assert.equal(trail.entries.length, 1)
      assert.deepEqual([trail.entries[0]?.status, trail.entries[0]?.subject], ['FAILED', 'x.example'])
      assert.deepEqual(trail.entries[0]?.details, {
        tries: 1,
        error: { code: 'DNS_NXDOMAIN', message: 'no such name', details: { domain: 'x.example' } },
      })
    })

    it('is written for a message that was wrong, and for a set-up that failed', async () => {
      const trail = fakeTrail()
      const flow = await withTrail(
        () => () => {
          throw configError('path', 'wrong')
        },
        trail,
      )
      failureOf(await flow.receive('n'))
      failureOf(await flow.receive('n', { cxone: { correlationId: { toString: null } } }))
      assert.deepEqual(
        trail.entries.map(({ status, correlationId }) => [status, correlationId === '']),
        [
          ['FAILED', false],
          ['FAILED', true],
        ],
      )
    })

    it('that cannot be written stops the message', async () => {
      const flow = await withTrail(() => (msg) => msg, fakeTrail({ fail: true }))
      assert.equal(failureOf(await flow.receive('n')).code, 'AUDIT_UNAVAILABLE')
      await settled(flow, 'AUDIT_UNAVAILABLE')
    })

    it('that cannot be written does not hide why the message failed', async () => {
      const flow = await withTrail(
        () => () => {
          throw inputError('msg.payload', 'wrong')
        },
        fakeTrail({ fail: true }),
      )
      const error = failureOf(await flow.receive('n'))
      assert.deepEqual(
        [error.code, error.details],
        ['INPUT_INVALID', { path: 'msg.payload', audit: 'the disk is full' }],
      )
    })

    it('that is lost lets the message pass and shows yellow', async () => {
      const flow = await withTrail(() => (msg) => msg, fakeTrail({ lose: true }))
      sentOf(await flow.receive('n'))
      await settled(flow, 'audit record lost')
      assert.equal(flow.status('n')?.fill, 'yellow')
    })

    it('keeps the trail open until the node is closed', async () => {
      const trail = fakeTrail()
      const flow = await withTrail(() => (msg) => msg, trail)
      await flow.receive('n')
      assert.deepEqual(trail.log, ['retained'])
      await flow.unload()
      assert.deepEqual(trail.log, ['retained', 'released'])
    })

    it('is wanted from a trail that is not there: CONFIG_INVALID', async () => {
      for (const audit of ['nobody', 'caught']) {
        const flow = await run(() => (msg) => msg, { audit })
        const error = failureOf(await flow.receive('n'))
        assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', 'audit'])
        await flow.unload()
      }
    })
  })

  describe('metrics', () => {
    it('count what was sent and what failed, and nothing stays in flight', async () => {
      const flow = await run(
        () => (msg) => {
          if (msg['bad']) throw inputError('msg.bad', 'wrong')
          return msg
        },
        { id: 'counted' },
      )
      for (const bad of [false, true, false]) await flow.receive('counted', { bad })
      const text = await processMetrics.text()
      assert.match(text, /cxone_node_messages_total\{type="probe",node="counted",code=""\} 2\n/)
      assert.match(text, /cxone_node_messages_total\{type="probe",node="counted",code="INPUT_INVALID"\} 1\n/)
      assert.match(text, /cxone_node_in_flight\{type="probe",node="counted"\} 0\n/)
      assert.match(text, /cxone_node_duration_seconds_count\{type="probe",node="counted"\} 3\n/)
    })
  })

  describe('the status', () => {
    it('shows the summary of the last message, and what is not as it should be', async () => {
      const flow = await run(() => (msg, context) => {
        context.summary(String(msg.payload), msg['stale'] ? 'degraded' : 'ready')
        return msg
      })
      await flow.receive('n', { payload: 'one' })
      await flow.receive('n', { payload: 'two', stale: true })
      await settled(flow, 'two')
      assert.deepEqual(flow.status('n'), { fill: 'yellow', shape: 'ring', text: 'two' })
      await flow.receive('n', { payload: 'three' })
      await settled(flow, 'three')
      assert.deepEqual(flow.status('n'), { fill: 'green', shape: 'dot', text: 'three' })
    })

    it('shows progress, trouble on the way, and that a long message is in work', async () => {
      let go = (): void => undefined
      const flow = await run(() => async (msg, context) => {
        if (msg['quiet']) {
          await new Promise<void>((done) => (go = done))
          return msg
        }
        context.progress(3, 8)
        await settled(flow, '3/8')
        context.degraded('retry 2')
        await settled(flow, 'retry 2')
        return msg
      })
      await flow.receive('n')
      const end = flow.receive('n', { quiet: true })
      await settled(flow, 'working')
      assert.deepEqual(flow.status('n'), { fill: 'blue', shape: 'dot', text: 'working' })
      go()
      await end
      await settled(flow, 'done')
      const seen = flow.statuses('n').map(({ fill, text }) => `${fill} ${text}`)
      assert.ok(seen.includes('blue 3/8') && seen.includes('yellow retry 2'), seen.join(', '))
    })
  })
})

describe('StatusWriter', () => {
  const make = (): { shown: string[]; pass: () => void; timers: () => number; writer: StatusWriter } => {
    const shown: string[] = []
    const timers = new Set<() => void>()
    const writer = new StatusWriter(
      { status: (status: any) => void shown.push(status.text) },
      (ms, callback) => {
        assert.equal(ms, 250, 'four a second')
        timers.add(callback)
        return () => void timers.delete(callback)
      },
    )
    const pass = (): void => {
      for (const timer of [...timers]) {
        timers.delete(timer)
        timer()
      }
    }
    return { shown, pass, timers: () => timers.size, writer }
  }

  it('shows the first state at once and of many within 250 ms the last', () => {
    const { shown, pass, writer } = make()
    for (const text of ['a', 'b', 'c', 'd']) writer.set('ready', text)
    assert.deepEqual(shown, ['a'])
    pass()
    assert.deepEqual(shown, ['a', 'd'])
  })

  it('never shows more than one an interval, and always ends with the last', () => {
    const { shown, pass, writer } = make()
    for (let interval = 0; interval < 10; interval += 1) {
      for (let n = 0; n < 100; n += 1) writer.set('busy', `${interval}/${n}`)
      pass()
    }
    pass()
    assert.ok(shown.length <= 12, `${shown.length}`)
    assert.equal(shown.at(-1), '9/99')
  })

  it('does not show the same state twice, and runs no timer when nothing changes', () => {
    const { shown, pass, timers, writer } = make()
    for (let n = 0; n < 5; n += 1) {
      writer.set('ready', 'done')
      pass()
    }
    assert.deepEqual(shown, ['done'])
    assert.equal(timers(), 0)
  })

  it('shows nothing once it is closed', () => {
    const { shown, pass, timers, writer } = make()
    writer.set('ready', 'a')
    writer.set('ready', 'b')
    writer.close()
    writer.set('failed', 'c')
    pass()
    assert.deepEqual(shown, ['a'])
    assert.equal(timers(), 0)
  })
})

describe('config nodes', () => {
  afterEach(unloadFlow)

  // The harness knows the types of config nodes by name.
  const load = (setup: () => Promise<ConfigNode.Provided<unknown>>, def: object = {}): Promise<LoadedFlow> =>
    loadFlow(
      [
        { id: 'c', type: 'audit-trail', name: 'mine', ...def },
        { id: 'n', type: 'probe', use: 'c' },
      ],
      {
        extra: {
          'audit-trail': (RED) => {
            RED.nodes.registerType('audit-trail', function Config(this: any, stored: any) {
              RED.nodes.createNode(this, stored)
              provide(this, setup)
            })
          },
          probe: probe(async (RED, _node, stored) => {
            const value = await useConfig(RED, stored.use, 'audit-trail', 'use')
            return (msg) => Object.assign(msg, { payload: value })
          }),
        },
      },
    )

  it('give their value to their users, once it is there, and free it on close', async () => {
    let closed = 0
    const flow = await load(async () => {
      await turn()
      return { value: 'shared', close: () => void (closed += 1) }
    })
    assert.equal(sentOf(await flow.receive('n'))['payload'], 'shared')
    assert.equal(closed, 0)
    await flow.unload()
    assert.equal(closed, 1)
  })

  it('that are wrong fail their users with their own name and reason, and tell the log', async () => {
    const flow = await load(() => Promise.reject(configError('path', 'Property `path`: wrong')))
    const error = failureOf(await flow.receive('n'))
    assert.equal(error.code, 'CONFIG_INVALID')
    assert.equal(error.message, 'audit-trail "mine": Property `path`: wrong')
    assert.deepEqual(error.details, { field: 'path', configNode: 'c' })
    assert.match(flow.log(), /Property `path`: wrong/)
  })

  it('that are not there, or of another type, are CONFIG_INVALID', async () => {
    for (const [id, reason] of [
      ['', /choose a audit-trail node|choose an audit-trail node/],
      ['nobody', /is missing or disabled/],
      ['n', /is no audit-trail node/],
    ] as const) {
      const flow = await loadFlow([{ id: 'n', type: 'probe' }], {
        extra: {
          probe: probe(async (RED) => {
            await turn()
            await useConfig(RED, id, 'audit-trail', 'use')
            return (msg) => msg
          }),
        },
      })
      const error = failureOf(await flow.receive('n'))
      assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', 'use'])
      assert.match(error.message, reason)
      await flow.unload()
    }
  })
})

describe('typed inputs', () => {
  afterEach(unloadFlow)

  const read = async (typed: { type: string; value: string }, msg: Msg = {}): Promise<Ending> => {
    const flow = await run((RED, node) => {
      node.context().flow.set('place', 'from the flow')
      node.context().global.set('place', { deep: 'from global' })
      const reader = typedReader(RED, node, { x: typed as never })
      return async (given) => Object.assign(given, { result: (await reader(given)).x })
    })
    return flow.receive('n', msg)
  }

  for (const [typed, expected] of [
    [{ type: 'str', value: 'text' }, 'text'],
    [{ type: 'num', value: '7.5' }, 7.5],
    [{ type: 'bool', value: 'true' }, true],
    [{ type: 'json', value: '{"a":[1]}' }, { a: [1] }],
    [{ type: 'msg', value: 'payload.list[1]' }, 'b'],
    [{ type: 'msg', value: 'nothing.below.here' }, undefined],
    [{ type: 'flow', value: 'place' }, 'from the flow'],
    [{ type: 'global', value: 'place.deep' }, 'from global'],
    [{ type: 'env', value: 'CXONE_TEST_PLACE' }, 'from the environment'],
    [{ type: 'jsonata', value: '$uppercase(payload.list[0])' }, 'A'],
  ] as const) {
    it(`read ${typed.type}:${typed.value}`, async () => {
      process.env['CXONE_TEST_PLACE'] = 'from the environment'
      try {
        const msg = sentOf(await read(typed, { payload: { list: ['a', 'b'] } }))
        assert.deepEqual(msg['result'], expected)
      } finally {
        delete process.env['CXONE_TEST_PLACE']
      }
    })
  }

  it('give a fresh copy of JSON each time', async () => {
    const flow = await run((RED, node) => {
      const reader = typedReader(RED, node, { x: { type: 'json', value: '{"n":1}' } })
      return async (msg) => Object.assign(msg, { result: (await reader(msg)).x })
    })
    sentOf(await flow.receive('n'))['result'].n = 2
    assert.deepEqual(sentOf(await flow.receive('n'))['result'], { n: 1 })
  })

  it('whose path or expression is wrong are CONFIG_INVALID', async () => {
    for (const typed of [
      { type: 'msg', value: 'a[' },
      { type: 'jsonata', value: '(' },
    ]) {
      const error = failureOf(await read(typed))
      assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', 'x'])
      await unloadFlow()
    }
  })

  it('whose expression fails for a message are INPUT_INVALID', async () => {
    const error = failureOf(await read({ type: 'jsonata', value: '$uppercase(payload)' }, { payload: 7 }))
    assert.deepEqual([error.code, error.details['path']], ['INPUT_INVALID', 'x'])
  })

  it('write a result to the message, the flow and the global context', async () => {
    for (const type of ['msg', 'flow', 'global'] as const) {
      const flow = await run((RED, node) => {
        const write = typedWriter(RED, node, 'out', { type, value: 'made.here' })
        const reader = typedReader(RED, node, { x: { type, value: 'made.here' } })
        return async (msg) => {
          await write(msg, 42)
          return Object.assign(msg, { result: (await reader(msg)).x })
        }
      })
      assert.equal(sentOf(await flow.receive('n'))['result'], 42, type)
      await flow.unload()
    }
  })
})

describe('admin routes', () => {
  afterEach(unloadFlow)

  const load = (handler: (request: any) => Promise<unknown>): Promise<LoadedFlow> =>
    loadFlow([{ id: 'n', type: 'probe' }], {
      extra: {
        probe: (RED) => {
          adminRoute(RED, 'post', '/cxone/probe/:id', 'cxone.read', handler)
          probe(() => (msg) => msg)(RED)
        },
      },
    })

  it('answer an object as JSON and text as text', async () => {
    const flow = await load((request) =>
      Promise.resolve(request.params.id === 'text' ? 'plain' : { id: request.params.id }),
    )
    const json = await flow.request().post('/cxone/probe/a')
    assert.deepEqual([json.status, json.body], [200, { id: 'a' }])
    const text = await flow.request().post('/cxone/probe/text')
    assert.deepEqual([text.status, text.type, text.text], [200, 'text/plain', 'plain'])
  })

  it('answer a failure with its code, message and details', async () => {
    const flow = await load(() => Promise.reject(configError('path', 'wrong')))
    const { status, body } = await flow.request().post('/cxone/probe/a')
    assert.deepEqual(
      [status, body],
      [400, { code: 'CONFIG_INVALID', message: 'wrong', details: { field: 'path' } }],
    )
  })
})

const sentOrCode = (end: Ending): string => ('error' in end ? end.error.code : 'sent')
