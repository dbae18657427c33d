import type { CxoneAccess } from '../../lib/cxone/access.ts'
import type { SharedParts } from '../../lib/cxone/request-list.ts'
import { listOf, NodeBulk, type BulkHandler, type BulkTask } from '../adapter/bulk.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput, type Prepared } from '../adapter/on-input.ts'
import { simulateStep, writeStep } from '../adapter/step.ts'
import { placeOf, placesOf, typedReader } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'

/** `cxone-request`: any call of CXone's API, page by page if told so, or once for each item of a list. */
export default function register(RED: NodeAPI): void {
  function CxoneRequest(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    const runs = new NodeBulk(RED, this)
    onInput(RED, this, def, () => prepare(RED, this, def, runs))
  }
  RED.nodes.registerType('cxone-request', CxoneRequest)
}

async function prepare(RED: NodeAPI, node: Node, def: NodeDef, runs: NodeBulk): Promise<Prepared> {
  const { auth, method, path, params, query, headers, body, items, paginate, timeoutMs, ...settings } =
    parseConfig(def)
  const parts = { path, params, query, headers, body }
  const read = typedReader(RED, node, { ...parts, items })
  const places = placesOf(parts)
  const place = placeOf(items, 'items')
  const { client } = await useConfig<CxoneAccess>(RED, auth, 'cxone-auth', 'auth')
  const { readRequest, sendRequest } = await import('../../lib/cxone/request.ts')
  const list = await import('../../lib/cxone/request-list.ts')
  const task: BulkTask<unknown, SharedParts, unknown> = {
    ...settings,
    target: `${auth} ${method}`, // a run of PUTs never goes on as one of DELETEs
    isRepeatable: list.isRepeatable(method),
    subject: (_item, { path }) => (typeof path === 'string' ? `${method} ${path.split('?')[0]}` : method),
    work: async (item, shared, { index, key, ...call }) => {
      const request = list.readListRequest(method, shared, item, `${place}[${index}]`, key)
      const { payload, answer } = await sendRequest(client, { ...request, ...call, timeoutMs }, paginate)
      return { ...answer, value: payload, details: { status: answer.status } }
    },
    finish: (msg, report) => void writeStep(msg, 'request', list.listReport(method, report)),
  }
  const handle: BulkHandler<unknown, SharedParts> = async (msg, context, bulk) => {
    const values = await read(msg)
    if (settings.bulk) {
      const given = listOf(values.items, place)
      return bulk({ items: given, place, shared: list.sharedParts(values, given) })
    }
    const { signal, correlationId } = context
    const onRetry = (attempt: number): void => context.degraded(`retry ${attempt}`)
    const call = { ...readRequest(method, values, places), timeoutMs, signal, correlationId, onRetry }
    context.audit({ subject: `${method} ${call.path.split('?')[0]}` })
    const { payload, answer, step } = await sendRequest(client, call, paginate)
    context.audit({ attempts: answer.attempts, latencyMs: answer.latencyMs, details: step })
    context.summary(`${answer.status}, ${Math.round(answer.latencyMs)} ms`)
    Object.assign(msg, { payload, statusCode: answer.status, headers: answer.headers })
    return writeStep(msg, 'request', step)
  }
  return runs.prepare(task, handle, isReading(method) ? undefined : simulateStep('request'))
}

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD'
