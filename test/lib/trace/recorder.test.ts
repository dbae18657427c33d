import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { AsyncResource } from 'node:async_hooks'
import { activeTrace } from '../../../lib/correlation/active-trace.ts'
import { newCorrelationId } from '../../../lib/correlation/correlation.ts'
import { ActiveJourneys } from '../../../lib/trace/active-journeys.ts'
import type { LiveTrace } from '../../../lib/trace/live-trace.ts'
import { LiveRecorder } from '../../../lib/trace/recorder.ts'
import { TraceRing } from '../../../lib/trace/ring.ts'
import type { HookNode } from '../../../lib/trace/runtime-hooks.ts'
import { Sampler } from '../../../lib/trace/sampler.ts'
import { TRACE_DEFAULTS, type TraceSettings } from '../../../lib/trace/settings.ts'
import { systemRandom } from '../../../lib/system.ts'
import { handClock } from '../../support/hand-clock.ts'
import { way } from '../../support/traces.ts'

interface Message {
  _msgid?: string
  [property: string]: unknown
}
type Handler = (msg: Message, send: (msg: Message) => void, done: (error?: Error) => void) => void

let ids = 0

/** Nodes in a row that send as the runtime does: its hooks in their order, deliveries in a later turn. */
class Row {
  readonly #recorder: LiveRecorder
  readonly #handlers: readonly (readonly [string, Handler | undefined])[]

  constructor(recorder: LiveRecorder, handlers: Readonly<Record<string, Handler | undefined>>) {
    this.#recorder = recorder
    this.#handlers = Object.entries(handlers)
  }

  send(from: string, msg: Message): void {
    const index = this.#handlers.findIndex(([id]) => id === from)
    const next = this.#handlers[index + 1]
    if (!next) return
    msg._msgid ??= `m${(ids += 1)}`
    const event = { msg, source: { node: nodeOf(from), port: 0 } }
    this.#recorder.sending([event])
    this.#recorder.delivering(event)
    setImmediate(() => this.receive(next[0], msg))
  }

  receive(id: string, msg: Message): void {
    msg._msgid ??= `m${(ids += 1)}`
    const event = { msg, destination: { node: nodeOf(id) } }
    this.#recorder.received(event)
    const handler = this.#handlers.find(([name]) => name === id)?.[1]
    handler?.(
      msg,
      (out) => this.send(id, out),
      (error) => this.#recorder.completed({ msg, node: { node: nodeOf(id) }, error }),
    )
    this.#recorder.handled(event)
  }
}

const nodeOf = (id: string): HookNode => ({ id, type: `type-${id}`, name: '', z: 'tab' })
const turns = async (count = 8): Promise<void> => {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve))
}
const passOn: Handler = (msg, send, done) => {
  send(msg)
  done()
}

describe('LiveRecorder', () => {
  let recorder: LiveRecorder
  let clock: ReturnType<typeof handClock>
  let ring: TraceRing

  function start(settings: Partial<TraceSettings> = {}, draws: readonly number[] = []): void {
    clock = handClock()
    const ports = { ...clock, now: () => 1_000_000 + clock.monotonic() }
    const active = new ActiveJourneys(clock)
    const left = [...draws]
    const random = { bytes: systemRandom.bytes, uniform: () => left.shift() ?? 0 }
    const { keep, keepMb, ...rest } = { ...TRACE_DEFAULTS, sample: 0.5, ...settings }
    ring = new TraceRing({ keep, maxBytes: keepMb * 1024 * 1024 }, (journey) => active.remove(journey))
    const sampler = new Sampler(rest, { clock: ports, random })
    recorder = new LiveRecorder({
      clock,
      sampler,
      active,
      ring,
      random,
      newId: newCorrelationId,
      placeOf: ({ id }) => ({ node: id, path: [], flow: 'tab' }),
      spans: undefined,
    })
  }

  afterEach(() => recorder.close())

  const traces = (): readonly LiveTrace[] => ring.all.map(({ trace }) => trace).reverse()
  const ways = (): readonly (readonly string[])[] => traces().map(({ path }) => way(path))

  it('decides once a message whether it is recorded', async () => {
    start({}, [0.7, 0.2, 0.9])
    const row = new Row(recorder, { in: undefined, a: passOn, b: passOn })
    for (let i = 0; i < 3; i += 1) row.send('in', {})
    await turns()
    assert.deepEqual(ways(), [['>in source', 'in>a', 'a>b']])
  })

  for (const [what, draws] of [
    ['both are recorded', [0, 0]],
    ['the one that opened it is not recorded', [0.9, 0]],
  ] as const) {
    it(`knows messages again on a socket that another message had opened, where ${what}`, async () => {
      start({}, draws)
      let socket: EventEmitter | undefined
      let context: AsyncResource | undefined
      const row = new Row(recorder, {
        in: undefined,
        query: (msg, send, done) => {
          socket ??= new EventEmitter()
          context ??= new AsyncResource('SOCKET')
          socket.once(msg._msgid!, () => {
            send(msg)
            done()
          })
        },
        end: passOn,
      })
      const [first, second]: Message[] = [{}, {}]
      row.send('in', first!)
      await turns()
      row.send('in', second!)
      await turns()
      // The answers come in the context of the message that opened the socket.
      context?.runInAsyncScope(() => socket?.emit(second!._msgid!))
      context?.runInAsyncScope(() => socket?.emit(first!._msgid!))
      await turns()
      const expected = ['>in source', 'in>query', 'query>end']
      assert.deepEqual(ways(), draws[0] === 0 ? [expected, expected] : [expected])
      for (const { path } of traces()) assert.ok(path.every(({ leftMs }) => leftMs !== undefined))
    })
  }

  it('begins a new trace with what a socket brings long after the message that had opened it', async () => {
    start({ sample: 1 })
    let context: AsyncResource | undefined
    const row = new Row(recorder, {
      socket: (_msg, _send, done) => {
        context ??= new AsyncResource('SOCKET')
        done()
      },
      end: passOn,
    })
    row.receive('socket', {})
    context?.runInAsyncScope(() => row.send('socket', { soon: true }))
    await turns()
    clock.pass(120_000)
    context?.runInAsyncScope(() => row.send('socket', { late: true }))
    await turns()
    assert.deepEqual(ways(), [
      ['>socket trigger', 'socket>end'],
      ['>socket source', 'socket>end'],
    ])
  })

  it('decides anew after ten minutes for a message that goes round, recorded or not', async () => {
    start({}, [0, 0.9, 0])
    let release: (() => void) | undefined
    const row = new Row(recorder, {
      wait: (msg, send, done) => {
        release = AsyncResource.bind(() => send(msg))
        done()
      },
      end: passOn,
    })
    const msg: Message = {}
    row.receive('wait', msg)
    for (let i = 0; i < 2; i += 1) {
      clock.pass(1_300_000)
      release?.()
      await turns()
    }
    assert.deepEqual(ways(), [['>wait trigger'], ['>wait source', 'wait>end']])
  })

  it('goes on with a message that a node held for minutes', async () => {
    start({ sample: 1 })
    let release: (() => void) | undefined
    const row = new Row(recorder, {
      wait: (msg, send, done) => {
        release = () => {
          send(msg)
          done()
        }
      },
      end: passOn,
    })
    row.receive('wait', {})
    clock.pass(300_000)
    release?.()
    await turns()
    assert.deepEqual(ways(), [['>wait trigger', 'wait>end']])
    assert.equal(traces()[0]?.path[0]?.leftMs, 300_000)
  })

  it('tells the work of a node which trace and span it is, also later, and nothing after it', async () => {
    start({ sample: 1 })
    const seen: unknown[] = []
    const row = new Row(recorder, {
      work: (_msg, _send, done) => {
        seen.push(activeTrace())
        setImmediate(() => {
          seen.push(activeTrace())
          done()
        })
      },
    })
    row.receive('work', {})
    assert.equal(activeTrace(), undefined)
    await turns()
    const { correlationId, span } = seen[0] as NonNullable<ReturnType<typeof activeTrace>>
    assert.equal(correlationId, traces()[0]?.correlationId)
    assert.match(span?.spanId ?? '', /^[0-9a-f]{16}$/)
    assert.equal(span?.isSampled, true)
    assert.deepEqual(seen[1], seen[0])
  })

  it('keeps a failed message from its beginning on, where all are recorded for that', async () => {
    start({ sample: 0, failed: true }, [0.5, 0.5])
    const row = new Row(recorder, {
      in: undefined,
      a: passOn,
      b: (msg, _send, done) => done(msg['bad'] ? new Error('Bearer abcdef123456 is bad') : undefined),
    })
    row.send('in', {})
    row.send('in', { bad: true })
    await turns()
    assert.deepEqual(ways(), [['>in source', 'in>a', 'a>b']])
    assert.equal(traces()[0]?.error?.message, 'Bearer [redacted] is bad')
  })

  it('keeps no more than its part of the memory', async () => {
    start({ sample: 1, keepMb: 1 })
    const row = new Row(recorder, {
      in: undefined,
      grow: (msg, send, done) => {
        msg['list'] = Array.from({ length: 15 }, (_, i) => `${i}`.repeat(4000).slice(0, 4000))
        send(msg)
        done()
      },
      end: passOn,
    })
    for (let i = 0; i < 40; i += 1) {
      row.send('in', {})
      await turns(4)
    }
    const bytes = JSON.stringify(traces()).length * 2
    assert.ok(traces().length > 2 && traces().length < 40, `${traces().length} traces`)
    assert.ok(bytes <= 1.1 * 1024 * 1024, `${bytes} bytes`)
  })

  it('leaves no timer behind', async () => {
    start({ sample: 1 })
    const row = new Row(recorder, { in: undefined, end: passOn })
    row.send('in', {})
    await turns()
    recorder.close()
    assert.equal(clock.timers, 0)
    assert.equal(traces().length, 1)
  })

  it('survives messages of every kind', async () => {
    start({ sample: 1 })
    const circular: Message = {}
    circular['self'] = circular
    const trap = new Proxy({}, { get: () => assert.fail('touched'), ownKeys: () => assert.fail('touched') })
    const strange: Message[] = [
      circular,
      { payload: undefined },
      { payload: Buffer.alloc(100_000) },
      { req: null, headers: 7, cxone: 'text' },
      { payload: trap },
      { payload: 'x'.repeat(1_000_000) },
      Object.freeze({ _msgid: 'frozen' }),
    ]
    const row = new Row(recorder, { in: undefined, a: passOn, end: passOn })
    for (const msg of strange) row.send('in', msg)
    await turns()
    assert.equal(traces().length, strange.length)
    for (const trace of traces()) assert.equal(trace.hops, 3)
    JSON.stringify(traces())
  })
})
