import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import { isPaletteError, type PaletteError } from '../../../../lib/errors.ts'
import { coerce, PARAM_TYPES, sqlTypeOf, type ParamType } from '../../../../lib/postgres/coerce/param-type.ts'

function refused(type: ParamType, value: unknown): PaletteError {
  try {
    const text = coerce('p', type, value)
    throw new assert.AssertionError({ message: `${type} took ${String(value)} as ${String(text)}` })
  } catch (error) {
    assert.ok(isPaletteError(error), String(error))
    assert.equal(error.code, 'PG_PARAM_TYPE')
    assert.equal(error.details['param'], 'p')
    assert.match(String(error.details['sqlstate']), /^[0-9A-Z]{5}$/)
    assert.equal(typeof error.details['expected'], 'string')
    assert.equal(typeof error.details['actual'], 'string')
    return error
  }
}

/** Types, values that they take with the text that is sent, and values that they refuse. */
const TABLE: readonly {
  type: ParamType
  taken: readonly (readonly [unknown, string])[]
  refused: readonly unknown[]
}[] = [
  {
    type: 'integer',
    taken: [
      ['7', '7'],
      [' 7\n', '7'],
      ['+7', '7'],
      ['-0007', '-7'],
      [7.0, '7'],
      [-0, '0'],
      [7n, '7'],
      ['2147483647', '2147483647'],
      [-2147483648, '-2147483648'],
    ],
    refused: [
      '',
      ' ',
      '7.9',
      '7.0',
      '1_0',
      '٣',
      '0x1F',
      '1e3',
      '7\u00a0',
      7.9,
      NaN,
      Infinity,
      true,
      2147483648,
      2n ** 80n,
    ],
  },
  {
    type: 'bigint',
    taken: [
      ['9223372036854775807', '9223372036854775807'],
      [9007199254740991, '9007199254740991'],
      [-9223372036854775808n, '-9223372036854775808'],
      [`${'0'.repeat(1000)}7`, '7'],
    ],
    refused: ['9223372036854775808', 9007199254740992, 1e21, '9'.repeat(1_000_000), {}, []],
  },
  {
    type: 'float',
    taken: [
      ['7.9', '7.9'],
      [' .5 ', '.5'],
      ['5.', '5.'],
      ['1e-3', '1e-3'],
      [0.1, '0.1'],
      [1e21, '1e+21'],
      ['NaN', 'NaN'],
      ['-Infinity', '-Infinity'],
      [NaN, 'NaN'],
      ['0e-999', '0e-999'],
    ],
    refused: ['', 'one', '1e', '.', '1,5', '0x10', '1e999', '1e-999', true, {}],
  },
  {
    type: 'numeric',
    taken: [
      ['12345678901234567890.123', '12345678901234567890.123'],
      [0.1, '0.1'],
      [1, '1'],
      ['1e131071', '1e131071'],
      [10n ** 30n, `1${'0'.repeat(30)}`],
    ],
    refused: ['', 'x', '1_0', 1e21, 2 ** 53, '1e131072', '1e-16384', '1e999999999999', false, []],
  },
  {
    type: 'boolean',
    taken: [
      [true, 'true'],
      [false, 'false'],
      [1, 'true'],
      [0, 'false'],
      [' YES ', 'true'],
      ['of', 'false'],
      ['t', 'true'],
    ],
    refused: ['', 'ja', 'o', '2', 2, 'truee', 'null', {}, []],
  },
  {
    type: 'string',
    taken: [
      ['', ''],
      [' 7 ', ' 7 '],
      [7.5, '7.5'],
      [true, 'true'],
      [10n, '10'],
      [new Date(0), '1970-01-01T00:00:00.000Z'],
      ['😀', '😀'],
    ],
    refused: [
      'a\0b',
      '\ud800',
      'x\udc00',
      {},
      [],
      NaN,
      new Date(NaN),
      Symbol('s'),
      () => 1,
      Buffer.from('x'),
    ],
  },
  {
    type: 'date',
    taken: [
      ['2026-11-21', '2026-11-21'],
      [' 2024-02-29 ', '2024-02-29'],
      ['infinity', 'infinity'],
      [new Date('2026-11-21T00:00:00Z'), '2026-11-21'],
    ],
    refused: [
      '',
      '2026-02-30',
      '2023-02-29',
      '1900-02-29',
      '2026-13-01',
      '2026-00-10',
      '0000-01-01',
      '21.11.2026',
      'now',
    ].concat(['2026-11-21T00:00:00Z', '2026-1-1'] as never[]),
  },
  {
    type: 'timestamp',
    taken: [
      ['2026-11-21T14:30:00', '2026-11-21T14:30:00'],
      ['2026-11-21 14:30', '2026-11-21 14:30'],
      ['2026-11-21', '2026-11-21'],
      ['2026-11-21T14:30:00.5Z', '2026-11-21T14:30:00.5'],
      ['2026-11-21T14:30:00+00:00', '2026-11-21T14:30:00'],
      [new Date('2026-11-21T14:30:00+01:00'), '2026-11-21T13:30:00.000'],
      ['2026-11-21T24:00:00', '2026-11-21T24:00:00'],
    ],
    refused: [
      '',
      '2026-11-21T14:30:00+01:00',
      '2026-11-21T25:00',
      '2026-02-30T10:00',
      '14:30',
      1795254434000,
      new Date(NaN),
    ],
  },
  {
    type: 'timestamptz',
    taken: [
      ['2026-11-21T14:30:00+01:00', '2026-11-21T14:30:00+01:00'],
      ['2026-11-21T14:30:00', '2026-11-21T14:30:00Z'],
      ['2026-11-21', '2026-11-21T00:00:00Z'],
      ['2026-11-21 14:30-0830', '2026-11-21 14:30-0830'],
      ['-infinity', '-infinity'],
      [new Date(0), '1970-01-01T00:00:00.000Z'],
    ],
    refused: ['', '2026-11-21T14:30:00+16:00', '2026-11-21T14:30:00 Europe/Berlin', '2026-11-21T', 0, {}],
  },
  {
    type: 'uuid',
    taken: [
      ['019AA5E5-1F4C-7C5E-8D0B-4B1DE2A6CE60', '019AA5E5-1F4C-7C5E-8D0B-4B1DE2A6CE60'],
      ['019aa5e51f4c7c5e8d0b4b1de2a6ce60', '019aa5e51f4c7c5e8d0b4b1de2a6ce60'],
      ['{019aa5e5-1f4c-7c5e-8d0b-4b1de2a6ce60}', '{019aa5e5-1f4c-7c5e-8d0b-4b1de2a6ce60}'],
    ],
    refused: [
      '',
      '019aa5e5',
      ' 019aa5e51f4c7c5e8d0b4b1de2a6ce60',
      '{019aa5e51f4c7c5e8d0b4b1de2a6ce60',
      7,
      {},
    ],
  },
  {
    type: 'json',
    taken: [
      [{ a: [1, null, 'x'] }, '{"a":[1,null,"x"]}'],
      [[], '[]'],
      [7.5, '7.5'],
      [false, 'false'],
      [' {"a": 1} ', ' {"a": 1} '],
      ['null', 'null'],
      ['"open"', '"open"'],
      [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ],
    refused: [
      '',
      'open',
      '{',
      '{"a":"\\u0000"}',
      { a: 'x\0' },
      { '\ud800': 1 },
      NaN,
      { a: 1n },
      () => 1,
      Symbol('s'),
    ],
  },
]

describe('coerce', () => {
  for (const { type, taken, refused: wrong } of TABLE) {
    it(`to ${type} takes what fits`, () => {
      for (const [value, text] of taken) assert.equal(coerce('p', type, value), text)
    })
    it(`to ${type} refuses what does not fit`, () => {
      for (const value of wrong) refused(type, value)
    })
  }

  it('makes undefined and null NULL, for each type', () => {
    for (const type of PARAM_TYPES)
      assert.deepEqual([coerce('p', type, undefined), coerce('p', type, null)], [null, null])
  })

  it('takes a Date of another realm, as Function nodes make them', () => {
    assert.equal(coerce('p', 'date', runInNewContext("new Date('2026-11-21T00:00:00Z')")), '2026-11-21')
    refused('date', runInNewContext("new Date('2026-11-21T00:00:01Z')"))
  })

  it('names the parameter, what was expected, what came, and what to do', () => {
    const { message, details } = refused('integer', '7.9')
    assert.equal(
      message,
      'Expected parameter `p` to be an integer from -2147483648 to 2147483647, got `7.9` (string)',
    )
    assert.deepEqual(details, {
      param: 'p',
      expected: 'an integer from -2147483648 to 2147483647',
      actual: '`7.9` (string)',
      sqlstate: '22P02',
    })
    assert.match(refused('integer', '').message, /; leave the variable out, or null, for no value$/)
    assert.match(refused('bigint', 2 ** 60).message, /has lost digits on the way; send it as text$/)
    assert.match(refused('timestamp', '2026-11-21T14:30:00+01:00').message, /choose timestamptz/)
  })

  it('tells the state that PostgreSQL would give', () => {
    assert.equal(refused('integer', '99999999999').details['sqlstate'], '22003')
    assert.equal(refused('date', '2026-02-30').details['sqlstate'], '22007')
    assert.equal(refused('string', '\0').details['sqlstate'], '22021')
  })

  it('shows nothing of free text', () => {
    for (const [type, value] of [
      ['string', 'Ada Lovelace\0'],
      ['json', 'Ada Lovelace'],
    ] as const) {
      const { message, details } = refused(type, value)
      assert.ok(!JSON.stringify([message, details]).includes('Ada'), message)
      assert.match(message, /got text of \d+ characters/)
    }
  })

  it('refuses what is too large or too deep, at once', () => {
    refused('string', 'x'.repeat(16 * 1024 * 1024 + 1))
    refused('json', ['x'.repeat(16 * 1024 * 1024)])
    refused('json', `${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    refused('json', cyclic)
  })

  it('knows the SQL type of each but auto', () => {
    assert.equal(sqlTypeOf('auto'), undefined)
    assert.equal(sqlTypeOf('timestamptz'), 'timestamp with time zone')
    assert.equal(sqlTypeOf('json'), 'jsonb')
  })
})
