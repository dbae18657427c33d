import type { Connector } from './connector.ts'
import { jdbcUrl } from './jdbc-url.ts'

/** A connector as CXone takes it. Secrets stand in its vault; here are their names. */
export interface ConnectorPayload {
  readonly connectorId: string
  readonly connectorName: string
  readonly connectorType: `DATABASE_${Connector['dbType']}`
  readonly configuration: {
    readonly connectionString: string
    readonly driverVersion?: string
    /** Always empty: plaintext secrets are never sent. */
    readonly credentials: Readonly<Record<string, never>>
    readonly credentialMasking: { readonly username: string; readonly password: string }
    readonly poolSettings: {
      readonly minPoolSize: number
      readonly maxPoolSize: number
      readonly connectionTimeoutSeconds: number
    }
    readonly securitySettings: { readonly enableParameterizedQueries: true; readonly sslMode: boolean }
  }
  readonly healthCheck: {
    readonly enabled: boolean
    readonly query: string
    readonly intervalSeconds: number
    readonly timeoutSeconds: number
  }
  readonly eventSubscriptions: readonly { readonly eventType: string; readonly webhookUrl: string }[]
}

/**
 * The wire payload of a checked connector. The version of the driver is a setting of CXone and no option of any JDBC
 * driver: it stands beside the connection string, not in it.
 */
export function connectorPayload(connector: Connector): ConnectorPayload {
  const { pool, healthCheck, driverVersion } = connector
  return {
    connectorId: connector.connectorId,
    connectorName: connector.connectorName,
    connectorType: `DATABASE_${connector.dbType}`,
    configuration: {
      connectionString: jdbcUrl(connector),
      ...(driverVersion === '' ? {} : { driverVersion }),
      credentials: {},
      credentialMasking: { username: connector.usernameRef, password: connector.passwordRef },
      poolSettings: {
        minPoolSize: pool.min,
        maxPoolSize: pool.max,
        connectionTimeoutSeconds: pool.timeoutS,
      },
      securitySettings: { enableParameterizedQueries: true, sslMode: connector.ssl },
    },
    healthCheck: {
      enabled: healthCheck.enabled,
      query: healthCheck.query,
      intervalSeconds: healthCheck.intervalS,
      timeoutSeconds: healthCheck.timeoutS,
    },
    eventSubscriptions: connector.events.map(({ eventType, webhookUrl }) => ({ eventType, webhookUrl })),
  }
}
