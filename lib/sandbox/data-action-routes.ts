import { withToken } from './bearer.ts'
import { SANDBOX_ACTIONS } from './data-action-catalogue.ts'
import type { SandboxAction } from './data-action.ts'
import { etagOf, matchesEtag } from './entity-tag.ts'
import { refusal, type Reply, type Route, type SandboxRequest } from './http-types.ts'
import type { TokenStore } from './tokens.ts'

interface Published {
  readonly json: string
  readonly etag: string
}

/** Lists the data actions, and gives each with an ETag. */
export function dataActionRoutes(tokens: TokenStore): Route[] {
  const published = new Map(SANDBOX_ACTIONS.map((action) => [action.id, publish(action)]))
  const list = {
    total: SANDBOX_ACTIONS.length,
    entities: SANDBOX_ACTIONS.map(({ id, name, description, version, updatedAt }) => ({
      id,
      name,
      description,
      version,
      updatedAt,
    })),
  }
  const get = (pattern: string, handle: Route['handle']): Route => ({
    name: 'lookup',
    method: 'GET',
    pattern,
    handle: withToken(tokens, 'data-actions:read', handle),
  })
  return [
    get('/api/v2/data-actions', () => ({ status: 200, body: list })),
    get('/api/v2/data-actions/{id}', (request) => one(published, request)),
  ]
}

/** The refusal for an id that the catalogue does not hold. */
export function unknownAction(id: string): Error {
  const known = SANDBOX_ACTIONS.map((action) => action.id).join(', ')
  return refusal(404, 'not_found', `No data action ${id.slice(0, 100)}; the sandbox has ${known}`)
}

function one(published: ReadonlyMap<string, Published>, { params, headers }: SandboxRequest): Reply {
  const id = params.id ?? ''
  const action = published.get(id)
  if (!action) throw unknownAction(id)
  const validators = { etag: action.etag, 'cache-control': 'private, max-age=0' }
  if (matchesEtag(headers['if-none-match'] ?? '', action.etag)) return { status: 304, headers: validators }
  return { status: 200, headers: { ...validators, 'content-type': 'application/json' }, body: action.json }
}

function publish(action: SandboxAction): Published {
  const { inputSchema, outputSchema } = action
  // `run` is a function, so JSON leaves it out.
  const json = JSON.stringify({ ...action, schema: { input: inputSchema, output: outputSchema } })
  return { json, etag: etagOf(json) }
}
