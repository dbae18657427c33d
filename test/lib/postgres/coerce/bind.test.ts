import assert from 'node:assert/strict'
import { isPaletteError, type PaletteError } from '../../../../lib/errors.ts'
import { createBinder, rulesFor, variablesOf } from '../../../../lib/postgres/coerce/bind.ts'
import type { ParamRule, ParamType } from '../../../../lib/postgres/coerce/param-type.ts'
import type { SqlText } from '../../../../lib/postgres/driver.ts'
import { testDatabase, type TestDatabase } from '../../../support/postgres.ts'

const param = (name: string, type: ParamType = 'auto', more: Partial<ParamRule> = {}): ParamRule => ({
  name,
  type,
  required: true,
  ...more,
})
const TEXT = { oid: 25, type: 'text' }
const INTEGER = { oid: 23, type: 'integer' }

function errorOf(run: () => unknown): PaletteError {
  try {
    run()
  } catch (error) {
    assert.ok(isPaletteError(error), String(error))
    return error
  }
  throw new assert.AssertionError({ message: 'expected a refusal' })
}

describe('the rules of a statement', () => {
  it('go by name; a parameter that is not listed is required and auto', () => {
    const a = param('a', 'integer')
    assert.deepEqual(rulesFor({ names: ['b', 'a'], style: 'named' }, [a, param('unused')]), [param('b'), a])
  })

  it('of a statement with numbers go by number, or by their order where they have names', () => {
    const names = ['1', '2', '3']
    const second = param('2', 'date')
    assert.deepEqual(rulesFor({ names, style: 'positional' }, [second]), [param('1'), second, param('3')])
    const first = param('customer', 'integer')
    const other = param('since', 'date')
    assert.deepEqual(rulesFor({ names, style: 'positional' }, [first, other]), [first, other, param('3')])
  })
})

describe('the variables of a message', () => {
  it('are those of payload.variables, else the payload', () => {
    assert.deepEqual(variablesOf({ variables: { a: 1 }, raw: '' }), { a: 1 })
    assert.deepEqual(variablesOf({ a: 1 }), { a: 1 })
    assert.deepEqual(variablesOf(undefined), {})
    assert.deepEqual(variablesOf([7]), [7])
  })

  it('must be an object', () => {
    for (const payload of [null, 7, 'text', true, Buffer.from('x')])
      assert.deepEqual(errorOf(() => variablesOf(payload)).details, { path: 'msg.payload' })
    for (const variables of [null, 7, '{}', undefined]) {
      const error = errorOf(() => variablesOf({ variables }))
      assert.equal(error.code, 'INPUT_INVALID')
      assert.deepEqual(error.details, { path: 'msg.payload.variables' })
    }
  })
})

describe('binding', () => {
  it('gives the values in the order of the parameters and ignores what is no parameter', () => {
    const bind = createBinder([param('b', 'integer'), param('a')], [INTEGER, TEXT])
    assert.deepEqual(bind({ a: 'x', extra: {}, b: '7' }), ['7', 'x'])
  })

  it('names the required parameter that has no value', () => {
    const bind = createBinder([param('a'), param('search_term')], [TEXT, TEXT])
    for (const variables of [{ a: 1 }, { a: 1, search_term: undefined }, { a: 1, search_term: null }]) {
      const { code, message, details } = errorOf(() => bind(variables))
      assert.equal(code, 'PG_PARAM_MISSING')
      assert.match(
        message,
        /^Parameter `search_term` has no value; set `msg\.payload\.variables\.search_term`/,
      )
      assert.deepEqual(details, { param: 'search_term', sqlstate: '42P02' })
    }
  })

  it('takes the default of what is left out, and NULL for what is not required', () => {
    const rules = [
      param('a', 'integer', { default: '5' }),
      param('b', 'auto', { required: false }),
      param('c', 'auto', { required: false, default: 'x' }),
    ]
    const bind = createBinder(rules, [INTEGER, TEXT, TEXT])
    assert.deepEqual(bind({}), ['5', null, 'x'])
    assert.deepEqual(bind({ a: 0, b: '', c: null }), ['0', '', null])
  })

  it('picks nothing that variables inherit', () => {
    const names = ['__proto__', 'constructor', 'toString']
    const bind = createBinder(
      names.map((name) => param(name, 'auto', { required: false })),
      [TEXT, TEXT, TEXT],
    )
    assert.deepEqual(bind({}), [null, null, null])
    assert.deepEqual(bind(Object.create({ constructor: 'x' }) as object as Record<string, unknown>), [
      null,
      null,
      null,
    ])
    assert.deepEqual(bind(JSON.parse('{"__proto__":"own"}') as Record<string, unknown>), ['own', null, null])
  })

  it('takes a list by position', () => {
    const bind = createBinder([param('1'), param('2')], [INTEGER, TEXT])
    assert.deepEqual(bind(['7', 'x', 'extra']), ['7', 'x'])
    assert.equal(errorOf(() => bind(['7'])).details['param'], '2')
  })

  it('holds a value to its own type and to that of its place', () => {
    const bind = createBinder([param('a', 'string')], [INTEGER])
    assert.deepEqual(bind({ a: '7' }), ['7'])
    const { details, message } = errorOf(() => bind({ a: 'x' }))
    assert.equal(details['param'], 'a')
    assert.match(message, /an integer from .* \(the statement takes integer\)/)
    assert.equal(
      errorOf(() => createBinder([param('a', 'integer')], [TEXT])({ a: 'x' })).code,
      'PG_PARAM_TYPE',
    )
  })
})

describe('lists for arrays', function () {
  this.timeout(30_000)
  let database: TestDatabase
  before(async () => {
    database = await testDatabase()
  })
  after(() => database.drop())

  const bindOne = (oid: number, type: string, value: unknown): SqlText =>
    createBinder([param('p')], [{ oid, type }])({ p: value })[0] ?? null

  it('arrive in PostgreSQL as they are', async () => {
    const cases: readonly (readonly [oid: number, type: string, value: unknown, json: unknown])[] = [
      [1007, 'integer[]', [1, '2', null], [1, 2, null]],
      [1007, 'integer[]', [], []],
      [
        1007,
        'integer[]',
        [
          [1, 2],
          [3, 4],
        ],
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [1007, 'integer[]', '[1, 2]', [1, 2]],
      [1007, 'integer[]', '{1,2}', [1, 2]],
      [1009, 'text[]', ['a"b\\c', '{}', 'NULL', '', ' x,y '], ['a"b\\c', '{}', 'NULL', '', ' x,y ']],
      [1000, 'boolean[]', [true, 'no'], [true, false]],
      [3807, 'jsonb[]', [{ a: '"' }, '{"b":[1]}'], [{ a: '"' }, { b: [1] }]],
      [99_999, 'text[]', ['of a type without a rule'], ['of a type without a rule']],
      [1182, 'date[]', ['2026-11-21'], ['2026-11-21']],
    ]
    for (const [oid, type, value, json] of cases) {
      const rows = await database.query(`select to_jsonb($1::${type}) as got`, [bindOne(oid, type, value)])
      assert.deepEqual(rows[0]?.['got'], json, `${type} ${JSON.stringify(value)}`)
    }
  })

  it('keep their bounds in the notation of PostgreSQL', async () => {
    const text = bindOne(1007, 'integer[]', '[2:3]={7,8}')
    const rows = await database.query('select ($1::integer[])[2] as got', [text])
    assert.deepEqual(rows, [{ got: 7 }])
  })

  it('are refused where an item is wrong, or lists differ in length', () => {
    for (const value of [
      ['x'],
      [1.5],
      [[1], [2, 3]],
      [1, [2]],
      [[]],
      '[1',
      'x',
      7,
      { a: 1 },
      [[[[[[[1]]]]]]],
    ])
      assert.equal(
        errorOf(() => bindOne(1007, 'integer[]', value)).code,
        'PG_PARAM_TYPE',
        JSON.stringify(value),
      )
  })

  it('are refused for what is no array', () => {
    assert.match(
      errorOf(() => bindOne(25, 'text', [1])).message,
      /for an object or a list choose the type json/,
    )
  })
})

describe('values of types that only statements have', () => {
  const bindOne = (oid: number, type: string, value: unknown): SqlText =>
    createBinder([param('p')], [{ oid, type }])({ p: value })[0] ?? null

  it('are bytes, spans, times and others', () => {
    assert.equal(bindOne(17, 'bytea', Buffer.from('A\0')), '\\x4100')
    assert.equal(bindOne(17, 'bytea', new Uint16Array([1]).subarray(0, 1)), '\\x0100')
    assert.equal(bindOne(1186, 'interval', 'PT30M'), 'PT30M')
    assert.equal(bindOne(1083, 'time without time zone', '14:30'), '14:30')
    assert.equal(bindOne(1266, 'time with time zone', '14:30'), '14:30Z')
    assert.equal(bindOne(99_999, 'mood', 'happy'), 'happy')
  })

  it('are refused where they do not fit', () => {
    for (const [oid, value] of [
      [17, '\\x4'],
      [17, 7],
      [1186, 30],
      [1186, ''],
      [1083, '25:00'],
      [1266, 'noon'],
      [99_999, { a: 1 }],
      [21, 32768],
    ] as const)
      assert.equal(
        errorOf(() => bindOne(oid, 'type', value)).code,
        'PG_PARAM_TYPE',
        `${oid} ${JSON.stringify(value)}`,
      )
  })
})
