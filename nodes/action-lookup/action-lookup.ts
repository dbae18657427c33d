import type { CxoneAccess } from '../../lib/cxone/access.ts'
import { readActionId } from '../../lib/cxone/action-id.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput } from '../adapter/on-input.ts'
import { writeStep } from '../adapter/step.ts'
import { placeOf, typedReader } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'

/** `action-lookup`: the definition of a data action, from CXone or from memory. */
export default function register(RED: NodeAPI): void {
  function ActionLookup(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, async () => {
      const { auth, actionId, refresh, cacheTtlS } = parseConfig(def)
      const read = typedReader(RED, this, { actionId, refresh })
      const { lookup } = await useConfig<CxoneAccess>(RED, auth, 'cxone-auth', 'auth')
      return async (msg, context) => {
        const values = await read(msg)
        const id = readActionId(values.actionId, placeOf(actionId, 'actionId'))
        context.audit({ subject: id })
        const { signal, correlationId } = context
        const again = values.refresh === true || values.refresh === 'true'
        const entry = await lookup(id, { cacheTtlS, refresh: again, signal, correlationId })
        const { definition, endpointUrl, hostname, cacheHit, attempts, latencyMs } = entry
        context.audit({ attempts, latencyMs, details: { hostname, cacheHit } })
        context.summary(cacheHit ? 'from memory' : `${Math.round(latencyMs)} ms`)
        msg.payload = structuredClone(definition) // flows change what they get; the cached one must stay
        return writeStep(msg, 'dataAction', { id, endpointUrl, hostname, cacheHit, latencyMs, attempts })
      }
    })
  }
  RED.nodes.registerType('action-lookup', ActionLookup)
}
