import type { CxoneAccess } from '../../lib/cxone/access.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput } from '../adapter/on-input.ts'
import { writeStep } from '../adapter/step.ts'
import { placeOf, typedReader } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'

/** `cxone-request`: any call of CXone's API, page by page if told so. */
export default function register(RED: NodeAPI): void {
  function CxoneRequest(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, async () => {
      const { auth, method, path, params, query, headers, body, paginate, timeoutMs } = parseConfig(def)
      const read = typedReader(RED, this, { path, params, query, headers, body })
      const places = {
        path: placeOf(path, 'path'),
        params: placeOf(params, 'params'),
        query: placeOf(query, 'query'),
        headers: placeOf(headers, 'headers'),
        body: placeOf(body, 'body'),
      }
      const { client } = await useConfig<CxoneAccess>(RED, auth, 'cxone-auth', 'auth')
      const { readRequest, sendRequest } = await import('../../lib/cxone/request.ts')
      return async (msg, context) => {
        const call = {
          ...readRequest(method, await read(msg), places),
          timeoutMs,
          signal: context.signal,
          correlationId: context.correlationId,
          onRetry: (attempt: number) => context.degraded(`retry ${attempt}`),
        }
        context.audit({ subject: `${method} ${call.path.split('?')[0]}` })
        const { payload, answer, step } = await sendRequest(client, call, paginate)
        const { attempts, latencyMs } = answer
        context.audit({ attempts, latencyMs, details: step })
        context.summary(`${answer.status}, ${Math.round(answer.latencyMs)} ms`)
        msg.payload = payload
        msg['statusCode'] = answer.status
        msg['headers'] = answer.headers
        return writeStep(msg, 'request', step)
      }
    })
  }
  RED.nodes.registerType('cxone-request', CxoneRequest)
}
