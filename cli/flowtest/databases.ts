import { processHealth } from '../../lib/health/health.ts'
import type { PreparedCase } from './run-case.ts'

/** How long a database may take to open until the case begins all the same, and tells. */
const OPEN_MS = 50_000

/**
 * Waits until the databases of the nodes that work in this case are open: to start one takes seconds, and the case is to
 * see what its callers see later.
 */
export async function databasesOpen({ topology, stubs }: PreparedCase): Promise<void> {
  const working = [...topology.nodes.values()].filter(({ id }) => !stubs.has(id))
  const ids = new Set(working.map(({ stored }) => stored['database']).filter((id) => typeof id === 'string'))
  const databases = [...ids].filter((id) => topology.stored.get(id)?.type === 'pg-database')
  await Promise.all(databases.map(isOpen))
}

async function isOpen(id: string): Promise<void> {
  const end = performance.now() + OPEN_MS
  // Only one that is still being opened does not answer in time; what else is wrong, its nodes tell.
  while ((await processHealth.ask(id))?.detail === 'TIMEOUT' && performance.now() < end);
}
