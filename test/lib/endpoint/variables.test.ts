import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readVariables } from '../../../lib/endpoint/variables.ts'
import { isPaletteError } from '../../../lib/errors.ts'

const FORM = 'application/x-www-form-urlencoded'

/** JSON values without the one property name that is refused. */
const values = fc.jsonValue({ maxDepth: 5 }).filter((value) => !JSON.stringify(value).includes('__proto__'))

describe('readVariables', () => {
  it('gives back the variables of any JSON body, as JSON and as a form', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), values, { noNullPrototype: true }), (variables) => {
        fc.pre(!Object.hasOwn(variables, '__proto__'))
        const text = JSON.stringify({ variables })
        const expected = JSON.parse(JSON.stringify(variables)) as object
        for (const type of ['application/json', FORM, undefined])
          assert.deepEqual(readVariables(text, type), expected)
        assert.deepEqual(readVariables(encodeURIComponent(text), FORM), expected)
      }),
    )
  })

  it('gives back the fields of any form', () => {
    const name = fc
      .string({ minLength: 1 })
      .filter((text) => !/[[\]]|^variables$|^__proto__$|^\s*[[{"]/.test(text))
    const fields = fc.dictionary(name, fc.string({ minLength: 1 }), { minKeys: 2, noNullPrototype: true })
    fc.assert(
      fc.property(fields, (given) => {
        const bracketed = Object.entries(given).map(([key, value]) => [`variables[${key}]`, value])
        assert.deepEqual(readVariables(new URLSearchParams(bracketed).toString(), FORM), given)
        assert.deepEqual(readVariables(new URLSearchParams(given).toString(), FORM), given)
      }),
    )
  })

  it('ends in variables or in INPUT_INVALID, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom(FORM, 'application/json', undefined),
        (text, type) => {
          try {
            const variables = readVariables(text, type)
            assert.ok(typeof variables === 'object' && !Array.isArray(variables))
          } catch (error) {
            assert.ok(isPaletteError(error) && error.code === 'INPUT_INVALID', String(error))
          }
        },
      ),
    )
  })

  it('never quotes the body in its errors', () => {
    for (const text of ['{"password":"hunter2"', 'hunter2', '["hunter2"', '"hunter2']) {
      assert.throws(
        () => readVariables(text, undefined),
        (error: Error) => !error.message.includes('hunter2'),
      )
    }
  })

  it('refuses more fields than a form needs', () => {
    const text = Array.from({ length: 1001 }, (_, i) => `f${i}=1`).join('&')
    assert.throws(() => readVariables(text, FORM), /at most 1000 fields/)
  })
})
