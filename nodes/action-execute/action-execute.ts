import { randomUUID } from 'node:crypto'
import type { CxoneAccess } from '../../lib/cxone/access.ts'
import { readActionId } from '../../lib/cxone/action-id.ts'
import { systemClock } from '../../lib/system.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput } from '../adapter/on-input.ts'
import { writeStep } from '../adapter/step.ts'
import { placeOf, typedReader } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'

/** `action-execute`: runs a data action with the inputs of a message, or with each of a list of inputs. */
export default function register(RED: NodeAPI): void {
  function ActionExecute(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, async () => {
      const { auth, actionId, inputs, timeoutMs, concurrency } = parseConfig(def)
      const read = typedReader(RED, this, { actionId, inputs })
      const { client, paths } = await useConfig<CxoneAccess>(RED, auth, 'cxone-auth', 'auth')
      const { createExecute } = await import('../../lib/cxone/execute.ts')
      const { runAction } = await import('../../lib/cxone/run-action.ts')
      const execute = createExecute({ client, path: paths.execute, newKey: randomUUID })
      return async (msg, context) => {
        const values = await read(msg)
        const id = readActionId(values.actionId, placeOf(actionId, 'actionId'))
        context.audit({ subject: id })
        const run = { id, inputs: values.inputs, place: placeOf(inputs, 'inputs') }
        const result = await runAction(execute, systemClock, run, {
          timeoutMs,
          concurrency,
          signal: context.signal,
          correlationId: context.correlationId,
          onProgress: (done, total) => context.progress(done, total),
          onRetry: (attempt) => context.degraded(`retry ${attempt}`),
        })
        const { attempts, latencyMs } = result.execution
        context.audit({ attempts, latencyMs, details: result.facts })
        context.summary(result.summary)
        msg.payload = result.payload
        return writeStep(msg, 'execution', result.execution)
      }
    })
  }
  RED.nodes.registerType('action-execute', ActionExecute)
}
