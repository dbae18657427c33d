import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import {
  abortedError,
  configError,
  ERROR_TABLE,
  inputError,
  isPaletteError,
  PaletteError,
  show,
  type ErrorCode,
} from '../../../lib/errors.ts'

describe('PaletteError', () => {
  it('has code, details and cause as own properties, which is what Catch nodes copy', () => {
    const cause = new Error('why')
    const error = new PaletteError('TIMEOUT', 'too slow', { details: { url: 'x' }, cause })
    for (const name of ['code', 'details', 'cause', 'message']) assert.ok(Object.hasOwn(error, name), name)
    assert.equal(error.name, 'PaletteError')
    assert.ok(error instanceof Error)
  })

  it('has no cause where there is none', () => {
    assert.ok(!('cause' in new PaletteError('TIMEOUT', 'x')))
    assert.deepEqual(new PaletteError('TIMEOUT', 'x').details, {})
  })

  it('knows whether a repeat may help', () => {
    assert.equal(new PaletteError('TIMEOUT', 'x').retryable, true)
    assert.equal(new PaletteError('CONFIG_INVALID', 'x').retryable, false)
  })

  it('names field, path and abort', () => {
    assert.deepEqual(
      [configError('path', 'x').code, configError('path', 'x').details],
      ['CONFIG_INVALID', { field: 'path' }],
    )
    assert.deepEqual(
      [inputError('msg.a', 'x').code, inputError('msg.a', 'x').details],
      ['INPUT_INVALID', { path: 'msg.a' }],
    )
    assert.equal(abortedError('The message').code, 'ABORTED')
  })
})

describe('isPaletteError', () => {
  it('knows an error of another copy of the module', () => {
    assert.equal(isPaletteError(Object.assign(new Error('x'), { code: 'TIMEOUT', details: {} })), true)
  })

  for (const [what, value] of [
    ['a plain error', new Error('x')],
    ['an error of the system', Object.assign(new Error('x'), { code: 'ENOENT', details: {} })],
    ['a code that every object has', Object.assign(new Error('x'), { code: 'toString', details: {} })],
    [
      'a code that is no text',
      Object.assign(new Error('x'), { code: Object.create(null) as object, details: {} }),
    ],
    ['an object', { code: 'TIMEOUT', details: {} }],
    ['nothing', undefined],
  ] as const) {
    it(`does not take ${what} for one`, () => assert.equal(isPaletteError(value), false))
  }
})

describe('show', () => {
  for (const [value, text] of [
    [undefined, '`undefined`'],
    [null, '`null`'],
    [-1, '`-1` (number)'],
    ['80', '`80` (string)'],
    [true, '`true` (boolean)'],
    [10n, '`10` (bigint)'],
    [[1, 2], '`2 items` (array)'],
    [{ a: 1, b: 2 }, '`{a, b}` (object)'],
  ] as const) {
    it(`shows ${text}`, () => assert.equal(show(value), text))
  }

  it('never throws and never gets long', () => {
    fc.assert(fc.property(fc.anything(), (value) => assert.ok(show(value).length < 120)))
    assert.ok(show('x'.repeat(1e6)).length < 120)
  })
})

describe('the error table', () => {
  const codes = Object.keys(ERROR_TABLE) as ErrorCode[]

  it('has all codes of the contract', () => {
    for (const code of [
      'CONFIG_INVALID',
      'INPUT_INVALID',
      'TIMEOUT',
      'ABORTED',
      'AUTH_REJECTED',
      'AUTH_UNAVAILABLE',
      'CXONE_UNAUTHORIZED',
      'CXONE_FORBIDDEN',
      'CXONE_NOT_FOUND',
      'CXONE_BAD_REQUEST',
      'CXONE_CONFLICT',
      'CXONE_RATE_LIMITED',
      'CXONE_SERVER_ERROR',
      'CXONE_UNREACHABLE',
      'CXONE_UNEXPECTED_RESPONSE',
      'DNS_NXDOMAIN',
      'DNS_TIMEOUT',
      'DNS_SERVFAIL',
      'DNS_REFUSED',
      'DNS_MALFORMED',
      'DNS_CNAME_LOOP',
      'DNS_CNAME_TOO_LONG',
      'DNS_DNSSEC_BOGUS',
      'DNS_DNSSEC_INSECURE',
      'DNS_DNSSEC_INDETERMINATE',
      'DNS_RATE_LIMITED',
      'SCHEMA_INVALID',
      'SCHEMA_UNAVAILABLE',
      'UUID_INVALID',
      'UUID_COLLISIONS',
      'CONNECTOR_INVALID',
      'PG_PARAM_MISSING',
      'PG_PARAM_TYPE',
      'PG_SCHEMA_DRIFT',
      'PG_COST_EXCEEDED',
      'PG_LOCKED',
      'PG_DEADLOCK',
      'PG_SERIALIZATION',
      'PG_STATEMENT_TIMEOUT',
      'PG_CONSTRAINT',
      'PG_UNAVAILABLE',
      'PG_POOL_EXHAUSTED',
      'PG_TOO_MANY_ROWS',
      'PG_RESULT_INVALID',
      'PG_SYNTAX',
      'PG_FAILED',
      'WEBHOOK_BLOCKED_ADDRESS',
      'WEBHOOK_REJECTED',
      'WEBHOOK_DEAD',
      'AUDIT_UNAVAILABLE',
      'STATE_UNAVAILABLE',
    ]) {
      assert.ok(Object.hasOwn(ERROR_TABLE, code), code)
    }
  })

  it('says for each code what went wrong and what to do', () => {
    for (const code of codes) {
      const { summary, fix } = ERROR_TABLE[code]
      assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
      assert.ok(summary.length > 8 && fix.length > 8, code)
    }
  })

  it('is what docs/errors.md shows', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/error-docs.mjs', '--check'], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  })
})
