import { configError } from '../errors.ts'
import { SSL_MODES, type ServerAddress, type SslMode } from './server/settings.ts'

/** Modes of libpq that we have no use for, and what to write instead. */
const REPLACED: Readonly<Record<string, string>> = { allow: 'prefer', 'verify-ca': 'verify-full' }

/**
 * Reads a connection URI (PostgreSQL manual, 34.1.1.2): `postgres://user:password@host:port/database?sslmode=require`. What
 * it leaves out is taken from `rest`. Of its parameters `sslmode` is read; `application_name` and others are passed over.
 *
 * @throws `CONFIG_INVALID` (`connectionString`) without a word of it, for it holds a password.
 */
export function parseConnectionString(value: string, rest: ServerAddress): ServerAddress {
  const url = URL.parse(value.trim())
  if (!url || (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')) throw wrong(FORM)
  const mode = url.searchParams.get('sslmode')
  return {
    host: decode(url.hostname).replace(/^\[|\]$/g, '') || rest.host,
    port: url.port === '' ? rest.port : Number(url.port),
    database: decode(url.pathname.slice(1)) || rest.database,
    user: decode(url.username) || rest.user,
    password: decode(url.password) || rest.password,
    ssl: mode === null ? rest.ssl : sslMode(mode),
  }
}

const FORM =
  'expected the form postgres://user:password@host:port/database, with other characters than letters and digits percent-encoded'

const wrong = (reason: string): Error =>
  configError('connectionString', `Property \`connectionString\`: ${reason}`)

function sslMode(mode: string): SslMode {
  const known = SSL_MODES.find((each) => each === mode)
  if (known !== undefined) return known
  const instead = REPLACED[mode]
  throw wrong(
    instead === undefined
      ? `expected sslmode to be one of ${SSL_MODES.join(', ')}`
      : `sslmode ${mode} is not available; use ${instead}`,
  )
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw wrong(FORM)
  }
}
