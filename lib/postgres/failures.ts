import { PaletteError, type ErrorCode, type ErrorDetails } from '../errors.ts'
import type { ServerReport } from './wire/message-reader.ts'

/** Whether work whose connection was lost may have been committed. */
export type Outcome = 'rolled back' | 'unknown'

/**
 * The failure that PostgreSQL reports, by its SQLSTATE (PostgreSQL manual, appendix A). `details` has `sqlstate`,
 * `severity` and, where PostgreSQL tells them, `position`, `schema`, `table`, `column`, `constraint`; `raised` is the text
 * of a `RAISE EXCEPTION`. Messages hold neither SQL nor rows: what PostgreSQL's own messages quote of these is left out,
 * and its DETAIL, HINT and CONTEXT go nowhere.
 */
export function serverFailure(report: ServerReport, more: ErrorDetails = {}): PaletteError {
  const { sqlstate, message, ...rest } = report
  const code = codeOf(report)
  const details = { ...rest, sqlstate, ...(sqlstate === 'P0001' ? { raised: message } : {}), ...more }
  return new PaletteError(code, `${describe(code, report)} (SQLSTATE ${sqlstate})`, { details })
}

const BY_STATE: Readonly<Record<string, ErrorCode>> = {
  '25P04': 'PG_STATEMENT_TIMEOUT', // transaction_timeout
  '3D000': 'PG_UNAVAILABLE',
  '3F000': 'PG_SYNTAX',
  '40001': 'PG_SERIALIZATION',
  '40P01': 'PG_DEADLOCK',
  '42501': 'PG_FAILED', // permission denied: nothing is wrong with the SQL
  '53300': 'PG_UNAVAILABLE',
  '55P03': 'PG_LOCKED',
  '57P01': 'PG_UNAVAILABLE',
  '57P02': 'PG_UNAVAILABLE',
  '57P03': 'PG_UNAVAILABLE',
  '57P05': 'PG_UNAVAILABLE',
  '25P03': 'PG_UNAVAILABLE', // idle in a transaction for too long
}

const BY_CLASS: Readonly<Record<string, ErrorCode>> = {
  '08': 'PG_UNAVAILABLE',
  '23': 'PG_CONSTRAINT',
  '28': 'PG_UNAVAILABLE',
  '42': 'PG_SYNTAX',
}

function codeOf({ sqlstate, message }: ServerReport): ErrorCode {
  // An administrator's cancel has the same state as the time-out. Servers that speak another language are not told apart.
  if (sqlstate === '57014') return message.endsWith('user request') ? 'PG_FAILED' : 'PG_STATEMENT_TIMEOUT'
  return BY_STATE[sqlstate] ?? BY_CLASS[sqlstate.slice(0, 2)] ?? 'PG_FAILED'
}

/** What is wrong and what to do, by SQLSTATE or class; PostgreSQL's own words only where they name nothing but objects. */
function describe(code: ErrorCode, report: ServerReport): string {
  const { sqlstate, message } = report
  switch (code) {
    case 'PG_SERIALIZATION':
      return 'A concurrent transaction changed the same rows; run it again'
    case 'PG_DEADLOCK':
      return 'PostgreSQL ended a deadlock by cancelling this transaction; run it again, and take locks in one order'
    case 'PG_LOCKED':
      return 'A lock was not granted within `lockTimeoutMs`; try again later'
    case 'PG_STATEMENT_TIMEOUT':
      return 'The statement ran longer than `statementTimeoutMs`; add an index, or raise the limit'
    case 'PG_CONSTRAINT':
      return describeConstraint(report)
    case 'PG_SYNTAX':
      return `The SQL is wrong${placeOf(report)}${hasOnlyNames(message) ? `: ${message}` : ''}`
    case 'PG_UNAVAILABLE':
      return (
        UNAVAILABLE[sqlstate] ??
        UNAVAILABLE[sqlstate.slice(0, 2)] ??
        'The server gave the connection up; try again'
      )
    default:
      return `PostgreSQL refused the statement: ${REFUSALS[sqlstate] ?? REFUSALS[sqlstate.slice(0, 2)] ?? 'see the SQLSTATE'}${placeOf(report)}`
  }
}

const UNAVAILABLE: Readonly<Record<string, string>> = {
  '28': 'PostgreSQL refused the user or the password; check both, and pg_hba.conf',
  '3D000': 'The database does not exist; check its name',
  '53300': 'PostgreSQL has no connection left; lower `poolMax`, or raise max_connections',
  '57P01': 'The server was shut down or an administrator ended the connection; try again',
  '57P02': 'The server crashed and is starting again; try again',
  '57P03': 'The server is starting or stopping; try again',
}

const REFUSALS: Readonly<Record<string, string>> = {
  '0A000': 'it does not support this, or a table changed under a prepared statement',
  '22': 'a value does not fit',
  '22001': 'a text is too long for its column',
  '22003': 'a number is out of the range of its type',
  '22007': 'a date or time is malformed',
  '22008': 'a date or time is out of range',
  '22012': 'division by zero',
  '22021': 'a text holds bytes that are no character of its encoding',
  '22023': 'a parameter of a function is wrong',
  '22P02': 'a text is no value of the type that it is read as',
  '22P05': 'a text holds a character that the database cannot store',
  '25001': 'it is not allowed inside a transaction',
  '25006':
    'it writes, but the transaction is read-only: untick `readOnly`; on a replica, which only reads, tick it',
  '25P02': 'an earlier statement of the transaction failed',
  '26000': 'the prepared statement is gone; run it again',
  '2D000': 'a procedure ends the transaction, which is not its own; call one that does not',
  '42501': 'the user lacks a permission; GRANT it',
  '53': 'the server is short of memory, disk or connections',
  '54': 'it is too large or too complex',
  '55': 'an object is not in the state that it needs',
  '57014': 'an administrator cancelled it',
  '58': 'the server met a fault of its system',
  P0001: 'it raised an exception; see `details.raised`',
  P0: 'a PL/pgSQL function failed',
  XX: 'an internal fault of PostgreSQL',
}

const CONSTRAINTS: Readonly<Record<string, string>> = {
  '23502': 'must not be null',
  '23503': 'refers to a row that is not there, or is still referred to',
  '23505': 'must be unique',
  '23514': 'breaks a check',
  '23P01': 'conflicts with another row',
}

function describeConstraint({ sqlstate, constraint, table, column }: ServerReport): string {
  const where = [table, column].filter((name) => name !== undefined).join('.')
  const named = constraint === undefined ? 'a constraint' : `constraint \`${constraint}\``
  return `The change breaks ${named}${where === '' ? '' : ` of \`${where}\``}: a value ${CONSTRAINTS[sqlstate] ?? 'is not allowed'}`
}

const placeOf = ({ position }: ServerReport): string =>
  position === undefined ? '' : ` at character ${position}`

// Names in double quotes are told; literals, which PostgreSQL quotes in the same way, only in messages of these forms.
const NAMES =
  /^(column|relation|function|operator|type|schema|table|view|index|missing FROM-clause entry|column reference) .{1,200}$/
const hasOnlyNames = (message: string): boolean =>
  NAMES.test(message) && !message.includes("'") && !/[\n\r]/.test(message)

/** No connection could be made. `endpoint` is `host:port`. */
export function unreachable(endpoint: string, cause: unknown): PaletteError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  const why = (code === undefined ? undefined : NETWORK[code]) ?? 'no connection could be made'
  return new PaletteError('PG_UNAVAILABLE', `PostgreSQL at ${endpoint}: ${why}`, {
    details: {
      sqlstate: '08001',
      ...(code === undefined ? {} : { reason: code }),
      outcome: 'rolled back' satisfies Outcome,
    },
    cause,
  })
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; check host and port, and whether the server runs',
  ENOTFOUND: 'the host name does not exist; check `host`',
  EAI_AGAIN: 'the host name cannot be looked up at the moment; check DNS',
  ETIMEDOUT: 'no answer; check host and firewall',
  ECONNRESET: 'the connection was cut; check what stands between, and `ssl`',
  EHOSTUNREACH: 'the host cannot be reached; check routes and firewall',
  ENETUNREACH: 'the network cannot be reached; check routes and firewall',
}

/** A connection was lost while work was on it. */
export function lostConnection(endpoint: string, outcome: Outcome, cause?: unknown): PaletteError {
  const told =
    outcome === 'rolled back'
      ? 'nothing was changed'
      : 'whether the change was made is not known; check before you repeat it'
  return new PaletteError('PG_UNAVAILABLE', `The connection to PostgreSQL at ${endpoint} was lost: ${told}`, {
    details: { sqlstate: '08006', outcome },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** More callers wait than may; the nearest SQLSTATE is that of too many connections. */
export function poolExhausted(message: string): PaletteError {
  return new PaletteError('PG_POOL_EXHAUSTED', message, { details: { sqlstate: '53300' } })
}
