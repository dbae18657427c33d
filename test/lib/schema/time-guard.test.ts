import assert from 'node:assert/strict'
import fc from 'fast-check'
import { costOfPattern, stepsOf } from '../../../lib/schema/pattern-cost.ts'
import { TimeGuard } from '../../../lib/schema/time-guard.ts'
import { validate } from './support.ts'

const gaveUp = (error: any): boolean => {
  assert.equal(error.code, 'INPUT_INVALID')
  assert.match(error.message, /given up after 1000 ms: the pattern `.*` \(string\) takes too long/)
  return true
}

describe('the cost of a pattern', () => {
  const bounded: [pattern: string, degree: number][] = [
    ['^CUST-[0-9]{4,8}$', 0],
    ['^[0-9A-F]{8}-?[0-9A-F]{4}$', 0],
    ['^(EUR|USD|GBP)$', 0],
    ['^[a-z]+$', 1],
    ['[a-z]+', 2],
    ['^a|b', 1],
    ['^\\d+(\\.\\d+)?$', 2],
    ['^(\\d{1,3}\\.){3}\\d{1,3}$', 0],
    ['^(abc)*$', 1],
    ['.*.*.*=', 4],
    ['^[^)(]*[\\]*+]*$', 2],
  ]
  for (const [pattern, degree] of bounded)
    it(`${pattern} is polynomial of degree ${degree}`, () => {
      const cost = costOfPattern(pattern)
      assert.deepEqual([cost.degree, cost.base], [degree, 1])
    })

  for (const pattern of [
    '(a+)+',
    '^(a|a)*$',
    '^(a|aa)+$',
    '((a?)b?)*',
    '([a-z]+)*$',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
  ])
    it(`${pattern} is exponential`, () => assert.ok(stepsOf(costOfPattern(pattern), 40) > 1e9))

  for (const pattern of ['(a)\\1', '(?<x>a)\\k<x>', '(?<=a+)b', 'x'.repeat(10_001)])
    it(`${pattern.slice(0, 20)} is unknown`, () =>
      assert.equal(stepsOf(costOfPattern(pattern), 40), Infinity))

  it('is at least the number of ways through nested repeats', () => {
    // Each `a?` may be taken or not: 2 ** n ways, of which `a?`.repeat(n) tries all before it fails.
    for (const n of [5, 10, 20])
      assert.ok(stepsOf(costOfPattern(`^${'a?'.repeat(n)}${'a'.repeat(n)}$`), n) >= 2 ** n)
    assert.ok(stepsOf(costOfPattern('^(a?){25}a{25}$'), 25) >= 2 ** 25)
  })

  it('is found for every pattern that is one', () => {
    const piece = fc.constantFrom(
      'a',
      '.',
      '[a-z]',
      '[^\\]]',
      '\\d',
      '(',
      ')',
      '|',
      '*',
      '+',
      '?',
      '{2,3}',
      '{4}',
      '^',
      '$',
      '(?:',
      '(?=',
      '\\.',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const pattern = pieces.join('')
        try {
          new RegExp(pattern, 'u')
        } catch {
          return
        }
        assert.ok(stepsOf(costOfPattern(pattern), 10) > 0)
      }),
    )
  })
})

describe('patterns that backtrack', () => {
  const HOSTILE = `${'a'.repeat(60)}!`
  const cases: [what: string, schema: object, value: unknown][] = [
    ['in `pattern`', { pattern: '^(a+)+$' }, HOSTILE],
    ['with alternatives', { pattern: '^(a|a)*$' }, HOSTILE],
    ['with a back-reference', { pattern: '(\\w+)\\w+\\w+\\w+\\1!$' }, `${'ab'.repeat(3000)}?`],
    ['of polynomial cost on a long text', { pattern: '\\s+$' }, `${' '.repeat(3_000_000)}x`],
    ['in many short texts', { items: { pattern: '^(a|a)*$' } }, Array(5000).fill(`${'a'.repeat(18)}!`)],
    ['in `patternProperties`', { patternProperties: { '^(a+)+$': true } }, { [HOSTILE]: 1 }],
    ['in `propertyNames`', { propertyNames: { pattern: '^(a+)+$' } }, { [HOSTILE]: 1 }],
    ['behind `maxLength`', { maxLength: 10, pattern: '^(a+)+$' }, HOSTILE],
    ['in an alternative schema', { anyOf: [{ pattern: '^(a+)+$' }, true] }, HOSTILE],
    ['where values are changed', { properties: { a: { pattern: '^(a+)+$' } } }, { a: HOSTILE }],
  ]
  for (const [what, schema, value] of cases)
    it(`${what} are stopped`, () =>
      assert.rejects(validate(schema, value, { coerce: /changed/.test(what) }), gaveUp))

  it('on a short text give their answer', async () => {
    assert.equal((await validate({ pattern: '^(a+)+$' }, 'a'.repeat(20))).valid, true)
    assert.equal(
      (await validate({ pattern: '^([a-z]+-)*[a-z]+$' }, 'a-long-slug-with-many-parts')).valid,
      true,
    )
    assert.equal((await validate({ pattern: '^(a)\\1$' }, 'ab')).valid, false)
  })

  it('leave the validator usable', async () => {
    await assert.rejects(validate({ pattern: '^(a+)+$' }, HOSTILE), gaveUp)
    assert.equal((await validate({ pattern: '^(a+)+$' }, 'aaa')).valid, true)
  })

  it('are stopped too where it is a list that takes long to compare', () => {
    const list = Array.from({ length: 300_000 }, (_, i) => ({ i }))
    return assert.rejects(validate({ uniqueItems: true }, list), /given up after 1000 ms$/)
  })
})

describe('TimeGuard', () => {
  it('starts work anew where it turns out to be costly, and passes its errors on', () => {
    const guard = new TimeGuard()
    const { test } = guard.regExp('^(a+)+$', 'u')
    let starts = 0
    const outcome = guard.run((text: string) => {
      starts += 1
      return test(text)
    }, 'a'.repeat(25))
    assert.equal(outcome, true)
    assert.equal(starts, 2)
    const boom = new Error('boom')
    const fail = (): never => {
      throw boom
    }
    assert.throws(() => guard.run(fail, 0), boom)
    assert.throws(() => guard.run(fail, 0, true), boom)
  })

  it('starts cheap work once', () => {
    const guard = new TimeGuard()
    const { test } = guard.regExp('^[a-z]+$', 'u')
    let starts = 0
    guard.run((text: string) => {
      starts += 1
      return test(text)
    }, 'a'.repeat(1000))
    assert.equal(starts, 1)
  })
})
