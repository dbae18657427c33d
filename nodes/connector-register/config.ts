import { bulkFields } from '../../lib/config/bulk-fields.ts'
import {
  boolean,
  integer,
  json,
  list,
  nodeId,
  oneOf,
  parseFields,
  text,
  type Field,
  type Parsed,
} from '../../lib/config/fields.ts'
import { typed, type TypedField } from '../../lib/config/typed.ts'
import { version } from '../../lib/config/version.ts'
import { isRecord, type Connector } from '../../lib/connector/connector.ts'
import { DB_TYPES } from '../../lib/connector/rules.ts'
import { whyWrong } from '../../lib/connector/validate.ts'
import { show } from '../../lib/errors.ts'
import { isVaultReference } from '../../lib/redact/vault-reference.ts'
import { checkAllowedHost } from '../../lib/webhook/allow-hosts.ts'
import { parseReceiverUrl } from '../../lib/webhook/receiver-url.ts'

const ANY = ['str', 'msg', 'flow', 'global', 'env', 'jsonata'] as const

/** The properties of `connector-register`. */
export const fields = {
  version: version(),
  auth: nodeId(),
  connectorId: typed('str:', ANY),
  connectorName: typed('str:', ANY),
  dbType: oneOf(DB_TYPES, 'POSTGRESQL'),
  host: typed('str:', ANY),
  port: typed('str:', ['str', 'num', 'msg', 'flow', 'global', 'env', 'jsonata']),
  database: typed('str:', ANY),
  driverVersion: text({ max: 40 }),
  pool: parts<Connector['pool']>('pool', { min: 2, max: 10, timeoutS: 30 }),
  ssl: boolean(true),
  usernameRef: reference(),
  passwordRef: reference(),
  healthCheck: parts<Connector['healthCheck']>('healthCheck', {
    enabled: true,
    query: 'SELECT 1',
    intervalS: 60,
    timeoutS: 5,
  }),
  events: json<Connector['events']>([], (value) => whyWrong('events', value)),
  healthTimeoutS: integer({ min: 0, max: 3600, default: 30 }),
  dryRun: boolean(false),
  force: typed('msg:force', ['msg', 'bool', 'flow', 'global', 'env', 'jsonata']),
  preflight: boolean(false),
  vaultUrl: optionalReceiver(),
  allowPrivate: boolean(false),
  allowHosts: list<string>(
    [],
    (item) => checkAllowedHost(item) && `${checkAllowedHost(item)}, got ${show(item)}`,
  ),
  timeoutMs: integer({ min: 1, max: 600_000, default: 10_000 }),
  ...bulkFields({ concurrency: 4, journal: true }),
  audit: nodeId(),
}

/** An object of which a flow file may leave members out. */
function parts<T extends object>(name: 'pool' | 'healthCheck', fallback: T): Field<T> {
  const whole = (value: unknown): unknown => (isRecord(value) ? { ...fallback, ...value } : value)
  const any = json<T>(fallback, (value) => whyWrong(name, whole(value)))
  return { ...any, parse: (value) => whole(any.parse(value)) as T }
}

// What stands here by mistake may be the secret itself: it is not shown.
function reference(): Field<string> {
  return {
    default: '',
    check: (value) =>
      value === undefined ||
      value === null ||
      value === '' ||
      (typeof value === 'string' && isVaultReference(value))
        ? undefined
        : 'expected the name of a secret in the vault, like `VAULT_DB_PASSWORD`; plaintext secrets are refused',
    parse: (value) => (typeof value === 'string' ? value : ''),
  }
}

function optionalReceiver(): TypedField {
  return typed('str:', ANY, (url) => {
    if (url === '' || /^\$\{[^}]+\}$/.test(url)) return undefined
    const parsed = parseReceiverUrl(url)
    return 'reason' in parsed ? parsed.reason : undefined
  })
}

/** What a `connector-register` node is set to. */
export type ConnectorRegisterConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export const parseConfig = (stored: object): ConnectorRegisterConfig => parseFields(fields, stored)
