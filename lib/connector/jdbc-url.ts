import type { Connector } from './connector.ts'

/** What a JDBC URL is made of. */
export type JdbcParts = Pick<Connector, 'dbType' | 'host' | 'port' | 'database'>

/**
 * The JDBC URL of a checked connector, in the form that the database's own driver documents. Each part is written so
 * that it cannot end: no option can be added through it.
 *
 * - PostgreSQL and MySQL: a URI, the name percent-encoded (both drivers decode it).
 * - Oracle: the thin driver's Easy Connect form with a service name.
 * - SQL Server: properties, the name in braces where it is no plain word; IPv6 addresses as the property `serverName`.
 */
export function jdbcUrl({ dbType, host, port, database }: JdbcParts): string {
  const isIpv6 = host.includes(':')
  const authority = isIpv6 ? `[${host}]:${port}` : `${host}:${port}`
  switch (dbType) {
    case 'POSTGRESQL':
      return `jdbc:postgresql://${authority}/${percentEncoded(database)}`
    case 'MYSQL':
      return `jdbc:mysql://${authority}/${percentEncoded(database)}`
    case 'ORACLE':
      return `jdbc:oracle:thin:@//${authority}/${database}`
    case 'SQLSERVER':
      return `jdbc:sqlserver://${isIpv6 ? `;serverName=${host};portNumber=${port}` : authority};databaseName=${braced(database)}`
  }
}

const PLAIN = /^[A-Za-z0-9_.$-]+$/

// `$` stays as it is: both drivers take it, and it is common in names.
const percentEncoded = (name: string): string =>
  PLAIN.test(name) ? name : encodeURIComponent(name).replaceAll('%24', '$')

const braced = (name: string): string => (PLAIN.test(name) ? name : `{${name.replaceAll('}', '}}')}}`)
