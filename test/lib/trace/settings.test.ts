import assert from 'node:assert/strict'
import { readTraceSettings, TRACE_DEFAULTS } from '../../../lib/trace/settings.ts'

const read = (value: unknown) => readTraceSettings(value, 'cxoneFlows.traces')

describe('readTraceSettings', () => {
  it('leaves traces off unless they are asked for', () => {
    for (const value of [undefined, null, false])
      assert.deepEqual(read(value), { settings: undefined, problems: [] })
  })

  it('takes true as the defaults: one message of a hundred, differences, 200 traces', () => {
    assert.deepEqual(read(true).settings, {
      sample: 0.01,
      keep: 200,
      keepMb: 16,
      changes: true,
      failed: false,
    })
  })

  it('completes what is given', () => {
    assert.deepEqual(read({ sample: 1, changes: false, keep: undefined }).settings, {
      ...TRACE_DEFAULTS,
      sample: 1,
      changes: false,
    })
    assert.equal(read({ sample: 0 }).settings?.sample, 0)
  })

  for (const [value, problem] of [
    [1, '`cxoneFlows.traces`: expected true, false or an object such as { sample: 0.01 }, got `1` (number)'],
    [
      [],
      '`cxoneFlows.traces`: expected true, false or an object such as { sample: 0.01 }, got `0 items` (array)',
    ],
    [{ sample: 1.5 }, '`cxoneFlows.traces.sample`: expected a number from 0 to 1, got `1.5` (number)'],
    [{ sample: '1' }, '`cxoneFlows.traces.sample`: expected a number from 0 to 1, got `1` (string)'],
    [{ sample: NaN }, '`cxoneFlows.traces.sample`: expected a number from 0 to 1, got `NaN` (number)'],
    [{ keep: 0 }, '`cxoneFlows.traces.keep`: expected an integer from 1 to 10000, got `0` (number)'],
    [{ keepMb: 1.5 }, '`cxoneFlows.traces.keepMb`: expected an integer from 1 to 1024, got `1.5` (number)'],
    [{ changes: 'no' }, '`cxoneFlows.traces.changes`: expected true or false, got `no` (string)'],
    [
      { rate: 1 },
      '`cxoneFlows.traces.rate`: no such setting; there are sample, keep, keepMb, changes, failed',
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(value)}, with the way out`, () => {
      assert.deepEqual(read(value), { settings: undefined, problems: [problem] })
    })
  }

  it('tells all problems at once', () => {
    assert.equal(read({ sample: 2, keep: -1, nonsense: 1 }).problems.length, 3)
  })
})
