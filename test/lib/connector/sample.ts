import type { Connector, RawConnector } from '../../../lib/connector/connector.ts'
import { connectorPayload, type ConnectorPayload } from '../../../lib/connector/payload.ts'

const SAMPLE: Connector = {
  connectorId: 'crm-db',
  connectorName: 'CRM database',
  dbType: 'POSTGRESQL',
  host: 'db.sandbox.test',
  port: 5432,
  database: 'crm',
  driverVersion: '42.6.0',
  pool: { min: 2, max: 15, timeoutS: 25 },
  ssl: true,
  usernameRef: 'VAULT_DB_USERNAME',
  passwordRef: 'VAULT_DB_PASSWORD',
  healthCheck: { enabled: true, query: 'SELECT 1', intervalS: 60, timeoutS: 5 },
  events: [{ eventType: 'CONFIG_UPDATED', webhookUrl: 'https://sink.sandbox.test/webhooks/config' }],
}

/** A right connector, with other fields if wanted. */
export const connector = (other: Partial<RawConnector> = {}): RawConnector => ({ ...SAMPLE, ...other })

/** The wire payload of a right connector. */
export const payload = (other: Partial<Connector> = {}): ConnectorPayload =>
  connectorPayload({ ...SAMPLE, ...other })
