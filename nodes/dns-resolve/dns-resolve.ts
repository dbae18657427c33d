import type { CxoneAccess } from '../../lib/cxone/access.ts'
import type { DnsResult } from '../../lib/dns/result.ts'
import { systemDnsServers } from '../../lib/system.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput, type Prepared } from '../adapter/on-input.ts'
import { writeStep } from '../adapter/step.ts'
import { placeOf, typedReader } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig, type DnsResolveConfig } from './config.ts'

/** `dns-resolve`: looks the records of a domain name up, or of the host of a data action. */
export default function register(RED: NodeAPI): void {
  function DnsResolve(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, () => prepare(RED, this, def))
  }
  RED.nodes.registerType('dns-resolve', DnsResolve)
}

async function prepare(RED: NodeAPI, node: Node, def: NodeDef): Promise<Prepared> {
  const config = parseConfig(def)
  const read = typedReader(RED, node, { domain: config.domain, actionId: config.actionId })
  const access = await findAccess(RED, config)
  const { createDnsResolver } = await import('../../lib/dns/resolver.ts')
  const { factsOf } = await import('../../lib/dns/result.ts')
  const { proofOf } = await import('../../lib/dns/proof.ts')
  const { systemDnsPorts } = await import('../../lib/dns/system-ports.ts')
  const { readRequest } = await import('../../lib/dns/request.ts')
  const { hostOfAction } = await import('../../lib/dns/action-host.ts')
  const resolver = createDnsResolver(await systemDnsPorts(config), {
    ...config,
    ...placesOf(config, access),
  })
  return {
    close: () => resolver.close(),
    handle: async (msg, context) => {
      const { domain, actionId } = await read(msg)
      const asked =
        access && config.source === 'dataAction'
          ? await hostOfAction(access.lookup, actionId, placeOf(config.actionId, 'actionId'), context)
          : domain
      const request = readRequest(asked, placeOf(config.domain, 'domain'), config)
      context.audit({ subject: request.domain })
      const onWait = (): void => context.degraded('rate limit')
      const result = await resolver.resolve(request, { signal: context.signal, onWait })
      context.summary(summaryOf(result))
      msg.payload = result
      const facts = factsOf(result)
      context.audit({ attempts: result.queries, latencyMs: result.latencyMs, details: facts })
      const proof = proofOf(result)
      return writeStep(msg, 'dns', proof ? { ...facts, proof } : facts)
    },
  }
}

function summaryOf({ records, cacheHit }: DnsResult): string {
  const count = Object.values(records).flat().length
  return `${count} ${count === 1 ? 'record' : 'records'}${cacheHit ? ', cached' : ''}`
}

/** The access that look-ups of data actions need; for domains it only matters when it is the sandbox's. */
async function findAccess(
  RED: NodeAPI,
  { auth, source }: DnsResolveConfig,
): Promise<CxoneAccess | undefined> {
  if (source === 'domain' && auth === '') return undefined
  return await useConfig<CxoneAccess>(RED, auth, 'cxone-auth', 'auth')
}

/** With the sandbox's access, its server and its signed root stand in for what is left empty. */
function placesOf(
  { servers, trustAnchors }: DnsResolveConfig,
  access: CxoneAccess | undefined,
): { servers: readonly string[]; trustAnchors: string } {
  const sandbox = servers.length === 0 ? access?.sandbox : undefined
  if (!sandbox) return { servers: servers.length > 0 ? servers : systemDnsServers(), trustAnchors }
  return { servers: [sandbox.dnsServer], trustAnchors: trustAnchors || sandbox.trustAnchor }
}
