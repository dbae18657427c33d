import {
  boolean,
  integer,
  json,
  list,
  nodeId,
  oneOf,
  parseFields,
  type Field,
  type Parsed,
} from '../../lib/config/fields.ts'
import { optionalTyped } from '../../lib/config/typed.ts'
import { version } from '../../lib/config/version.ts'
import { show } from '../../lib/errors.ts'
import { ISOLATION_LEVELS, type Isolation } from '../../lib/postgres/driver.ts'
import { whyNoTemplate } from '../../lib/postgres/template/parse-template.ts'
import { whyNoSchema, type JsonSchema } from '../../lib/schema/json-schema.ts'
import { paramsField } from './params.ts'

export { paramValue } from './params.ts'

/** The properties of `pg-action`. */
export const fields = {
  version: version(),
  database: nodeId(),
  sql: statement(),
  params: paramsField(),
  transaction: transaction(),
  statementTimeoutMs: integer({ min: 0, max: 86_400_000, default: 2000 }),
  lockTimeoutMs: integer({ min: 0, max: 86_400_000, default: 1000 }),
  maxRetries: integer({ min: 0, max: 20, default: 3 }),
  baseDelayMs: integer({ min: 0, max: 600_000, default: 500 }),
  drift: list<Need>([], whyNoNeed),
  maxCost: integer({ min: 0, max: 1_000_000_000_000, default: 1000 }),
  maxRows: integer({ min: 1, max: 10_000_000, default: 10_000 }),
  maxAffected: integer({ min: 0, max: 1_000_000_000, default: 0 }),
  resultSchema: rowSchema(),
  mode: oneOf(['execute', 'rehearse', 'explain'], 'execute'),
  result: oneOf(['rows', 'first', 'stream'], 'rows'),
  batchSize: integer({ min: 1, max: 100_000, default: 1000 }),
  connectTo: optionalTyped(['msg', 'json', 'flow', 'global', 'jsonata']),
  audit: nodeId(),
}

/** What a `pg-action` node is set to. */
export type PgActionConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export const parseConfig = (stored: object): PgActionConfig => parseFields(fields, stored)

/** How the statement's transaction runs. */
interface TransactionConfig {
  readonly isolation: Isolation
  readonly readOnly: boolean
}

/** A table that must be there, with columns that it must have. */
interface Need {
  /** As SQL writes it: `orders`, `sales.orders`. */
  readonly table: string
  readonly columns: readonly string[]
}

/** PostgreSQL takes more; a statement of that size was put together from data, which belongs into parameters. */
const MAX_SQL_CHARACTERS = 1_000_000

function statement(): Field<string> {
  return {
    default: '',
    check: (value = '') => {
      if (typeof value !== 'string') return `expected a statement, got ${show(value)}`
      if (value.length > MAX_SQL_CHARACTERS)
        return `expected at most ${MAX_SQL_CHARACTERS} characters, got ${value.length}`
      return whyNoTemplate(value)
    },
    parse: (value) => value as string,
  }
}

function transaction(): Field<TransactionConfig> {
  const isolation = oneOf(ISOLATION_LEVELS, 'read committed')
  const readOnly = boolean(false)
  const stored = json<Partial<Record<keyof TransactionConfig, unknown>>>({}, (value) => {
    if (!isObject(value)) return `expected {isolation, readOnly}, got ${show(value)}`
    const wrong = isolation.check(value['isolation'])
    if (wrong) return `\`isolation\`: ${wrong}`
    const reason = readOnly.check(value['readOnly'])
    return reason && `\`readOnly\`: ${reason}`
  })
  const parse = (value: unknown): TransactionConfig => {
    const given = stored.parse(value)
    return { isolation: isolation.parse(given.isolation), readOnly: readOnly.parse(given.readOnly) }
  }
  return { default: parse({}), check: stored.check, parse }
}

function rowSchema(): Field<JsonSchema | undefined> {
  const isNone = (value: unknown): boolean =>
    value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
  return {
    default: undefined,
    check: (value) => {
      if (isNone(value)) return undefined
      return typeof value === 'string' ? whyNoSchema(value) : `expected JSON text, got ${show(value)}`
    },
    parse: (value) => (isNone(value) ? undefined : (JSON.parse(value as string) as JsonSchema)),
  }
}

function whyNoNeed(item: unknown): string | undefined {
  if (!isObject(item)) return `expected {table, columns}, got ${show(item)}`
  const { table, columns } = item
  if (!isName(table)) return `expected \`table\` to be the name of a table, got ${show(table)}`
  if (!Array.isArray(columns) || !columns.every(isName))
    return `expected \`columns\` to be a list of names, got ${show(columns)}`
  return undefined
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= 1000 && !value.includes('\0')

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
