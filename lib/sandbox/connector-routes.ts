import type { Clock } from '../ports.ts'
import { isoTime } from '../system.ts'
import { withToken } from './bearer.ts'
import { connectorFaults, connectorHost } from './connector-payload.ts'
import { etagOf, matchesEtag } from './entity-tag.ts'
import { refusal, type Handler, type Reply, type Route, type SandboxRequest } from './http-types.ts'
import { isObject, readJsonObject } from './request-body.ts'
import type { TokenStore } from './tokens.ts'

const BASE = '/api/v1/integrations/connectors'
const MAX_CONNECTORS = 20_000
/** How long a new or changed connector stays PENDING. */
const HEALTH_MS = 1000

interface Stored {
  readonly payload: Readonly<Record<string, unknown>>
  readonly json: string
  readonly etag: string
  readonly version: number
  /** Unix milliseconds of the last change. */
  readonly changedAt: number
}

/** The connectors that were registered. */
export class ConnectorStore {
  readonly #clock: Clock
  readonly #connectors = new Map<string, Stored>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  clear(): void {
    this.#connectors.clear()
  }

  routes(tokens: TokenStore): Route[] {
    const route = (method: string, pattern: string, scope: string, handle: Handler): Route => ({
      name: 'connector',
      method,
      pattern: `${BASE}${pattern}`,
      handle: withToken(tokens, scope, handle),
    })
    return [
      route('GET', '', 'integrations:read', () => this.#list()),
      route('GET', '/{id}', 'integrations:read', (request) => this.#read(request)),
      route('PUT', '/{id}', 'integrations:write', (request) => this.#write(request)),
      route('DELETE', '/{id}', 'integrations:write', (request) => this.#remove(request)),
      route('GET', '/{id}/health', 'integrations:read', (request) => this.#healthOf(request)),
    ]
  }

  #list(): Reply {
    const entities = [...this.#connectors.values()].map((stored) => this.#view(stored))
    return { status: 200, body: { total: entities.length, entities } }
  }

  #read(request: SandboxRequest): Reply {
    const stored = this.#find(request)
    if (matchesEtag(request.headers['if-none-match'] ?? '', stored.etag)) {
      return { status: 304, headers: { etag: stored.etag } }
    }
    return this.#reply(200, stored)
  }

  #write(request: SandboxRequest): Reply {
    const id = request.params.id ?? ''
    const payload = readJsonObject(request)
    const before = this.#connectors.get(id)
    checkPreconditions(request, before?.etag)
    const errors = connectorFaults(id, payload)
    if (id.length > 200)
      throw refusal(400, 'invalid_request', 'Expected a connector id of at most 200 characters')
    if (errors.length > 0) {
      const list = errors.map(({ path, message }) => `${path} ${message}`).join('; ')
      throw refusal(400, 'invalid_connector', `The connector has faults: ${list}`, { errors })
    }
    if (!before && this.#connectors.size >= MAX_CONNECTORS) {
      throw refusal(409, 'too_many', `The sandbox keeps at most ${MAX_CONNECTORS} connectors`)
    }
    const json = JSON.stringify(payload)
    // The same payload again changes nothing: PUT is idempotent.
    if (before?.json === json) return this.#reply(200, before)
    const version = (before?.version ?? 0) + 1
    const stored = {
      payload,
      json,
      etag: etagOf(`${version} ${json}`),
      version,
      changedAt: this.#clock.now(),
    }
    this.#connectors.set(id, stored)
    const reply = this.#reply(before ? 200 : 201, stored)
    return before ? reply : { ...reply, headers: { ...reply.headers, location: request.path } }
  }

  #remove(request: SandboxRequest): Reply {
    checkPreconditions(request, this.#find(request).etag)
    this.#connectors.delete(request.params.id ?? '')
    return { status: 204 }
  }

  #healthOf(request: SandboxRequest): Reply {
    return { status: 200, body: this.#health(this.#find(request)) }
  }

  #find({ params }: SandboxRequest): Stored {
    const stored = this.#connectors.get(params.id ?? '')
    if (!stored) throw refusal(404, 'not_found', `No connector ${(params.id ?? '').slice(0, 100)}`)
    return stored
  }

  #reply(status: number, stored: Stored): Reply {
    return { status, headers: { etag: stored.etag }, body: this.#view(stored) }
  }

  #view(stored: Stored): object {
    const { payload, version, changedAt } = stored
    const state = {
      status: 'REGISTERED',
      version,
      updatedAt: isoTime(changedAt),
      health: this.#health(stored),
    }
    return { ...payload, ...state }
  }

  #health({ payload, changedAt }: Stored): object {
    const check = payload.healthCheck
    if (!isObject(check) || check.enabled !== true)
      return { status: 'UNKNOWN', reason: 'the health check is off' }
    const checkedAt = changedAt + HEALTH_MS
    if (this.#clock.now() < checkedAt) return { status: 'PENDING' }
    const host = connectorHost(payload)
    return /\.invalid$/i.test(host)
      ? { status: 'UNHEALTHY', reason: `host ${host} cannot be resolved`, checkedAt: isoTime(checkedAt) }
      : { status: 'HEALTHY', checkedAt: isoTime(checkedAt) }
  }
}

/** `If-Match` and `If-None-Match` of a change (RFC 9110, 13.1); `etag` is undefined where there is nothing yet. */
function checkPreconditions({ headers }: SandboxRequest, etag: string | undefined): void {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  const changed = ifMatch !== undefined && !matchesEtag(ifMatch, etag)
  const exists = ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, etag)
  if (!changed && !exists) return
  const why = etag === undefined ? 'the connector does not exist' : `its ETag is ${etag}`
  throw refusal(412, 'precondition_failed', `The connector is not in the state that you expect: ${why}`)
}
