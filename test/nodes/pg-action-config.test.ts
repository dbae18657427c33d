import assert from 'node:assert/strict'
import { isPaletteError, show } from '../../lib/errors.ts'
import { fields, parseConfig } from '../../nodes/pg-action/config.ts'

const RIGHT = { database: 'db', sql: 'SELECT :a' }

function refusal(stored: object): { field: unknown; message: string } {
  try {
    parseConfig({ ...RIGHT, ...stored })
  } catch (error) {
    assert.ok(isPaletteError(error), String(error))
    assert.equal(error.code, 'CONFIG_INVALID')
    return { field: error.details['field'], message: error.message }
  }
  throw new assert.AssertionError({ message: `expected ${JSON.stringify(stored)} to be refused` })
}

describe('the properties of pg-action', () => {
  it('have the defaults of the contract', () => {
    assert.deepEqual(parseConfig(RIGHT), {
      version: 1,
      database: 'db',
      sql: 'SELECT :a',
      params: [],
      transaction: { isolation: 'read committed', readOnly: false },
      statementTimeoutMs: 2000,
      lockTimeoutMs: 1000,
      maxRetries: 3,
      baseDelayMs: 500,
      drift: [],
      maxCost: 1000,
      maxRows: 10_000,
      maxAffected: 0,
      resultSchema: undefined,
      mode: 'execute',
      result: 'rows',
      batchSize: 1000,
      connectTo: { type: 'off', value: '' },
      audit: '',
    })
  })

  it('are read as the editor stores them', () => {
    const stored = {
      ...RIGHT,
      params: [
        { name: 'a', type: 'integer', required: false, default: '7', value: 'payload.id', valueType: 'msg' },
        { name: 'b', value: '', valueType: 'msg', default: '' },
        { name: '1', type: 'auto', value: '5', valueType: 'num' },
      ],
      transaction: { isolation: 'serializable', readOnly: true },
      maxRows: '5',
      drift: [{ table: 'sales.orders', columns: ['id', 'status'] }],
      resultSchema: '{"type":"object"}',
    }
    const { params, transaction, maxRows, drift, resultSchema } = parseConfig(stored)
    assert.deepEqual(params, [
      {
        name: 'a',
        type: 'integer',
        required: false,
        default: '7',
        value: { value: 'payload.id', type: 'msg' },
      },
      { name: 'b', type: 'auto', required: true, default: undefined, value: undefined },
      { name: '1', type: 'auto', required: true, default: undefined, value: { value: '5', type: 'num' } },
    ])
    assert.deepEqual(transaction, stored.transaction)
    assert.deepEqual([maxRows, drift, resultSchema], [5, stored.drift, { type: 'object' }])
  })

  it('may leave parts of the transaction out, or be JSON text', () => {
    assert.deepEqual(parseConfig({ ...RIGHT, transaction: '{"readOnly":true}' }).transaction, {
      isolation: 'read committed',
      readOnly: true,
    })
    assert.equal(parseConfig({ ...RIGHT, params: '[{"name":"a"}]' }).params.length, 1)
  })

  for (const [field, value, reason] of [
    ['sql', '', /give|expected a statement/],
    ['sql', undefined, /expected a statement/],
    ['sql', 7, /expected a statement, got `7`/],
    ['sql', 'SELECT 1; SELECT 2', /one statement, got several/],
    ['sql', 'SELECT :a, $1', /one style of placeholders/],
    ['sql', "SELECT '", /has no end/],
    ['sql', 'x'.repeat(1_000_001), /at most 1000000 characters/],
    ['params', {}, /expected a list/],
    ['params', ['a'], /item 0: expected \{name, type, required, default, value\}/],
    ['params', [{ name: 'a b' }], /item 0: expected `name`/],
    ['params', [{ name: 'a' }, { name: 'a' }], /item 1: the name `a` is taken/],
    ['params', [{ name: 'a', type: 'int' }], /expected `type` to be one of auto, integer/],
    ['params', [{ name: 'a', required: 'yes' }], /expected `required` to be true or false/],
    ['params', [{ name: 'a', value: 'x', valueType: 'num' }], /`value`: expected a number/],
    ['params', [{ name: 'a', value: 'x', valueType: 're' }], /`value`: expected a type of/],
    [
      'params',
      [{ name: 'a', type: 'integer', default: '7.5' }],
      /Expected parameter `default` to be an integer/,
    ],
    ['transaction', { isolation: 'chaos' }, /`isolation`: expected one of read committed/],
    ['transaction', { readOnly: 'maybe' }, /`readOnly`: expected true or false/],
    ['transaction', [], /expected \{isolation, readOnly\}/],
    ['statementTimeoutMs', -1, /integer from 0/],
    ['lockTimeoutMs', 0.5, /integer from 0/],
    ['maxRetries', 21, /integer from 0 to 20/],
    ['baseDelayMs', 'soon', /integer from 0/],
    ['maxCost', -1, /integer from 0/],
    ['maxRows', 0, /integer from 1/],
    ['maxAffected', -1, /integer from 0/],
    ['drift', [{ table: '', columns: [] }], /item 0: expected `table`/],
    ['drift', [{ table: 't', columns: 'id' }], /item 0: expected `columns`/],
    ['drift', ['t'], /item 0: expected \{table, columns\}/],
    ['resultSchema', '{', /expected JSON/],
    ['resultSchema', '7', /expected an object or true or false/],
    ['resultSchema', { type: 'object' }, /expected JSON text/],
    ['mode', 'dry', /one of execute, rehearse, explain/],
    ['result', 'all', /one of rows, first, stream/],
    ['batchSize', 0, /integer from 1/],
    ['version', 2, /newer palette/],
  ] as const)
    it(`refuse \`${field}\` ${show(value)} with a reason, in editor and runtime`, () => {
      const { field: named, message } = refusal({ [field]: value })
      assert.equal(named, field)
      assert.match(message, reason)
      assert.equal(message, `Property \`${field}\`: ${fields[field].check(value) ?? ''}`)
    })
})
