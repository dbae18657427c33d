import { resolve } from 'node:path'
import { configError } from '../../lib/errors.ts'
import { parseConnectionString } from '../../lib/postgres/connection-string.ts'
import type { DatabaseSettings } from '../../lib/postgres/open-database.ts'
import type { NodeAPI, NodeDef } from '../adapter/types.ts'
import { transportOf } from '../cxone-auth/transport.ts'
import { parseConfig } from './config.ts'

/**
 * What a `pg-database` node is set to. A database without a folder gets one of its own, by the id of the node.
 *
 * @throws `CONFIG_INVALID` with `details.field`
 */
export function readSettings(RED: NodeAPI, def: NodeDef, credentials: unknown): DatabaseSettings {
  const { mode, dataDir, initSql, tls, ssl, ...config } = parseConfig(def)
  const { connectTimeoutMs, maxWaiting } = config
  if (mode === 'embedded') {
    const folder = dataDir === '' ? `cxone/postgres/${def.id}` : dataDir
    const place = folder === 'memory://' ? folder : resolve(RED.settings.userDir ?? '.', folder)
    return { mode, embedded: { dataDir: place, initSql, maxWaiting, connectTimeoutMs } }
  }
  const { user, password, connectionString } = readCredentials(credentials)
  const { host, port, database } = config
  const given = { host, port, database, user, password, ssl }
  const address = connectionString === '' ? given : parseConnectionString(connectionString, given)
  if (address.user === '')
    throw configError('user', 'Property `user`: expected the name of a database user, but it is empty')
  return { mode, server: { ...config, ...transportOf(RED, { tls, proxy: '' }), ...address } }
}

function readCredentials(stored: unknown): { user: string; password: string; connectionString: string } {
  const { user, password, connectionString } = (stored ?? {}) as Record<string, unknown>
  const plain = (value: unknown): string => (typeof value === 'string' ? value : '')
  return {
    user: plain(user).trim(),
    password: plain(password),
    connectionString: plain(connectionString).trim(),
  }
}
