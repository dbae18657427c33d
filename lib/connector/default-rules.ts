import type { ConnectorRules } from './rules.ts'

// Letters of any script, digits, `_ . $ -` and single inner spaces: nothing that ends a part of a JDBC URL.
const NAME = {
  pattern: /^(?=.{1,128}$)[\p{L}\p{N}_.$-]+(?: [\p{L}\p{N}_.$-]+)*$/u,
  form: '1 to 128 letters, digits, `_`, `.`, `$`, `-` and inner spaces',
}
const SERVICE = { pattern: /^[A-Za-z0-9_.$-]{1,128}$/, form: '1 to 128 of A-Z, a-z, 0-9, `_`, `.`, `$`, `-`' }

/** The limits and drivers of CXone as they are known; `settings.js` may extend them, see `readRules`. */
export const DEFAULT_RULES: ConnectorRules = {
  POSTGRESQL: { poolMax: 50, drivers: ['42.5.0', '42.6.0'], port: 5432, name: NAME },
  ORACLE: { poolMax: 40, drivers: ['19.18.0', '21.9.0'], port: 1521, name: SERVICE },
  SQLSERVER: { poolMax: 30, drivers: ['12.2.0', '12.4.0'], port: 1433, name: NAME },
  MYSQL: { poolMax: 50, drivers: ['8.0.33', '8.1.0'], port: 3306, name: NAME },
}
