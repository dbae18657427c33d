import { ERROR_TABLE, isPaletteError, PaletteError, type ErrorCode } from '../errors.ts'
import type { ValidationError } from '../schema/validation-error.ts'

/** What a request is answered with. */
export interface Answer {
  /** The status by what happened. */
  readonly status: number
  /** The status that is sent: 200 where failures are to be told in the body alone. */
  readonly sentStatus: number
  /** One line of JSON. */
  readonly body: string
  /** Undefined for a success. */
  readonly code?: ErrorCode
  readonly headers?: Readonly<Record<string, string>>
}

/** How failures are told: by the status too (`http`), or in the body of a 200 alone (`ok`). */
export type ErrorStatus = 'http' | 'ok'

// What is not here is 500: a fault of the flow or its settings, which the caller cannot help.
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  INPUT_INVALID: 400,
  PG_PARAM_MISSING: 400,
  PG_PARAM_TYPE: 400,
  ENDPOINT_UNAUTHORIZED: 401,
  CXONE_FORBIDDEN: 403,
  ENDPOINT_METHOD: 405,
  ENDPOINT_CONFLICT: 409,
  CXONE_CONFLICT: 409,
  PG_CONSTRAINT: 409,
  PG_DEADLOCK: 409,
  PG_SERIALIZATION: 409,
  ENDPOINT_TOO_LARGE: 413,
  ENDPOINT_UNSUPPORTED: 415,
  ENDPOINT_CONTRACT: 422,
  ENDPOINT_RATE_LIMITED: 429,
  CXONE_RATE_LIMITED: 503,
  DNS_RATE_LIMITED: 503,
  ABORTED: 503,
  CONFIG_INVALID: 503,
  ENDPOINT_BUSY: 503,
  PG_LOCKED: 503,
  PG_UNAVAILABLE: 503,
  PG_POOL_EXHAUSTED: 503,
  AUTH_UNAVAILABLE: 503,
  CXONE_UNREACHABLE: 503,
  CXONE_SERVER_ERROR: 503,
  SCHEMA_UNAVAILABLE: 503,
  AUDIT_UNAVAILABLE: 503,
  JOURNAL_UNAVAILABLE: 503,
  STATE_UNAVAILABLE: 503,
  TIMEOUT: 504,
  PG_STATEMENT_TIMEOUT: 504,
}

// Where the words of the table are meant for those who build the flow.
const PUBLIC_MESSAGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  INPUT_INVALID: 'The request holds a wrong value',
  CONFIG_INVALID: 'The endpoint is not set up correctly',
  TIMEOUT: 'There was no result within the deadline',
  ABORTED: 'The endpoint was stopped or deployed again while it worked on the request',
  INTERNAL_ERROR: 'The endpoint failed',
  ENDPOINT_FLOW_FAILED: 'The flow behind the endpoint failed',
}

const SUCCESS_MESSAGE = 'Data action executed successfully'
const RETRY_AFTER_S = '1'
/** Faults against the contract that an answer names at most. */
const MAX_FAULTS = 20

/** The HTTP status of a failure. */
export const statusOf = (code: ErrorCode): number => STATUS[code] ?? 500

/**
 * A success. `resultJson` is JSON text.
 *
 * @param cut set where rows were left out.
 */
export function successAnswer(
  resultJson: string,
  cut?: { readonly sent: number; readonly total: number },
): Answer {
  const message = cut
    ? `${SUCCESS_MESSAGE}; the first ${cut.sent} of ${cut.total} rows were sent`
    : SUCCESS_MESSAGE
  const more = cut ? `,"truncated":{"sent":${cut.sent},"total":${cut.total}}` : ''
  return {
    status: 200,
    sentStatus: 200,
    body: `{"status":"success","result":${resultJson},"message":"${message}"${more}}`,
  }
}

/** How a failure is told. */
interface FailureOptions {
  readonly correlationId: string
  readonly errorStatus?: ErrorStatus
  /** Whether the message speaks of the caller's own request, and was written for its eyes. */
  readonly isOwn?: boolean
}

/**
 * A failure, without anything of the inside: no SQL, no rows, no hosts, no stack. Only what concerns the caller's own input
 * goes along.
 *
 * @param error a {@link PaletteError}, or whatever else a node failed with.
 */
export function failureAnswer(error: unknown, options: FailureOptions): Answer {
  const { correlationId, errorStatus = 'http', isOwn = false } = options
  const known = isPaletteError(error) ? error : new PaletteError('ENDPOINT_FLOW_FAILED', '')
  const { code } = known
  const message = isOwn ? known.message : publicMessage(code)
  const details = callerDetails(known, isOwn)
  const status = statusOf(code)
  return {
    status,
    sentStatus: errorStatus === 'ok' ? 200 : status,
    body: JSON.stringify({
      status: 'error',
      code,
      message,
      correlationId,
      ...(details ? { details } : {}),
    }),
    code,
    headers: headersOf(known, status),
  }
}

// Behind the first clause, the summaries point to details that a caller does not get.
const publicMessage = (code: ErrorCode): string =>
  PUBLIC_MESSAGES[code] ?? ERROR_TABLE[code].summary.split(/[;:]/, 1)[0] ?? ''

function callerDetails({ code, details }: PaletteError, isOwn: boolean): object | undefined {
  if (code === 'PG_PARAM_MISSING' || code === 'PG_PARAM_TYPE') {
    const { param, expected } = details
    return param === undefined ? undefined : { param: textOf(param), expected: textOf(expected) }
  }
  if (code === 'ENDPOINT_CONTRACT' && isOwn) {
    const errors = details['errors'] as readonly ValidationError[]
    const told = errors.slice(0, MAX_FAULTS)
    return {
      errors: told.map(({ path, keyword, message, expected }) => ({ path, keyword, message, expected })),
    }
  }
  return isOwn && typeof details['path'] === 'string' ? { path: details['path'] } : undefined
}

// The details of a caught failure have passed through the flow: they may be anything.
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.slice(0, 200) : undefined

function headersOf({ details }: PaletteError, status: number): Record<string, string> {
  if (status === 503 || status === 429) {
    const { retryAfterMs } = details
    return {
      'retry-after':
        typeof retryAfterMs === 'number' ? String(Math.ceil(retryAfterMs / 1000)) : RETRY_AFTER_S,
    }
  }
  if (status === 405) return { allow: 'POST' }
  const { challenge } = details
  return status === 401 && typeof challenge === 'string' ? { 'www-authenticate': challenge } : {}
}
