import type { CallLog } from './call-log.ts'
import type { FaultQueue } from './fault-queue.ts'
import { parseFaultScript } from './fault-script.ts'
import { refusal, type Handler, type Reply, type Route, type SandboxRequest } from './http-types.ts'
import { isObject, readJson } from './request-body.ts'
import type { WebhookSink } from './webhook-routes.ts'
import { isPaletteError } from '../errors.ts'

const MAX_SCRIPTS = 100

/** What the admin routes show and change. */
export interface AdminParts {
  readonly calls: CallLog
  readonly faults: FaultQueue
  readonly sink: WebhookSink
  readonly revokeTokens: () => void
  readonly reset: () => void
}

/** Routes under `/sandbox/` for tests and for people: calls, webhooks, faults, reset. No token is asked for. */
export function adminRoutes({ calls, faults, sink, revokeTokens, reset }: AdminParts): Route[] {
  const listFaults = (): Reply => ({ status: 200, body: { faults: faults.list() } })
  const addFaults = (request: SandboxRequest): Reply => {
    readScripts(request).forEach((script) => faults.add(script))
    return listFaults()
  }
  return [
    show('health', () => ({ status: 'ok' })),
    show('requests', () => ({ counts: calls.counts(), requests: calls.list() })),
    change('DELETE', 'requests', () => calls.clear()),
    show('webhooks', () => ({ webhooks: sink.list() })),
    change('DELETE', 'webhooks', () => sink.clear()),
    { name: 'sandbox', method: 'GET', pattern: '/sandbox/faults', handle: listFaults },
    { name: 'sandbox', method: 'POST', pattern: '/sandbox/faults', handle: ownPagesOnly(addFaults) },
    change('DELETE', 'faults', () => faults.clear()),
    change('DELETE', 'tokens', revokeTokens),
    change('POST', 'reset', reset),
  ]
}

function show(name: string, body: () => object): Route {
  return {
    name: 'sandbox',
    method: 'GET',
    pattern: `/sandbox/${name}`,
    handle: () => ({ status: 200, body: body() }),
  }
}

function change(method: string, name: string, apply: () => void): Route {
  const handle = ownPagesOnly(() => {
    apply()
    return { status: 204 }
  })
  return { name: 'sandbox', method, pattern: `/sandbox/${name}`, handle }
}

/** A web page of another origin must not script the sandbox of the person who looks at it. */
function ownPagesOnly(handle: Handler): Handler {
  return (request) => {
    const { origin } = request.headers
    if (origin !== undefined && origin !== request.baseUrl) {
      throw refusal(403, 'foreign_origin', 'Changes are taken from programs and from the own page only')
    }
    return handle(request)
  }
}

/** All scripts are read before the first is used: a wrong one changes nothing. */
function readScripts(request: SandboxRequest): ReturnType<typeof parseFaultScript>[] {
  const body = readJson(request)
  const scripts = isObject(body) ? body.faults : undefined
  if (!Array.isArray(scripts) || scripts.length > MAX_SCRIPTS) {
    throw refusal(400, 'invalid_request', 'Expected a body {"faults": ["execute:429/2,200"]}')
  }
  return scripts.map((script: unknown) => {
    try {
      return parseFaultScript(typeof script === 'string' ? script : '')
    } catch (error) {
      if (isPaletteError(error)) throw refusal(400, 'invalid_fault', error.message)
      throw error
    }
  })
}
