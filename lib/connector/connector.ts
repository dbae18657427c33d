import type { DbType } from './rules.ts'

/** A database connector, with the names of the node's properties. */
export interface Connector {
  readonly connectorId: string
  readonly connectorName: string
  readonly dbType: DbType
  /** A host name or IPv4 address in lower case, or an IPv6 address without brackets. */
  readonly host: string
  readonly port: number
  /** Oracle: the service. */
  readonly database: string
  /** Version of the JDBC driver; empty: CXone's choice. */
  readonly driverVersion: string
  readonly pool: { readonly min: number; readonly max: number; readonly timeoutS: number }
  readonly ssl: boolean
  /** Name of the secret in the vault. */
  readonly usernameRef: string
  /** Name of the secret in the vault. */
  readonly passwordRef: string
  readonly healthCheck: {
    readonly enabled: boolean
    readonly query: string
    readonly intervalS: number
    readonly timeoutS: number
  }
  readonly events: readonly { readonly eventType: string; readonly webhookUrl: string }[]
}

/** A connector as it comes, unchecked. */
export type RawConnector = Readonly<Record<keyof Connector, unknown>>

/** One fault of a connector. Shows no secret. */
export interface ConnectorFault {
  /** JSON Pointer to the field (`/pool/max`). */
  readonly path: string
  readonly message: string
  readonly expected: string
  readonly actual: string
}

/** The fields of a connector and of its parts. */
export const CONNECTOR_FIELDS: Readonly<Record<keyof Connector, readonly string[]>> = {
  connectorId: [],
  connectorName: [],
  dbType: [],
  host: [],
  port: [],
  database: [],
  driverVersion: [],
  pool: ['min', 'max', 'timeoutS'],
  ssl: [],
  usernameRef: [],
  passwordRef: [],
  healthCheck: ['enabled', 'query', 'intervalS', 'timeoutS'],
  events: ['eventType', 'webhookUrl'],
}

/** Whether a name is a field of a connector. */
export const isConnectorField = (name: string): name is keyof Connector =>
  Object.hasOwn(CONNECTOR_FIELDS, name)

/** Whether a value is an object with members, and no list or bytes. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)

/** The fields of a connector out of an object that has more. */
export function pickFields(values: Readonly<Record<string, unknown>>): RawConnector {
  const names = Object.keys(CONNECTOR_FIELDS)
  return Object.fromEntries(names.map((name) => [name, values[name]])) as unknown as RawConnector
}
