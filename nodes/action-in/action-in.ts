import type { EndpointCall } from '../../lib/endpoint/endpoint.ts'
import { processExchanges } from '../../lib/endpoint/exchange.ts'
import { readContract } from '../../lib/endpoint/contract-text.ts'
import { simulatePathOf } from '../../lib/endpoint/path.ts'
import { configError } from '../../lib/errors.ts'
import { systemClock } from '../../lib/system.ts'
import { onRequest, type RequestTools, type Served, type ServedPaths } from '../adapter/on-request.ts'
import type { Message, Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'

/** `action-in`: the HTTP endpoint that CXone calls. */
export default function register(RED: NodeAPI): void {
  function ActionIn(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onRequest(
      RED,
      this,
      def,
      () => pathsOf(RED, this, def),
      (tools) => open(this, def, tools),
    )
  }
  RED.nodes.registerType('action-in', ActionIn, {
    credentials: { user: { type: 'text' }, secret: { type: 'password' } },
  })
}

function pathsOf(RED: NodeAPI, { id, name = '' }: Node, def: NodeDef): ServedPaths {
  const { contract, ...config } = parseConfig(def)
  const { path, simulate } = config
  const { httpNodeRoot, httpAdminRoot, disableEditor } = RED.settings as unknown as Record<string, unknown>
  if (httpNodeRoot === false)
    throw configError('path', 'Property `path`: this runtime serves no HTTP nodes (`httpNodeRoot: false`)')
  const hasEditor = disableEditor !== true && httpAdminRoot !== false
  return {
    path,
    simulatePath: simulate && hasEditor ? simulatePathOf(path) : undefined,
    description: { ...config, id, name, contract: readContract(contract) },
  }
}

async function open(node: Node, def: NodeDef, tools: RequestTools): Promise<Served> {
  const config = parseConfig(def)
  const { Endpoint } = await import('../../lib/endpoint/endpoint.ts')
  const { compileContract } = await import('../../lib/endpoint/contract.ts')
  const { newCorrelationId } = await import('../../lib/correlation/correlation.ts')
  const { secret = '', user = '' } = credentialsOf(node)
  const contract = await compileContract(config.contract, config.coerce)
  return new Endpoint(
    { ...config, secret, user },
    {
      clock: systemClock,
      newId: newCorrelationId,
      exchanges: processExchanges,
      contract,
      record: tools.record,
      send: (call) => tools.send(messageOf(call)),
    },
  )
}

// Node-RED sets none where none was ever given.
const credentialsOf = (node: Node): { readonly secret?: string; readonly user?: string } => ({
  ...node.credentials,
})

function messageOf({ exchange, variables, raw, request, response }: EndpointCall): Message {
  const { id, correlationId, deadline, isSimulated } = exchange
  const endpoint = { id, deadline, replayed: false }
  return {
    _msgid: id,
    payload: { variables, raw },
    req: request,
    res: { _res: response }, // as `http response` takes it
    cxone: { correlationId, endpoint: isSimulated ? { ...endpoint, simulate: true } : endpoint },
  }
}
