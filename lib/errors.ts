export { show } from './text/show.ts'

/** One row of the error catalogue: what went wrong in general, what to do, and whether a repeat may help. */
interface ErrorEntry {
  readonly summary: string
  readonly fix: string
  readonly retryable: boolean
}

const entry = (summary: string, fix: string, retryable = false): ErrorEntry => ({ summary, fix, retryable })

/**
 * Every code that a node of this palette can fail with. Codes are never renamed nor reused; flows switch on
 * `msg.error.code`. `docs/errors.md` is made from this table.
 */
export const ERROR_TABLE = {
  CONFIG_INVALID: entry(
    'A property of the node is wrong; `details.field` names it',
    'Open the node and correct the marked field',
  ),
  INPUT_INVALID: entry(
    'The message holds a wrong value; `details.path` says where',
    'Correct the flow that fills this place',
  ),
  TIMEOUT: entry('No answer came within `timeoutMs`', 'Check the peer, or raise the time-out', true),
  ABORTED: entry(
    'The flow was stopped or deployed again while the message was in work',
    'Send the message again',
    true,
  ),
  INTERNAL_ERROR: entry('A defect of the palette', 'Report it with the message and the steps that led to it'),
  AUTH_REJECTED: entry(
    'The token endpoint refused the credentials',
    'Correct client id and secret, or access key',
  ),
  AUTH_UNAVAILABLE: entry(
    'The token endpoint did not answer usefully',
    'Check the host names of the profile and try again',
    true,
  ),
  CXONE_UNAUTHORIZED: entry(
    'The API answered 401 even with a new token',
    'Check which tenant and area the credentials belong to',
  ),
  CXONE_FORBIDDEN: entry(
    'The API answered 403: the token lacks a permission',
    'Grant the named scope or role to the client',
  ),
  CXONE_NOT_FOUND: entry('The API answered 404', 'Check the id and the tenant'),
  CXONE_BAD_REQUEST: entry('The API refused the request as wrong', 'Compare the request with `details.body`'),
  CXONE_CONFLICT: entry(
    'The API answered 409 or 412: the thing has changed meanwhile',
    'Read the present state and decide again',
  ),
  CXONE_RATE_LIMITED: entry(
    'The API answered 429 until the retries were used up',
    'Send less often, or raise `maxRetries`',
    true,
  ),
  CXONE_SERVER_ERROR: entry('The API answered 5xx until the retries were used up', 'Try again later', true),
  CXONE_UNREACHABLE: entry(
    'No connection to the API could be made or kept',
    'Check host name, proxy and firewall',
    true,
  ),
  CXONE_UNEXPECTED_RESPONSE: entry(
    'The API answered something that its contract does not allow',
    'See `details.body`; is the path right?',
  ),
  DNS_NXDOMAIN: entry('The name does not exist', 'Check the spelling, and who owns the zone'),
  DNS_TIMEOUT: entry('No DNS server answered in time', 'Check the servers and the firewall', true),
  DNS_SERVFAIL: entry(
    'The DNS server could not resolve the name',
    'See `details.ede`; try another server',
    true,
  ),
  DNS_REFUSED: entry(
    'The DNS server refuses to answer for this name',
    'Use a resolver that serves this network',
  ),
  DNS_MALFORMED: entry('The DNS answer could not be read', 'Try another server or transport', true),
  DNS_CNAME_LOOP: entry(
    'The aliases of the name form a loop',
    'Tell the owner of the zone; `details.cnameChain` shows the loop',
  ),
  DNS_CNAME_TOO_LONG: entry(
    'The name has more aliases in a row than `maxCnameHops`',
    'Shorten the chain, or raise the limit',
  ),
  DNS_DNSSEC_BOGUS: entry(
    'The signatures of the answer are wrong',
    'Do not connect; tell the owner of the zone',
  ),
  DNS_DNSSEC_INSECURE: entry(
    'The zone is not signed, but `dnssecRequired` is on',
    'Sign the zone, or turn `dnssecRequired` off',
  ),
  DNS_DNSSEC_INDETERMINATE: entry(
    'It could not be found out whether the answer is signed',
    'Use a resolver that supports DNSSEC',
    true,
  ),
  DNS_RATE_LIMITED: entry(
    'More questions a minute than `maxQueriesPerMinute`',
    'Raise the limit, or choose to wait',
    true,
  ),
  PIN_MISMATCH: entry(
    '`connectTo` has the addresses of another host than the one that is called',
    'Look up the host of the call; `details` has both names',
  ),
  PIN_EXPIRED: entry(
    'The addresses of `connectTo` are older than their time to live',
    'Look the name up just before the call',
  ),
  PIN_REFUSED: entry(
    'Nothing would check who answers at an address of `connectTo`',
    'Use TLS that verifies certificates, or turn `connectTo` off',
  ),
  SCHEMA_INVALID: entry('The JSON Schema itself is wrong', 'Correct the schema at `details.path`'),
  SCHEMA_UNAVAILABLE: entry(
    'The JSON Schema could not be fetched',
    'Check the data action, the file or the message',
    true,
  ),
  SCHEMA_UNSATISFIABLE: entry(
    'No value was found that matches the JSON Schema',
    'See `details.schemaPath`: simplify this keyword, or give the event as a template',
  ),
  UUID_INVALID: entry(
    'The namespace or name of a name-based UUID is wrong',
    'Give a UUID as namespace and a string as name',
  ),
  UUID_COLLISIONS: entry(
    'More than `maxDuplicates` duplicates were made',
    'Check the source of randomness of this machine',
  ),
  PG_PARAM_MISSING: entry('A required parameter has no value', 'Fill `msg.payload.variables`'),
  PG_PARAM_TYPE: entry('A parameter has the wrong type', 'Correct the value, or the type of the parameter'),
  PG_SCHEMA_DRIFT: entry('Tables or columns are not as the statement needs them', 'See `details.missing`'),
  PG_COST_EXCEEDED: entry('The plan costs more than `maxCost`', 'Add an index, or raise the limit'),
  PG_LOCKED: entry('A lock was not granted in time', 'Try again later', true),
  PG_DEADLOCK: entry('Two transactions waited for each other', 'Try again; take locks in one order', true),
  PG_SERIALIZATION: entry('A concurrent transaction came in between', 'Try again', true),
  PG_STATEMENT_TIMEOUT: entry(
    'The statement ran longer than `statementTimeoutMs`',
    'Add an index, or raise the limit',
  ),
  PG_CONSTRAINT: entry('The change breaks a constraint; `details.constraint` names it', 'Correct the values'),
  PG_UNAVAILABLE: entry('The database cannot be reached', 'Check host, port and credentials', true),
  PG_POOL_EXHAUSTED: entry('Too many messages wait for a connection', 'Raise `poolMax`, or send less', true),
  PG_TOO_MANY_ROWS: entry('More rows than `maxRows` or `maxAffected`', 'Narrow the statement'),
  PG_RESULT_INVALID: entry('A row does not match `resultSchema`', 'See `details.errors`'),
  PG_SYNTAX: entry('The SQL is wrong', 'See `details.position`'),
  PG_FAILED: entry('The database refused the statement', 'See `details.sqlstate`'),
  ENDPOINT_UNAUTHORIZED: entry(
    'The caller gave no credential or a wrong one',
    'Compare the credential of the `action-in` node with the one that the caller sends',
  ),
  ENDPOINT_METHOD: entry('An endpoint was called by another method than POST', 'Call it by POST'),
  ENDPOINT_CONFLICT: entry(
    'The same `Idempotency-Key` came with another request',
    'Give each request a key of its own; only its repeats share it',
  ),
  ENDPOINT_TOO_LARGE: entry(
    'The body of the request is larger than `maxBodyBytes`',
    'Send less, or raise the limit of the `action-in` node',
  ),
  ENDPOINT_UNSUPPORTED: entry(
    'The body of the request has an encoding or character set that is not understood',
    'Send UTF-8, plain or compressed with gzip, deflate or br',
  ),
  ENDPOINT_CONTRACT: entry(
    'The variables do not match the contract of the endpoint; `details.errors` names each place',
    'Correct the request, or the contract of the `action-in` node',
  ),
  ENDPOINT_RATE_LIMITED: entry(
    'More requests in a minute than `rateLimitPerMinute`',
    'Send less often, or raise the limit',
    true,
  ),
  ENDPOINT_BUSY: entry(
    'More requests at a time than `maxInFlight`',
    'Try again in a moment; make the flow faster, or raise the limit',
    true,
  ),
  ENDPOINT_RESPONSE_TOO_LARGE: entry(
    'The answer is larger than `maxResponseBytes`',
    'Select less, truncate, or raise the limit: CXone itself takes 32 KB',
  ),
  ENDPOINT_RESULT_INVALID: entry(
    'The result has no form in JSON',
    'Give `action-out` a payload of plain data',
  ),
  ENDPOINT_FLOW_FAILED: entry(
    'A node of another palette failed while it worked on the request',
    "See the runtime's log, or add a Catch node",
  ),
  CONNECTOR_INVALID: entry('The connector has faults; `details.errors` lists all', 'Correct each of them'),
  CONNECTOR_UNREACHABLE: entry(
    'The database of the connector could not be used; `details.step` says how far it came',
    'Check host, port, firewall and credentials, or turn `preflight` off where only CXone can reach it',
    true,
  ),
  WEBHOOK_BLOCKED_ADDRESS: entry(
    'The host of the webhook has a private or reserved address',
    'Add it to `allowHosts` if it is yours',
  ),
  WEBHOOK_REJECTED: entry('The receiver gave a final refusal', 'Ask the receiver; 410 means: stop sending'),
  WEBHOOK_DEAD: entry('All attempts of the schedule failed', 'Check the receiver and send again'),
  AUDIT_UNAVAILABLE: entry(
    'The audit record could not be written',
    'Free disk space, or check the path and its permissions',
    true,
  ),
  JOURNAL_UNAVAILABLE: entry(
    'The journal of a bulk run could not be written: no further item was started, `details.items` has the others',
    'Free disk space, or check the permissions of the folder `cxone/bulk` of the user directory',
    true,
  ),
  STATE_UNAVAILABLE: entry(
    'The shared state store cannot be reached',
    'Check the store, or allow the fall-back',
    true,
  ),
} as const satisfies Record<string, ErrorEntry>

/** A stable error code of the palette. */
export type ErrorCode = keyof typeof ERROR_TABLE

/** What a {@link PaletteError} carries besides its message. Plain data; never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * The one error class of the palette. `code`, `details` and `cause` are own properties, because Node-RED's Catch
 * node copies only those.
 */
export class PaletteError extends Error {
  override readonly name = 'PaletteError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }

  /** Whether the same call may work a moment later. */
  get retryable(): boolean {
    return ERROR_TABLE[this.code].retryable
  }
}

/** True for a {@link PaletteError}, whichever copy of the module made it. */
export function isPaletteError(error: unknown): error is PaletteError {
  if (!(error instanceof Error) || !('code' in error) || !('details' in error)) return false
  return typeof error.code === 'string' && Object.hasOwn(ERROR_TABLE, error.code)
}

/** A wrong property of a node. @throws never; returns the error to throw. */
export function configError(field: string, message: string, cause?: unknown): PaletteError {
  return new PaletteError('CONFIG_INVALID', message, { details: { field }, cause })
}

/** A wrong value in a message; `path` is the place as users write it (`msg.payload.domain`). */
export function inputError(path: string, message: string, cause?: unknown): PaletteError {
  return new PaletteError('INPUT_INVALID', message, { details: { path }, cause })
}

/** Work that was stopped by a redeploy. */
export function abortedError(what: string, cause?: unknown): PaletteError {
  return new PaletteError('ABORTED', `${what} was stopped because the flow was stopped or deployed again`, {
    cause,
  })
}
