import assert from 'node:assert/strict'
import { successAnswer } from '../../../lib/endpoint/answer.ts'
import { Deadlines } from '../../../lib/endpoint/deadlines.ts'
import { Exchange, Exchanges } from '../../../lib/endpoint/exchange.ts'
import { RateWindow } from '../../../lib/endpoint/rate-window.ts'
import { BodyBudget } from '../../../lib/endpoint/read-body.ts'
import { Replays } from '../../../lib/endpoint/replays.ts'
import { abortedError } from '../../../lib/errors.ts'
import { handClock } from '../../support/hand-clock.ts'

describe('deadlines of an endpoint', () => {
  it('fall due in order, with one timer for all', () => {
    const clock = handClock()
    const deadlines = new Deadlines(clock)
    const expired: number[] = []
    const due = (dueAt: number) => ({ dueAt, expire: () => void expired.push(dueAt) })
    const taken = due(120)
    for (const each of [due(100), taken, due(150), due(150.4)]) deadlines.add(each)
    assert.equal(clock.timers, 1)
    deadlines.delete(taken)
    clock.pass(99)
    assert.deepEqual(expired, [])
    clock.pass(1)
    assert.deepEqual(expired, [100])
    clock.pass(51)
    assert.deepEqual(expired, [100, 150, 150.4])
    assert.equal(clock.timers, 0)
  })

  it('go on with what is added later, and end when closed', () => {
    const clock = handClock()
    const deadlines = new Deadlines(clock)
    let expired = 0
    const due = (dueAt: number) => ({ dueAt, expire: () => void (expired += 1) })
    deadlines.add(due(10))
    clock.pass(10)
    deadlines.add(due(20))
    clock.pass(10)
    assert.equal(expired, 2)
    deadlines.add(due(30))
    deadlines.close()
    clock.pass(100)
    assert.deepEqual([expired, clock.timers], [2, 0])
  })
})

describe('kept answers', () => {
  const answer = successAnswer('1')

  it('are forgotten after their time', () => {
    const clock = handClock()
    const replays = new Replays(1000, clock)
    replays.set('a', 'f', answer)
    clock.pass(999)
    assert.equal(replays.get('a')?.answer, answer)
    clock.pass(1)
    assert.equal(replays.get('a'), undefined)
  })

  it('are bounded in number: the oldest goes first', () => {
    const replays = new Replays(1000, handClock())
    for (let i = 0; i < 10_001; i++) replays.set(String(i), 'f', answer)
    assert.equal(replays.get('0'), undefined)
    assert.ok(replays.get('1') && replays.get('10000'))
  })

  it('are bounded in bytes, and one that is larger alone is not kept', () => {
    const replays = new Replays(1000, handClock())
    const large = successAnswer(`"${'x'.repeat(6 * 1024 * 1024)}"`)
    for (const key of ['a', 'b', 'c']) replays.set(key, 'f', large)
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => replays.get(key) !== undefined),
      [false, true, true],
    )
    replays.set('huge', 'f', successAnswer(`"${'x'.repeat(20 * 1024 * 1024)}"`))
    assert.equal(replays.get('huge'), undefined)
    assert.ok(replays.get('c'))
  })
})

describe('the rate of an endpoint', () => {
  it('is never above the limit in any minute', () => {
    const clock = handClock()
    const window = new RateWindow(2, clock)
    assert.equal(window.tryTake(), 0)
    clock.pass(30_000)
    assert.deepEqual([window.tryTake(), window.tryTake()], [0, 30_000])
    clock.pass(30_000)
    assert.deepEqual([window.tryTake(), window.tryTake()], [0, 30_000])
  })
})

describe('the budget of bodies', () => {
  it('gives what is left, and takes it back', () => {
    const budget = new BodyBudget(10)
    assert.deepEqual(
      [budget.take(8), budget.take(3), budget.take(2), budget.take(1)],
      [true, false, true, false],
    )
    budget.give(8)
    assert.equal(budget.take(8), true)
  })
})

describe('an exchange', () => {
  const facts = { id: 'e', correlationId: 'c', deadline: 0, isSimulated: false }

  it('is answered once, by whoever comes first', () => {
    const answers: unknown[] = []
    const exchange = new Exchange(facts, (_, answer) => answers.push(answer?.status))
    assert.deepEqual(
      [
        exchange.answer(successAnswer('1')),
        exchange.fail(new Error('x')),
        exchange.answer(successAnswer('2')),
      ],
      [true, false, false],
    )
    exchange.abort(abortedError('x'))
    exchange.release()
    assert.deepEqual(answers, [200])
  })

  it('stops what is in work when it is aborted, but not what has let go', () => {
    const exchange = new Exchange(facts, () => undefined)
    const stopped: string[] = []
    exchange.onStop(() => stopped.push('a'))
    exchange.onStop(() => stopped.push('b'))()
    exchange.abort(abortedError('x'))
    exchange.abort(abortedError('x'))
    assert.deepEqual(stopped, ['a'])
  })

  it('is found by its id in the message, or else by the id of the message', () => {
    const exchanges = new Exchanges()
    const exchange = new Exchange(facts, () => undefined)
    assert.equal(exchanges.of({ _msgid: 'e' }), undefined)
    exchanges.add(exchange)
    assert.equal(exchanges.of({ cxone: { endpoint: { id: 'e' } } }), exchange)
    assert.equal(exchanges.of({ _msgid: 'e' }), exchange)
    for (const cxone of [undefined, null, 'e', { endpoint: null }, { endpoint: { id: ['e'] } }])
      assert.equal(exchanges.of({ cxone }), undefined)
    exchanges.delete(exchange)
    assert.equal(exchanges.of({ _msgid: 'e' }), undefined)
  })

  it('is remembered when it was stopped, for messages that come late, but not when it was answered', () => {
    const exchanges = new Exchanges()
    const late = { cxone: { endpoint: { id: 'e' } } }
    const settle = (exchange: Exchange): void => exchanges.delete(exchange)
    const answered = new Exchange(facts, settle)
    exchanges.add(answered)
    answered.answer(successAnswer('1'))
    assert.equal(exchanges.stopReasonOf(late), undefined)
    const stopped = new Exchange(facts, settle)
    exchanges.add(stopped)
    const reason = abortedError('x')
    stopped.abort(reason)
    assert.equal(exchanges.stopReasonOf(late), reason)
    for (let n = 0; n < 10_000; n++) new Exchange({ ...facts, id: `f${n}` }, settle).abort(reason)
    assert.equal(exchanges.stopReasonOf(late), undefined, 'the oldest is forgotten')
  })
})
