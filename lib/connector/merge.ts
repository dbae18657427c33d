import {
  CONNECTOR_FIELDS,
  isConnectorField,
  isRecord,
  type ConnectorFault,
  type RawConnector,
} from './connector.ts'
import { REDACTED } from '../redact/redact-text.ts'
import { isVaultReference } from '../redact/vault-reference.ts'
import { pointerSegment } from '../schema/json-pointer.ts'
import { nearest } from './suggest.ts'

/** A connector whose fields a message has overridden, and the fields that it does not have. */
export interface Merged {
  readonly raw: RawConnector
  readonly faults: readonly ConnectorFault[]
}

// What the wire format and other systems call these things.
const MEANT: Readonly<Record<string, string>> = {
  id: 'connectorId',
  name: 'connectorName',
  type: 'dbType',
  connectorType: 'dbType',
  databaseType: 'dbType',
  hostname: 'host',
  server: 'host',
  db: 'database',
  databaseName: 'database',
  serviceName: 'database',
  driver: 'driverVersion',
  poolSettings: 'pool',
  minPoolSize: 'pool.min',
  maxPoolSize: 'pool.max',
  connectionTimeoutSeconds: 'pool.timeoutS',
  sslMode: 'ssl',
  tls: 'ssl',
  eventSubscriptions: 'events',
  intervalSeconds: 'intervalS',
  timeoutSeconds: 'timeoutS',
}
const SECRETS = /^(?:credentials?|credentialMasking|user(?:name)?|pass(?:word|wd)?|pwd|secret)$/i
const NO_VALUE = 'a field that connectors do not have'

/**
 * The node's connector with the fields that a message gives; those of `pool` and `healthCheck` one by one. Fields that
 * connectors do not have are faults: a misspelt one would be lost without a word.
 */
export function mergeConnector(base: RawConnector, given: Readonly<Record<string, unknown>>): Merged {
  const raw: Record<string, unknown> = { ...base }
  const faults: ConnectorFault[] = []
  for (const name of Object.keys(given)) {
    const value = given[name]
    if (!isConnectorField(name)) faults.push(unknownField('', name, Object.keys(CONNECTOR_FIELDS)))
    else if (value === undefined) continue
    else raw[name] = name === 'pool' || name === 'healthCheck' ? withParts(base[name], value) : value
  }
  return { raw: raw as unknown as RawConnector, faults: [...faults, ...unknownParts(given)] }
}

const withParts = (base: unknown, value: unknown): unknown =>
  isRecord(value) && isRecord(base) ? { ...base, ...value } : value

/** The unknown fields of `pool`, `healthCheck` and each of the `events`. */
export function unknownParts(raw: Readonly<Record<string, unknown>>): readonly ConnectorFault[] {
  const faults: ConnectorFault[] = []
  const look = (path: string, value: unknown, known: readonly string[]): void => {
    if (!isRecord(value)) return
    for (const name of Object.keys(value))
      if (!known.includes(name)) faults.push(unknownField(path, name, known))
  }
  look('/pool', raw['pool'], CONNECTOR_FIELDS.pool)
  look('/healthCheck', raw['healthCheck'], CONNECTOR_FIELDS.healthCheck)
  const { events } = raw
  if (Array.isArray(events))
    for (const [index, event] of (events as unknown[]).entries())
      look(`/events/${index}`, event, CONNECTOR_FIELDS.events)
  return faults
}

// The value is not shown: nobody knows what it is.
function unknownField(place: string, name: string, known: readonly string[]): ConnectorFault {
  const path = `${place}/${pointerSegment(name.slice(0, 100))}`
  const expected = `one of ${known.join(', ')}`
  return { path, message: `is no field of a connector; ${advice(name, known)}`, expected, actual: NO_VALUE }
}

function advice(name: string, known: readonly string[]): string {
  if (name === 'connectionString') return 'give `host`, `port` and `database`'
  if (name === 'enableParameterizedQueries' || name === 'securitySettings')
    return 'parameterised queries are always on; `ssl` is the other setting'
  if (SECRETS.test(name))
    return 'secrets are given by their names in the vault: `usernameRef` and `passwordRef`'
  const meant = (Object.hasOwn(MEANT, name) ? MEANT[name] : undefined) ?? nearest(name, known)
  return meant === undefined ? `expected one of ${known.join(', ')}` : `did you mean \`${meant}\`?`
}

/**
 * What a message gives for a connector, without values that may be secrets: those of unknown fields, and what stands in
 * place of a vault reference or of a part of a JDBC URL. For what is kept on a disk; its faults are the same.
 */
export function withoutSecrets(given: unknown): unknown {
  if (isRecord(given))
    return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, keep(name, value)]))
  if (typeof given === 'object' && given !== null) return []
  return typeof given === 'string' ? REDACTED : given
}

function keep(name: string, value: unknown): unknown {
  if (!isConnectorField(name)) return REDACTED
  const parts = CONNECTOR_FIELDS[name]
  if (Array.isArray(value)) return value.map((item: unknown) => keepParts(name, item, parts))
  return keepParts(name, value, parts)
}

const keepParts = (field: string, value: unknown, parts: readonly string[]): unknown =>
  isRecord(value)
    ? Object.fromEntries(
        Object.entries(value).map(([name, part]) => [
          name,
          parts.includes(name) ? keepText(name, part) : REDACTED,
        ]),
      )
    : keepText(field, value)

const FREE_TEXT: readonly string[] = ['connectorId', 'connectorName', 'query', 'eventType']

// Only what is refused in any case is masked: a right value is needed as it is.
function keepText(name: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return {}
  if (typeof value !== 'string' || FREE_TEXT.includes(name)) return value
  if (name === 'usernameRef' || name === 'passwordRef') return isVaultReference(value) ? value : REDACTED
  const isUnfit = name === 'webhookUrl' ? /:\/\/[^/?#]*@/.test(value) : /[@;=?&/]/.test(value)
  return isUnfit ? REDACTED : value
}
