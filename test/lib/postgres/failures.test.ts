import assert from 'node:assert/strict'
import { serverFailure, unreachable } from '../../../lib/postgres/failures.ts'

const failure = (
  sqlstate: string,
  message = 'anything',
  more: object = {},
): ReturnType<typeof serverFailure> => serverFailure({ severity: 'ERROR', sqlstate, message, ...more })

describe('failures of PostgreSQL', () => {
  it('have the code of their SQLSTATE', () => {
    const codes = {
      '40001': 'PG_SERIALIZATION',
      '40P01': 'PG_DEADLOCK',
      '55P03': 'PG_LOCKED',
      '23505': 'PG_CONSTRAINT',
      '23502': 'PG_CONSTRAINT',
      '42601': 'PG_SYNTAX',
      '42P01': 'PG_SYNTAX',
      '42703': 'PG_SYNTAX',
      '3F000': 'PG_SYNTAX',
      '42501': 'PG_FAILED',
      '28P01': 'PG_UNAVAILABLE',
      '3D000': 'PG_UNAVAILABLE',
      '08006': 'PG_UNAVAILABLE',
      '57P01': 'PG_UNAVAILABLE',
      '57P03': 'PG_UNAVAILABLE',
      '53300': 'PG_UNAVAILABLE',
      '53100': 'PG_FAILED',
      '22012': 'PG_FAILED',
      XX000: 'PG_FAILED',
      '99999': 'PG_FAILED',
    }
    for (const [sqlstate, code] of Object.entries(codes)) {
      const error = failure(sqlstate)
      assert.deepEqual([error.code, error.details['sqlstate']], [code, sqlstate])
      assert.match(error.message, new RegExp(`\\(SQLSTATE ${sqlstate}\\)$`))
    }
  })

  it('tell a time-out from the cancel of an administrator', () => {
    assert.equal(
      failure('57014', 'canceling statement due to statement timeout').code,
      'PG_STATEMENT_TIMEOUT',
    )
    assert.equal(failure('57014', 'canceling statement due to user request').code, 'PG_FAILED')
  })

  it('quote names, but neither values nor SQL', () => {
    assert.match(
      failure('42703', 'column "nme" does not exist', { position: 8 }).message,
      /at character 8: column "nme" does not exist/,
    )
    assert.match(
      failure('42P01', 'relation "crm.customer" does not exist').message,
      /relation "crm.customer"/,
    )
    for (const [sqlstate, message] of [
      ['22P02', 'invalid input syntax for type integer: "secret"'],
      ['42601', 'syntax error at or near "\'secret\'"'],
      ['42703', 'column "x" does not exist \'secret\''],
      ['22003', 'value "secret" is out of range for type integer'],
      ['23514', 'new row for relation "t" violates check constraint "secret"'],
      ['XX000', 'secret'],
    ] as const)
      assert.doesNotMatch(failure(sqlstate, message).message, /secret/)
  })

  it('name the constraint, or the column that must not be null', () => {
    assert.match(
      failure('23505', '', { constraint: 'account_pkey', table: 'account' }).message,
      /constraint `account_pkey` of `account`: a value must be unique/,
    )
    const error = failure('23502', '', { table: 'account', column: 'name' })
    assert.match(error.message, /of `account.name`: a value must not be null/)
    assert.deepEqual([error.details['table'], error.details['column']], ['account', 'name'])
  })

  it('hand on what a RAISE EXCEPTION says, beside the message', () => {
    const error = failure('P0001', 'customer 7 is blocked')
    assert.equal(error.details['raised'], 'customer 7 is blocked')
    assert.doesNotMatch(error.message, /blocked/)
  })

  it('say what is in the way of a connection', () => {
    const error = unreachable('db:5432', Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
    assert.match(error.message, /db:5432: the host name does not exist/)
    assert.deepEqual(error.details, { sqlstate: '08001', reason: 'ENOTFOUND', outcome: 'rolled back' })
    assert.match(unreachable('db:5432', undefined).message, /no connection could be made/)
  })
})
