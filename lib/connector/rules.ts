import { configError, show } from '../errors.ts'
import { DEFAULT_RULES } from './default-rules.ts'

/** The databases that a connector can be of. */
export const DB_TYPES = ['POSTGRESQL', 'ORACLE', 'SQLSERVER', 'MYSQL'] as const
export type DbType = (typeof DB_TYPES)[number]

/** What CXone and the database's driver allow. */
export interface DatabaseRules {
  /** The largest `pool.max`. */
  readonly poolMax: number
  /** Versions of the JDBC driver that CXone has. */
  readonly drivers: readonly string[]
  /** The database's own port, taken where none is given. */
  readonly port: number
  /** Names of databases (of services, for Oracle), and how that is said to a person. */
  readonly name: { readonly pattern: RegExp; readonly form: string }
}

/** The rules of all databases. */
export type ConnectorRules = Readonly<Record<DbType, DatabaseRules>>

/** Whether a word is the name of a database type. */
export const isDbType = (value: unknown): value is DbType => (DB_TYPES as readonly unknown[]).includes(value)

const FIELD = 'connectorRules'
const VERSION = /^\d+(?:\.\d+){0,4}(?:[.-][\w-]+)?$/

/**
 * The built-in rules with what `settings.js` adds (`cxoneFlows.connectorRules`): an object by database type, each with
 * `poolMax` (takes the place of the built-in one) and `drivers` (come on top of them).
 *
 * @example readRules({ POSTGRESQL: { poolMax: 80, drivers: ['42.7.3'] } })
 * @throws `CONFIG_INVALID` with the field `connectorRules`.
 */
export function readRules(added: unknown): ConnectorRules {
  if (added === undefined) return DEFAULT_RULES
  const rules: Record<DbType, DatabaseRules> = { ...DEFAULT_RULES }
  for (const [type, more] of membersOf(added, 'the settings')) {
    if (!isDbType(type)) throw wrong(type, `one of ${DB_TYPES.join(', ')}`, type)
    for (const [name, value] of membersOf(more, type)) {
      if (name === 'poolMax') rules[type] = { ...rules[type], poolMax: readPoolMax(type, value) }
      else if (name === 'drivers') rules[type] = { ...rules[type], drivers: addDrivers(type, value) }
      else throw wrong(`${type}.${name}`, '`poolMax` or `drivers`', name)
    }
  }
  return rules
}

function membersOf(value: unknown, place: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value)
  throw wrong(place, 'an object', value)
}

function readPoolMax(type: DbType, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 10_000) return value
  throw wrong(`${type}.poolMax`, 'an integer from 1 to 10000', value)
}

function addDrivers(type: DbType, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw wrong(`${type}.drivers`, 'a list of versions', value)
  const versions = value.map((version: unknown) => {
    if (typeof version === 'string' && version.length <= 40 && VERSION.test(version)) return version
    throw wrong(`${type}.drivers`, 'versions like `42.7.3`', version)
  })
  return [...new Set([...DEFAULT_RULES[type].drivers, ...versions])]
}

const wrong = (place: string, expected: string, value: unknown): Error =>
  configError(
    FIELD,
    `\`cxoneFlows.${FIELD}\` of settings.js: expected ${expected} at ${place}, got ${show(value)}`,
  )
