import type { ErrorObject, ValidateFunction } from 'ajv'
import { requireToken } from './bearer.ts'
import { SANDBOX_ACTIONS } from './data-action-catalogue.ts'
import { unknownAction } from './data-action-routes.ts'
import type { SandboxAction } from './data-action.ts'
import { refusal, type Route, type SandboxRequest } from './http-types.ts'
import type { IdempotencyStore } from './idempotency.ts'
import { isObject, readJsonObject } from './request-body.ts'
import type { TokenStore } from './tokens.ts'

interface Executable extends SandboxAction {
  readonly validate: ValidateFunction
}

/** Executes data actions: validates the inputs, answers `[{name, value}]`, honours `Idempotency-Key`. */
export function executeRoutes(tokens: TokenStore, answered: IdempotencyStore): Route[] {
  let actions: Promise<ReadonlyMap<string, Executable>> | undefined
  const handle: Route['handle'] = async (request) => {
    const { clientId } = requireToken(tokens, request, 'data-actions:execute')
    const action = (await (actions ??= compileAll())).get(request.params.id ?? '')
    if (!action) throw unknownAction(request.params.id ?? '')
    const { body, replayed } = answered.once(request, `${clientId} ${action.id}`, () =>
      execute(action, request),
    )
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    if (!replayed) return { status: 200, headers, body }
    return { status: 200, headers: { ...headers, 'idempotent-replayed': 'true' }, body, note: 'replayed' }
  }
  return [{ name: 'execute', method: 'POST', pattern: '/api/v2/data-actions/{id}/execute', handle }]
}

async function compileAll(): Promise<ReadonlyMap<string, Executable>> {
  const [{ Ajv2020 }, formats] = await Promise.all([import('ajv/dist/2020.js'), import('ajv-formats')])
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true })
  formats.default.default(ajv)
  return new Map(
    SANDBOX_ACTIONS.map((action) => [action.id, { ...action, validate: ajv.compile(action.inputSchema) }]),
  )
}

function execute(action: Executable, request: SandboxRequest): string {
  const { inputs } = readJsonObject(request)
  if (!isObject(inputs)) throw refusal(400, 'invalid_request', 'Expected a body {"inputs": {...}}')
  if (!action.validate(inputs)) {
    const errors = (action.validate.errors ?? []).map(describe)
    const list = errors.map(({ path, message }) => `${path} ${message}`).join('; ')
    throw refusal(400, 'invalid_inputs', `The inputs do not match the schema of ${action.id}: ${list}`, {
      errors,
    })
  }
  const outputs = Object.entries(action.run(inputs)).map(([name, value]) => ({ name, value }))
  return JSON.stringify(outputs)
}

function describe(error: ErrorObject): { path: string; message: string } {
  const { instancePath, message = 'is wrong', params, keyword } = error
  const extra =
    keyword === 'additionalProperties' ? `: ${String(params.additionalProperty).slice(0, 60)}` : ''
  const allowed = keyword === 'enum' ? `: ${(params.allowedValues as unknown[]).join(', ')}` : ''
  return { path: `/inputs${instancePath}`, message: `${message}${extra}${allowed}` }
}
