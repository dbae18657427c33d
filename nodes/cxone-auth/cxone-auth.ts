import type { ManagedAccess } from '../../lib/cxone/create-access.ts'
import { configError } from '../../lib/errors.ts'
import { systemClock, systemRandom } from '../../lib/system.ts'
import { adminRoute } from '../adapter/admin-route.ts'
import { provide, useConfig, type Provided, type ReadyCheck } from '../adapter/config-node.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig, parseCredentials } from './config.ts'
import { addCheckRoute } from './check-route.ts'
import { transportOf } from './transport.ts'

/** `cxone-auth`: a tenant's token and API for the nodes that call CXone. Asks for nothing before the first call. */
export default function register(RED: NodeAPI): void {
  const defs = new WeakMap<object, NodeDef>()
  function CxoneAuth(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    defs.set(this, def)
    provide<ManagedAccess>(this, () => open(RED, this, def), hasToken)
  }
  RED.nodes.registerType('cxone-auth', CxoneAuth, {
    credentials: {
      clientId: { type: 'text' },
      clientSecret: { type: 'password' },
      accessKeyId: { type: 'text' },
      accessKeySecret: { type: 'password' },
    },
  })
  addCheckRoute(RED, (id) => {
    const node = RED.nodes.getNode(id) as Node | null
    return node ? defs.get(node) : undefined
  })
  adminRoute(RED, 'post', '/cxone/auth/:id/test', 'cxone.read', async ({ params }) => {
    const id = String(params['id'])
    if (!(RED.nodes.getNode(id) as Node | null))
      throw configError('id', 'This node is not deployed: deploy first, then test')
    return (await useConfig<ManagedAccess>(RED, id, 'cxone-auth', 'id')).describe()
  })
}

async function open(RED: NodeAPI, node: Node, def: NodeDef): Promise<Provided<ManagedAccess>> {
  const settings = parseConfig(def)
  const credentials = parseCredentials((node as { credentials?: unknown }).credentials)
  const transport = transportOf(RED, settings)
  const { openCxoneAccess } = await import('../../lib/cxone/open-access.ts')
  const ports = { clock: systemClock, random: systemRandom }
  const opened = await openCxoneAccess({ settings, credentials, transport, ...ports })
  return { value: opened.access, close: () => opened.close() }
}

const hasToken: ReadyCheck<ManagedAccess> = async (access, signal) => {
  await access.describe(signal)
  return { ok: true }
}
