import type { CxoneAccess, CxoneClient } from '../../lib/cxone/access.ts'
import type { SharedParts } from '../../lib/cxone/request-list.ts'
import type { Pin } from '../../lib/dns/pin.ts'
import { listOf, NodeBulk, type BulkHandler, type BulkTask } from '../adapter/bulk.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput, type Prepared } from '../adapter/on-input.ts'
import { pinReader } from '../adapter/pin.ts'
import { simulateStep, writeStep } from '../adapter/step.ts'
import { placeOf, placesOf, typedReader } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig, type CxoneRequestConfig } from './config.ts'

/** What the items of a list share. */
interface Shared extends SharedParts {
  readonly connectTo?: Pin | undefined
}

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
  const config = parseConfig(def)
  const { auth, method, path, params, query, headers, body, items, paginate, timeoutMs } = config
  const parts = { path, params, query, headers, body }
  const read = typedReader(RED, node, { ...parts, items })
  const readPin = await pinReader(RED, node, config.connectTo)
  const places = placesOf(parts)
  const place = placeOf(items, 'items')
  const { client } = await useConfig<CxoneAccess>(RED, auth, 'cxone-auth', 'auth')
  const { readRequest, sendRequest } = await import('../../lib/cxone/request.ts')
  const { sharedParts } = await import('../../lib/cxone/request-list.ts')
  const handle: BulkHandler<unknown, Shared> = async (msg, context, bulk) => {
    const values = await read(msg)
    const connectTo = await readPin(msg)
    if (config.bulk) {
      const given = listOf(values.items, place)
      return bulk({ items: given, place, shared: { ...sharedParts(values, given), connectTo } })
    }
    const { signal, correlationId } = context
    const onRetry = (attempt: number): void => context.degraded(`retry ${attempt}`)
    const request = readRequest(method, values, places)
    const call = { ...request, connectTo, timeoutMs, signal, correlationId, onRetry }
    context.audit({ subject: `${method} ${call.path.split('?')[0]}` })
    const { payload, answer, step } = await sendRequest(client, call, paginate)
    context.audit({ attempts: answer.attempts, latencyMs: answer.latencyMs, details: step })
    context.summary(`${answer.status}, ${Math.round(answer.latencyMs)} ms`)
    Object.assign(msg, { payload, statusCode: answer.status, headers: answer.headers })
    return writeStep(msg, 'request', step)
  }
  const simulate = isReading(method) ? undefined : simulateStep('request')
  return runs.prepare(await listTask(config, client, place), handle, simulate)
}

/** How the requests of a list are made. */
async function listTask(
  config: CxoneRequestConfig,
  client: CxoneClient,
  place: string,
): Promise<BulkTask<unknown, Shared, unknown>> {
  const { auth, method, paginate, timeoutMs } = config
  const list = await import('../../lib/cxone/request-list.ts')
  const { sendRequest } = await import('../../lib/cxone/request.ts')
  const { itemFacts } = await import('../../lib/cxone/execution-report.ts')
  return {
    ...config,
    target: `${auth} ${method}`, // a run of PUTs never goes on as one of DELETEs
    isRepeatable: list.isRepeatable(method),
    subject: (_item, { path }) => (typeof path === 'string' ? `${method} ${path.split('?')[0]}` : method),
    work: async (item, { connectTo, ...shared }, { index, key, ...call }) => {
      const request = list.readListRequest(method, shared, item, `${place}[${index}]`, key)
      const one = { ...request, ...call, connectTo, timeoutMs }
      const { payload, answer } = await sendRequest(client, one, paginate)
      return { ...answer, value: payload, details: itemFacts(answer) }
    },
    finish: (msg, report) => void writeStep(msg, 'request', list.listReport(method, report)),
  }
}

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD'
