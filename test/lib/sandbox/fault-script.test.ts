import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isPaletteError } from '../../../lib/errors.ts'
import { FaultQueue } from '../../../lib/sandbox/fault-queue.ts'
import {
  FAULT_ROUTES,
  formatFaultScript,
  parseFaultScript,
  type FaultEntry,
} from '../../../lib/sandbox/fault-script.ts'

const steps = (text: string): readonly FaultEntry[] => parseFaultScript(`execute:${text}`).steps

describe('fault script', () => {
  it('reads a sequence of statuses, where 200 is the usual answer', () => {
    assert.deepEqual(parseFaultScript('execute:429,503,200'), {
      route: 'execute',
      steps: [{ status: 429, times: 1 }, { status: 503, times: 1 }, { times: 1 }],
    })
  })

  it('reads every form of Retry-After', () => {
    assert.deepEqual(
      steps('429/2,429/date,503/date=-60,429/text=soon').map(({ retryAfter }) => retryAfter),
      [{ kind: 'seconds', s: 2 }, { kind: 'date', s: 2 }, { kind: 'date', s: -60 }, { text: 'soon' }],
    )
  })

  it('joins parts with + and repeats with *', () => {
    assert.deepEqual(steps('delay=500+503/1*3, drop*forever'), [
      { delayMs: 500, status: 503, retryAfter: { kind: 'seconds', s: 1 }, times: 3 },
      { drop: 'drop', times: Infinity },
    ])
  })

  it('reads spoilt bodies, redirects and odd life times', () => {
    assert.deepEqual(
      steps(
        'bad-json,html,empty,slow-body=10,huge-body=9,redirect=https://other.test/a?b=c,expires-in=string,expires-in=5',
      ),
      [
        { body: { kind: 'bad-json' }, times: 1 },
        { body: { kind: 'html' }, times: 1 },
        { body: { kind: 'empty' }, times: 1 },
        { body: { kind: 'slow-body', ms: 10 }, times: 1 },
        { body: { kind: 'huge-body', bytes: 9 }, times: 1 },
        { redirect: 'https://other.test/a?b=c', times: 1 },
        { expiresIn: 'string', times: 1 },
        { expiresIn: 5, times: 1 },
      ],
    )
  })

  for (const [text, says] of [
    ['execute', 'a script like'],
    ['', 'a script like'],
    ['exec:429', 'one of token, discovery'],
    ['execute:', 'a step like'],
    ['execute:429,,200', 'a step like'],
    ['execute:99', 'from 200 to 599'],
    ['execute:600', 'from 200 to 599'],
    ['execute:429/', '`/seconds`'],
    ['execute:429/x', '`/seconds`'],
    ['execute:429/99999', 'from 0 to 86400'],
    ['execute:delay', 'from 0 to 600000'],
    ['execute:delay=1e3', 'from 0 to 600000'],
    ['execute:200*0', 'from 1 to 1000000'],
    ['execute:drop+503', '`drop` alone'],
    ['execute:drop=1', 'a step like'],
    ['execute:503+429', 'one part of a kind'],
    ['execute:redirect=nowhere', 'with a URL or a path'],
    ['execute:redirect=/a\r\nset-cookie:x', 'with a URL or a path'],
    ['token:expires-in=soon', 'from 0 to 86400'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} and says what was expected`, () => {
      assert.throws(
        () => parseFaultScript(text),
        (error) =>
          isPaletteError(error) &&
          error.code === 'CONFIG_INVALID' &&
          error.details.field === 'faults' &&
          error.message.includes(says),
      )
    })
  }

  it('is read back from what it is written as', () => {
    fc.assert(
      fc.property(script(), (made) => {
        const value = structuredClone(made) // fast-check's records have no prototype
        assert.deepEqual(parseFaultScript(formatFaultScript(value)), value)
      }),
    )
  })

  it('never fails with anything but a PaletteError', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .string({
          unit: fc.constantFrom('0', '4', '29', ',', '+', '*', '/', '=', '-', ':', 'delay', 'drop', 'date'),
        })
        .map((rest) => `execute:${rest}`),
    )
    fc.assert(
      fc.property(text, (value) => {
        try {
          parseFaultScript(value)
        } catch (error) {
          assert.ok(isPaletteError(error), String(error))
        }
      }),
    )
  })
})

describe('fault queue', () => {
  it('gives the steps in order, each as often as it says, and then none', () => {
    const queue = new FaultQueue()
    queue.add(parseFaultScript('execute:429*2,503'))
    const statuses = Array.from({ length: 4 }, () => queue.take('execute')?.status)
    assert.deepEqual(statuses, [429, 429, 503, undefined])
  })

  it('keeps routes apart, appends scripts, and lists what still waits', () => {
    const queue = new FaultQueue()
    queue.add(parseFaultScript('execute:429*2'))
    queue.add(parseFaultScript('execute:drop'))
    queue.add(parseFaultScript('token:401*forever'))
    assert.equal(queue.take('lookup'), undefined)
    queue.take('execute')
    queue.take('token')
    assert.deepEqual(queue.list(), ['execute:429,drop', 'token:401*forever'])
    queue.clear()
    assert.equal(queue.take('token'), undefined)
  })
})

function script(): fc.Arbitrary<ReturnType<typeof parseFaultScript>> {
  return fc.record({
    route: fc.constantFrom(...FAULT_ROUTES),
    steps: fc.array(entry(), { minLength: 1, maxLength: 5 }),
  })
}

function entry(): fc.Arbitrary<FaultEntry> {
  const retryAfter = fc.oneof(
    fc.record({ kind: fc.constant('seconds' as const), s: fc.integer({ min: 0, max: 86_400 }) }),
    fc.record({ kind: fc.constant('date' as const), s: fc.integer({ min: -86_400, max: 86_400 }) }),
    fc.record({ text: fc.stringMatching(/^[\w.:-]{1,12}$/) }),
  )
  const body = fc.oneof(
    fc.record({ kind: fc.constantFrom('bad-json', 'html', 'empty') }),
    fc.record({ kind: fc.constant('slow-body' as const), ms: fc.integer({ min: 0, max: 600_000 }) }),
    fc.record({ kind: fc.constant('huge-body' as const), bytes: fc.integer({ min: 0, max: 1024 ** 3 }) }),
  )
  const times = fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.constant(Infinity))
  const delayMs = fc.integer({ min: 0, max: 600_000 })
  const dropped = fc.record(
    { times, drop: fc.constant('drop' as const), delayMs },
    { requiredKeys: ['times', 'drop'] },
  )
  const answered = fc.record(
    {
      times,
      delayMs,
      retryAfter,
      body,
      status: fc.integer({ min: 201, max: 599 }),
      drop: fc.constant('drop-mid-body' as const),
      redirect: fc.constantFrom('/elsewhere', 'https://other.test/path?x=1'),
      expiresIn: fc.oneof(fc.constantFrom('string', 'missing'), fc.integer({ min: 0, max: 86_400 })),
    },
    { requiredKeys: ['times'] },
  )
  return fc.oneof(dropped, answered)
}
