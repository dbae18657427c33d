import { isObject } from './request-body.ts'

/** One fault of a connector payload. */
export interface PayloadFault {
  /** JSON Pointer. */
  readonly path: string
  readonly message: string
}

const HOST_PORT = String.raw`(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):(\d{1,5})`
const DATABASE = '[A-Za-z0-9_.$-]+'
// Percent-encoded are spaces and what is beyond ASCII, never a character that means something in a URL.
const ENCODED = '(?:[A-Za-z0-9_.$-]|%20|%[89A-F][0-9A-F])+'
// Braces take what is no plain word; an IPv6 address is a property (both as Microsoft's driver documents them).
const BRACED = String.raw`(?:${DATABASE}|\{[\p{L}\p{N}_.$ -]+\})`
const SQL_SERVER = String.raw`(?:${HOST_PORT}|;serverName=([0-9A-Fa-f:.]+);portNumber=(\d{1,5}))`
const VAULT_REFERENCE = /^[A-Z][A-Z0-9_]*$/

/** What each type of database allows: the largest pool, and the form of its JDBC URL. */
const DATABASES: Readonly<
  Record<string, { readonly poolMax: number; readonly url: RegExp; readonly form: string }>
> = {
  DATABASE_POSTGRESQL: {
    poolMax: 50,
    url: new RegExp(String.raw`^jdbc:postgresql://${HOST_PORT}/${ENCODED}(?:\?\S*)?$`),
    form: 'jdbc:postgresql://host:port/database',
  },
  DATABASE_ORACLE: {
    poolMax: 40,
    url: new RegExp(String.raw`^jdbc:oracle:thin:@(?:tcps?:)?//${HOST_PORT}/${DATABASE}(?:\?\S*)?$`),
    form: 'jdbc:oracle:thin:@//host:port/service',
  },
  DATABASE_SQLSERVER: {
    poolMax: 30,
    url: new RegExp(
      String.raw`^jdbc:sqlserver://${SQL_SERVER};(?:\S*;)?databaseName=${BRACED}(?:;\S*)?$`,
      'u',
    ),
    form: 'jdbc:sqlserver://host:port;databaseName=database',
  },
  DATABASE_MYSQL: {
    poolMax: 50,
    url: new RegExp(String.raw`^jdbc:mysql://${HOST_PORT}/${ENCODED}(?:\?\S*)?$`),
    form: 'jdbc:mysql://host:port/database',
  },
}

/** All faults of a connector payload at once; none for a right one. Unknown properties pass. */
export function connectorFaults(
  id: string,
  payload: Readonly<Record<string, unknown>>,
): readonly PayloadFault[] {
  const check = new Checker(payload)
  check.that('/connectorId', payload.connectorId === id, `must be ${id}, as in the path`)
  check.that('/connectorName', isText(payload.connectorName), 'must be a text of 1 to 200 characters')
  const type = DATABASES[typeof payload.connectorType === 'string' ? payload.connectorType : '']
  check.that('/connectorType', type !== undefined, `must be one of ${Object.keys(DATABASES).join(', ')}`)
  checkConnection(check, type)
  checkSecrets(check)
  checkPool(check, type?.poolMax ?? 50)
  const parameterized = check.at('/configuration/securitySettings/enableParameterizedQueries')
  check.that(
    '/configuration/securitySettings/enableParameterizedQueries',
    parameterized === true,
    'must be true',
  )
  checkHealth(check)
  checkEvents(check)
  return check.faults
}

/** The host name in the connection string of a payload that has no faults. */
export function connectorHost(payload: Readonly<Record<string, unknown>>): string {
  const url = new Checker(payload).at('/configuration/connectionString')
  const parts = new RegExp(`//${SQL_SERVER}`).exec(String(url))
  return parts?.[1] ?? parts?.[3] ?? ''
}

class Checker {
  readonly faults: PayloadFault[] = []
  readonly #payload: unknown

  constructor(payload: unknown) {
    this.#payload = payload
  }

  at(path: string): unknown {
    const step = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined)
    return path.split('/').slice(1).reduce(step, this.#payload)
  }

  that(path: string, right: boolean, message: string): void {
    if (!right) this.faults.push({ path, message })
  }

  integer(path: string, min: number, max: number): number | undefined {
    const value = this.at(path)
    const right = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
    this.that(path, right, `must be an integer from ${min} to ${max}`)
    return right ? value : undefined
  }
}

const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= 200

function checkConnection(check: Checker, type: (typeof DATABASES)[string] | undefined): void {
  const url = check.at('/configuration/connectionString')
  const parts = typeof url === 'string' ? type?.url.exec(url) : undefined
  const port = Number(parts?.[2] ?? parts?.[4] ?? 0)
  const form = type?.form ?? 'a JDBC URL of the connector type'
  check.that('/configuration/connectionString', port > 0 && port < 65_536, `must have the form ${form}`)
}

/** Secrets are referred to by the name that they have in the vault, never sent. */
function checkSecrets(check: Checker): void {
  const credentials = check.at('/configuration/credentials')
  const empty = credentials === undefined || (isObject(credentials) && Object.keys(credentials).length === 0)
  check.that('/configuration/credentials', empty, 'must be empty: plaintext secrets are refused')
  for (const name of ['username', 'password']) {
    const path = `/configuration/credentialMasking/${name}`
    const value = check.at(path)
    check.that(
      path,
      typeof value === 'string' && VAULT_REFERENCE.test(value),
      'must be a vault reference like DB_USER',
    )
  }
}

function checkPool(check: Checker, poolMax: number): void {
  const min = check.integer('/configuration/poolSettings/minPoolSize', 0, poolMax)
  const max = check.integer('/configuration/poolSettings/maxPoolSize', 1, poolMax)
  check.integer('/configuration/poolSettings/connectionTimeoutSeconds', 1, 600)
  const ordered = min === undefined || max === undefined || min <= max
  check.that('/configuration/poolSettings/minPoolSize', ordered, 'must not be above maxPoolSize')
}

function checkHealth(check: Checker): void {
  if (check.at('/healthCheck') === undefined || check.at('/healthCheck/enabled') === false) return
  check.that('/healthCheck/enabled', check.at('/healthCheck/enabled') === true, 'must be true or false')
  check.that(
    '/healthCheck/query',
    isText(check.at('/healthCheck/query')),
    'must be a text of 1 to 200 characters',
  )
  check.integer('/healthCheck/intervalSeconds', 5, 86_400)
  check.integer('/healthCheck/timeoutSeconds', 1, 300)
}

function checkEvents(check: Checker): void {
  const events = check.at('/eventSubscriptions')
  if (events === undefined) return
  check.that('/eventSubscriptions', Array.isArray(events), 'must be a list')
  for (const [index, event] of (Array.isArray(events) ? (events as unknown[]) : []).entries()) {
    const { eventType, webhookUrl } = isObject(event) ? event : {}
    check.that(
      `/eventSubscriptions/${index}/eventType`,
      isText(eventType),
      'must be a text of 1 to 200 characters',
    )
    const url = typeof webhookUrl === 'string' && URL.canParse(webhookUrl) ? new URL(webhookUrl) : undefined
    const right = url !== undefined && /^https?:$/.test(url.protocol)
    check.that(`/eventSubscriptions/${index}/webhookUrl`, right, 'must be a URL')
  }
}
