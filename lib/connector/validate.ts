import { PaletteError, show } from '../errors.ts'
import { redactText } from '../redact/redact-text.ts'
import { isVaultReference } from '../redact/vault-reference.ts'
import { parseReceiverUrl } from '../webhook/receiver-url.ts'
import { isRecord, type Connector, type ConnectorFault, type RawConnector } from './connector.ts'
import { readHost } from './host.ts'
import { unknownParts } from './merge.ts'
import { DB_TYPES, isDbType, type ConnectorRules, type DatabaseRules } from './rules.ts'

const MAX_TEXT = 200
const MAX_EVENTS = 100
const MAX_TIMEOUT_S = 600

/** A checked connector, or all its faults. */
export type Checked =
  { readonly connector: Connector } | { readonly faults: readonly [ConnectorFault, ...ConnectorFault[]] }

/** Checks all fields of a connector and reports all faults together. Secrets in plain text are refused, and not shown. */
export function checkConnector(
  raw: RawConnector,
  rules: ConnectorRules,
  known: readonly ConnectorFault[] = [],
): Checked {
  const faults = new Faults(known)
  const database = isDbType(raw.dbType) ? rules[raw.dbType] : undefined
  if (!database) faults.add('/dbType', `one of ${DB_TYPES.join(', ')}`, raw.dbType)
  const connectorId = Number.isSafeInteger(raw.connectorId) ? String(raw.connectorId) : raw.connectorId
  checkNames(faults, connectorId, raw.connectorName)
  const host = readHost(raw.host)
  if (host === undefined) faults.add('/host', 'a host name or an IP address', raw.host)
  const port = readPort(faults, raw.port, database)
  if (database) checkDatabase(faults, raw, database)
  checkSecurity(faults, raw)
  checkPool(faults, raw.pool, database?.poolMax ?? Infinity)
  checkHealth(faults, raw.healthCheck)
  checkEvents(faults, raw.events)
  const [first, ...rest] = faults.list
  if (first) return { faults: [first, ...rest] }
  const driverVersion = raw.driverVersion ?? ''
  return { connector: { ...raw, connectorId, host, port, driverVersion } as unknown as Connector }
}

/** Why a part of a connector is wrong whatever the rest of it is; undefined where it may be right. For the node's form. */
export function whyWrong(part: 'pool' | 'healthCheck' | 'events', value: unknown): string | undefined {
  const faults = new Faults(unknownParts({ [part]: value }))
  if (part === 'pool') checkPool(faults, value, Infinity)
  else if (part === 'healthCheck') checkHealth(faults, value)
  else checkEvents(faults, value)
  const [first] = faults.list
  return first && `${first.path.slice(1)}: ${first.message}`
}

/** The error of a connector with faults: `CONNECTOR_INVALID`, all of them in `details.errors`. */
export function connectorError(id: unknown, faults: readonly ConnectorFault[]): PaletteError {
  const which = typeof id === 'string' && id !== '' && id.length <= MAX_TEXT ? ` \`${redactText(id)}\`` : ''
  const told = faults.slice(0, 5).map(({ path, message }) => `${path} ${message}`)
  const more = faults.length > 5 ? ` and ${faults.length - 5} more` : ''
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`
  return new PaletteError('CONNECTOR_INVALID', `Connector${which} has ${count}: ${told.join('; ')}${more}`, {
    details: { errors: faults },
  })
}

class Faults {
  #list: ConnectorFault[] | undefined

  constructor(known: readonly ConnectorFault[]) {
    if (known.length > 0) this.#list = [...known]
  }

  get list(): readonly ConnectorFault[] {
    return this.#list ?? []
  }

  add(path: string, expected: string, value: unknown): void {
    this.put(path, expected, shown(value))
  }

  put(path: string, expected: string, actual: string): void {
    this.#list ??= []
    this.#list.push({ path, message: `expected ${expected}, got ${actual}`, expected, actual })
  }

  integer(path: string, value: unknown, min: number, max: number): void {
    if (isInteger(value, min, max)) return
    this.add(
      path,
      max === Infinity ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`,
      value,
    )
  }
}

const isInteger = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max

// What is no right value may be anything: a whole connection string with its password, for one.
const shown = (value: unknown): string =>
  show(typeof value === 'string' ? redactText(value).replace(/^.*@/s, '[redacted]@') : value)

// No control characters, which have no business in a name, and no half surrogate pairs, which no JSON can hold.
const UNFIT = /[\p{Cc}\p{Cs}]/u
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TEXT && value.trim() !== '' && !UNFIT.test(value)
const TEXT_FORM = `a text of 1 to ${MAX_TEXT} characters`

function checkNames(faults: Faults, connectorId: unknown, connectorName: unknown): void {
  if (!isText(connectorId)) faults.add('/connectorId', TEXT_FORM, connectorId)
  else if (/^\.{1,2}$/.test(connectorId) || connectorId !== connectorId.trim())
    faults.add('/connectorId', 'an id that is not `.` or `..` and has no spaces around it', connectorId)
  if (!isText(connectorName)) faults.add('/connectorName', TEXT_FORM, connectorName)
}

// A form or an environment variable gives text; an empty one means the database's own port.
function readPort(faults: Faults, value: unknown, database: DatabaseRules | undefined): unknown {
  if (value === '' || value === undefined) return database?.port
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value
  faults.integer('/port', port, 1, 65_535)
  return port
}

function checkDatabase(faults: Faults, raw: RawConnector, { name, drivers }: DatabaseRules): void {
  const { database, driverVersion } = raw
  if (typeof database !== 'string' || !name.pattern.test(database))
    faults.add('/database', `a name of ${name.form}`, database)
  if (driverVersion === '' || driverVersion === undefined) return
  if (typeof driverVersion !== 'string' || !drivers.includes(driverVersion))
    faults.add('/driverVersion', `one of ${drivers.join(', ')} for ${String(raw.dbType)}`, driverVersion)
}

function checkSecurity(faults: Faults, { ssl, usernameRef, passwordRef }: RawConnector): void {
  if (typeof ssl !== 'boolean') faults.add('/ssl', 'true or false', ssl)
  checkReference(faults, '/usernameRef', usernameRef)
  checkReference(faults, '/passwordRef', passwordRef)
}

function checkReference(faults: Faults, path: string, value: unknown): void {
  if (typeof value === 'string' && value.length <= MAX_TEXT && isVaultReference(value)) return
  const actual = value === '' || value === undefined ? 'nothing' : 'something else, which is not shown'
  faults.put(
    path,
    `the name of a secret in the vault, like \`VAULT_DB_PASSWORD\` (plaintext secrets are refused)`,
    actual,
  )
}

function checkPool(faults: Faults, pool: unknown, limit: number): void {
  if (!isRecord(pool)) {
    faults.add('/pool', 'an object with min, max and timeoutS', pool)
    return
  }
  const { min, max, timeoutS } = pool
  faults.integer('/pool/min', min, 0, limit)
  faults.integer('/pool/max', max, 1, limit)
  if (typeof min === 'number' && typeof max === 'number' && min > max)
    faults.put('/pool/min', 'at most `pool.max`', `${min} with a \`pool.max\` of ${max}`)
  faults.integer('/pool/timeoutS', timeoutS, 1, MAX_TIMEOUT_S)
}

function checkHealth(faults: Faults, check: unknown): void {
  if (!isRecord(check)) {
    faults.add('/healthCheck', 'an object with enabled, query, intervalS and timeoutS', check)
    return
  }
  const { enabled, query, intervalS, timeoutS } = check
  if (typeof enabled !== 'boolean') faults.add('/healthCheck/enabled', 'true or false', enabled)
  if (!isText(query)) faults.add('/healthCheck/query', TEXT_FORM, query)
  faults.integer('/healthCheck/intervalS', intervalS, 5, 86_400)
  faults.integer('/healthCheck/timeoutS', timeoutS, 1, 300)
}

function checkEvents(faults: Faults, events: unknown): void {
  if (!Array.isArray(events) || events.length > MAX_EVENTS) {
    faults.add('/events', `a list of at most ${MAX_EVENTS} subscriptions`, events)
    return
  }
  for (let index = 0; index < events.length; index += 1) checkEvent(faults, `/events/${index}`, events[index])
}

// Many connectors tell the same receiver, and reading a URL takes as long as all other checks together.
let lastRight: unknown

function checkEvent(faults: Faults, path: string, event: unknown): void {
  if (!isRecord(event)) {
    faults.add(path, 'an object with eventType and webhookUrl', event)
    return
  }
  if (!isText(event['eventType'])) faults.add(`${path}/eventType`, TEXT_FORM, event['eventType'])
  const url = event['webhookUrl']
  const parsed = typeof url === 'string' && url === lastRight ? undefined : parseReceiverUrl(url)
  // The URL is not shown: its path may be a secret.
  if (parsed && 'reason' in parsed)
    faults.put(`${path}/webhookUrl`, 'the URL of a receiver', `something else: ${parsed.reason}`)
  else lastRight = url
}
