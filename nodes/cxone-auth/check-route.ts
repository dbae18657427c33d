import { neededCredentials } from '../../lib/auth/endpoints.ts'
import type { ManagedAccess } from '../../lib/cxone/create-access.ts'
import type { DoctorTenant } from '../../lib/doctor/open-doctor.ts'
import { configError, show } from '../../lib/errors.ts'
import { useConfig } from '../adapter/config-node.ts'
import { streamRoute } from '../adapter/stream-route.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig, parseCredentials, type CxoneAuthConfig } from './config.ts'
import { transportOf } from './transport.ts'

/** Milliseconds for each step: a person waits. */
const STEP_MS = 5000

/**
 * The route behind the button Check: examines the hosts of the form as it is, deployed or not. It makes this machine connect to
 * hosts of the editor's choice, as a flow could; so it needs the permission to write.
 *
 * @param deployedDef what the node was deployed with, by its id.
 */
export function addCheckRoute(RED: NodeAPI, deployedDef: (id: string) => NodeDef | undefined): void {
  streamRoute(RED, '/cxone/auth/check', 'cxone.write', async function* (body, signal) {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw configError('profile', `Expected the properties of a cxone-auth node, got ${show(body)}`)
    const { id, action, credentials, ...form } = body as Record<string, unknown>
    const settings = parseConfig(withEnvironment(RED, form, id))
    const deployed = typeof id === 'string' ? deployedDef(id) : undefined
    const isDeployed = deployed !== undefined && isSame(parseConfig(deployed), settings)
    const tenant = await tenantOf(RED, settings, credentials, isDeployed ? String(id) : undefined)
    const { runDoctor } = await import('../../lib/doctor/open-doctor.ts')
    const { reportText } = await import('../../lib/doctor/report.ts')
    const request = {
      software: 'cxone-flows in Node-RED',
      tenant,
      action: typeof action === 'string' ? action.trim() : '',
      route: transportOf(RED, settings),
      isDnssec: true,
      timeoutMs: STEP_MS,
    }
    for await (const event of runDoctor(request, { signal })) {
      yield event.event === 'done' ? { ...event, report: reportText(event.examination) } : event
    }
  })
}

const isSame = (one: CxoneAuthConfig, other: CxoneAuthConfig): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/**
 * Stored credentials are only used at the places that they were deployed for. Others must be in the form: a form that was
 * changed must not lead them elsewhere.
 */
async function tenantOf(
  RED: NodeAPI,
  settings: CxoneAuthConfig,
  typed: unknown,
  deployedId: string | undefined,
): Promise<DoctorTenant> {
  const credentials = parseCredentials(typed)
  const needed = neededCredentials(settings.profile)
  if (needed.length === 0 || needed.every((name) => credentials[name] !== ''))
    return { settings, credentials }
  if (deployedId === undefined) return { settings }
  try {
    return { settings, access: await useConfig<ManagedAccess>(RED, deployedId, 'cxone-auth', 'id') }
  } catch {
    return { settings } // without credentials it has no access
  }
}

/** As Node-RED does at a deploy: a property that is `${NAME}` and nothing else. */
function withEnvironment(
  RED: NodeAPI,
  form: Readonly<Record<string, unknown>>,
  id: unknown,
): Record<string, unknown> {
  const node = typeof id === 'string' ? (RED.nodes.getNode(id) as unknown) : null
  const replaced = Object.entries(form).map(([name, value]) => {
    const isVariable = typeof value === 'string' && /^\$\{\S+\}$/.test(value)
    return [name, isVariable ? RED.util.evaluateNodeProperty(value, 'env', node as Node, {}) : value] as const
  })
  return Object.fromEntries(replaced)
}
