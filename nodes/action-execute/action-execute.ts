import { randomUUID } from 'node:crypto'
import type { CxoneAccess } from '../../lib/cxone/access.ts'
import { readActionId } from '../../lib/cxone/action-id.ts'
import type { Execution } from '../../lib/cxone/execute.ts'
import type { Pin } from '../../lib/dns/pin.ts'
import { isList, NodeBulk, type BulkHandler, type BulkTask } from '../adapter/bulk.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput, type Prepared } from '../adapter/on-input.ts'
import { pinReader } from '../adapter/pin.ts'
import { simulateStep, writeStep } from '../adapter/step.ts'
import { placeOf, typedReader } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'

/** What the items of a list share. */
interface Shared {
  readonly id: string
  readonly connectTo?: Pin | undefined
}

/** `action-execute`: runs a data action with the inputs of a message, or with each of a list of inputs. */
export default function register(RED: NodeAPI): void {
  function ActionExecute(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    const runs = new NodeBulk(RED, this)
    onInput(RED, this, def, () => prepare(RED, this, def, runs))
  }
  RED.nodes.registerType('action-execute', ActionExecute)
}

async function prepare(RED: NodeAPI, node: Node, def: NodeDef, runs: NodeBulk): Promise<Prepared> {
  const { auth, actionId, inputs, timeoutMs, connectTo: places, ...settings } = parseConfig(def)
  const read = typedReader(RED, node, { actionId, inputs })
  const readPin = await pinReader(RED, node, places)
  const place = placeOf(inputs, 'inputs')
  const { client, paths } = await useConfig<CxoneAccess>(RED, auth, 'cxone-auth', 'auth')
  const { createExecute } = await import('../../lib/cxone/execute.ts')
  const { bulkReport, executionReport, itemFacts } = await import('../../lib/cxone/execution-report.ts')
  const execute = createExecute({ client, path: paths.execute, newKey: randomUUID })
  const task: BulkTask<unknown, Shared, Execution['values']> = {
    ...settings,
    target: auth,
    subject: (_inputs, { id }) => id,
    work: async (item, { id, connectTo }, { index, ...call }) => {
      const done = await execute(id, item, { ...call, connectTo, timeoutMs, place: `${place}[${index}]` })
      return { ...done, value: done.values, details: itemFacts(done) }
    },
    finish: (msg, report, { id }) => void writeStep(msg, 'execution', bulkReport(id, report)),
  }
  const handle: BulkHandler<unknown, Shared> = async (msg, context, bulk) => {
    const values = await read(msg)
    const id = readActionId(values.actionId, placeOf(actionId, 'actionId'))
    context.audit({ subject: id })
    const connectTo = await readPin(msg)
    if (isList(values.inputs)) return bulk({ items: values.inputs, place, shared: { id, connectTo } })
    const { signal, correlationId } = context
    const onRetry = (attempt: number): void => context.degraded(`retry ${attempt}`)
    const call = { timeoutMs, place, signal, correlationId, onRetry, connectTo }
    const done = await execute(id, values.inputs, call)
    const { step, facts } = executionReport(done)
    context.audit({ attempts: done.attempts, latencyMs: done.latencyMs, details: facts })
    context.summary(`${Math.round(done.latencyMs)} ms`)
    msg.payload = done.values
    return writeStep(msg, 'execution', step)
  }
  return runs.prepare(task, handle, simulateStep('execution'))
}
