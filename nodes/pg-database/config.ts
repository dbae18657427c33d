import { integer, nodeId, oneOf, parseFields, text, type Parsed } from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import { configError } from '../../lib/errors.ts'

/** What a node has whose settings were left as they are. */
export const POOL_MAX = 10

/** The properties of `pg-database`. Those of the other mode play no part. */
export const fields = {
  version: version(),
  mode: oneOf(['embedded', 'server'], 'embedded'),
  dataDir: text({
    max: 1024,
    pattern: /^(memory:\/\/|(?!memory:)[^\0]*[^\0/\\.\s][/\\]?)$/,
    form: 'a folder or memory://',
  }),
  initSql: text({ max: 1_000_000, pattern: /^[^\0]*$/, form: 'SQL without NUL characters' }),
  host: text({
    default: 'localhost',
    max: 255,
    pattern: /^[^\s/@?#]+$|^\/[^\0]*$/,
    form: 'a host name or an address',
  }),
  port: integer({ min: 1, max: 65_535, default: 5432 }),
  database: text({ default: 'postgres', max: 63, pattern: /^[^\0]*$/, form: 'the name of a database' }),
  ssl: oneOf(['disable', 'prefer', 'require', 'verify-full'], 'prefer'),
  tls: nodeId(),
  poolMax: integer({ min: 1, max: 1000, default: POOL_MAX }),
  poolMin: integer({ min: 0, max: 1000, default: 0 }),
  idleTimeoutMs: integer({ min: 0, max: 86_400_000, default: 30_000 }),
  connectTimeoutMs: integer({ min: 1, max: 600_000, default: 5000 }),
  maxWaiting: integer({ min: 0, max: 1_000_000, default: 1000 }),
  applicationName: text({
    default: 'cxone-flows',
    max: 63,
    pattern: /^[\x20-\x7e]*$/,
    form: 'plain characters',
  }),
}

const ONLY = {
  embedded: ['dataDir', 'initSql'],
  server: [
    'host',
    'port',
    'database',
    'ssl',
    'tls',
    'poolMax',
    'poolMin',
    'idleTimeoutMs',
    'applicationName',
  ],
} as const

/** Why `poolMin` is wrong beside `poolMax`; undefined when it is not. */
export const poolReason = (poolMin: number, poolMax: number): string | undefined =>
  poolMin > poolMax ? `expected at most \`poolMax\` (${poolMax}), got ${poolMin}` : undefined

/** Reads the stored properties; what the other mode left behind does not matter. @throws `CONFIG_INVALID` */
export function parseConfig(stored: object): Parsed<typeof fields> {
  const { mode } = parseFields({ mode: fields.mode }, stored)
  const unused = ONLY[mode === 'embedded' ? 'server' : 'embedded']
  const config = parseFields(fields, { ...stored, ...Object.fromEntries(unused.map((name) => [name, ''])) })
  const reason = poolReason(config.poolMin, config.poolMax)
  if (reason !== undefined) throw configError('poolMin', `Property \`poolMin\`: ${reason}`)
  return config
}
