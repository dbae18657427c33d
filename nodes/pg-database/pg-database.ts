import { join } from 'node:path'
import { configError } from '../../lib/errors.ts'
import type { KnownDatabase } from '../../lib/postgres/facts.ts'
import { answers, openDatabase, testConnection } from '../../lib/postgres/open-database.ts'
import { adminRoute } from '../adapter/admin-route.ts'
import { provide, useConfig, type Provided } from '../adapter/config-node.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { readSettings } from './settings.ts'

/** `pg-database`: a PostgreSQL database for the nodes that refer to it. Connects with the first statement. */
export default function register(RED: NodeAPI): void {
  function PgDatabase(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    provide<KnownDatabase>(this, () => open(RED, this, def), answers)
  }
  RED.nodes.registerType('pg-database', PgDatabase, {
    credentials: {
      user: { type: 'text' },
      password: { type: 'password' },
      connectionString: { type: 'password' },
    },
  })
  adminRoute(RED, 'post', '/cxone/pg-database/:id/test', 'cxone.read', async ({ params }) => {
    const id = String(params['id'])
    if (!(RED.nodes.getNode(id) as Node | null))
      throw configError('id', 'This node is not deployed: deploy first, then test')
    return testConnection(await useConfig<KnownDatabase>(RED, id, 'pg-database', 'id'))
  })
}

async function open(RED: NodeAPI, node: Node, def: NodeDef): Promise<Provided<KnownDatabase>> {
  const settings = readSettings(RED, def, (node as { credentials?: unknown }).credentials)
  const database = await openDatabase(settings, {
    log: { info: (text) => node.log(text), warn: (text) => node.warn(text) },
    workerFile: join(__dirname, '../../lib/postgres/embedded/worker.js'),
  })
  return { value: database, close: () => database.close() }
}
