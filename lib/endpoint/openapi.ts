import type { JsonSchema } from '../schema/json-schema.ts'
import type { AuthMode } from './authenticate.ts'

/** What is told of an endpoint. */
export interface EndpointDescription {
  /** Id of its node. */
  readonly id: string
  /** Empty where the node has no name. */
  readonly name: string
  readonly path: string
  readonly authMode: AuthMode
  readonly headerName: string
  /** Undefined where any variables are taken. */
  readonly contract: JsonSchema | undefined
  readonly idempotency: 'none' | 'auto'
  readonly deadlineMs: number
  readonly maxBodyBytes: number
}

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

const text = { type: 'string' }
const ref = (to: string): object => ({ $ref: `#/components/${to}` })

const SCHEMAS = {
  Success: {
    type: 'object',
    required: ['status', 'result', 'message'],
    properties: {
      status: { const: 'success' },
      result: { description: 'What the flow has found' },
      message: text,
      truncated: {
        type: 'object',
        description: 'There where rows were left out to stay below the size limit',
        required: ['sent', 'total'],
        properties: { sent: { type: 'integer' }, total: { type: 'integer' } },
      },
    },
  },
  Failure: {
    type: 'object',
    required: ['status', 'code', 'message', 'correlationId'],
    properties: {
      status: { const: 'error' },
      code: { type: 'string', description: 'Stable; switch on it' },
      message: text,
      correlationId: { type: 'string', format: 'uuid' },
      details: { type: 'object', description: 'What is wrong with the request' },
    },
  },
}

const FAILURES: Readonly<Record<string, string>> = {
  400: 'The body is not what the endpoint understands, or a parameter is missing or of the wrong type',
  401: 'The credential is missing or wrong',
  409: 'A conflict with other data, or an `Idempotency-Key` that was used for another request',
  413: 'The body is too large',
  415: 'The body has an encoding that is not understood',
  422: 'The variables do not match the contract',
  429: 'Too many requests in a minute',
  500: 'The flow behind the endpoint failed',
  503: 'Busy, or not available; try again after `Retry-After` seconds',
  504: 'There was no result within the deadline',
}

const HEADERS = {
  CorrelationId: { description: 'By which the request is found in logs and audit records', schema: text },
}

/**
 * The description of endpoints as OpenAPI 3.1.
 *
 * @param serverUrl what the paths are relative to: the root of the HTTP nodes (`/`, `/api`).
 */
export function openApiOf(endpoints: readonly EndpointDescription[], serverUrl: string): object {
  const sorted = endpoints.toSorted((a, b) => a.path.localeCompare(b.path))
  const guarded = sorted.filter(({ authMode }) => authMode !== 'none')
  return {
    openapi: '3.1.0',
    info: { title: 'CXone data actions', version: '1' },
    servers: [{ url: serverUrl }],
    paths: Object.fromEntries(sorted.map((endpoint) => [endpoint.path, { post: operationOf(endpoint) }])),
    components: {
      schemas: SCHEMAS,
      responses: Object.fromEntries(
        Object.entries(FAILURES).map(([status, description]) => [
          `Failure${status}`,
          { description, headers: HEADERS, content: { [JSON_TYPE]: { schema: ref('schemas/Failure') } } },
        ]),
      ),
      securitySchemes: Object.fromEntries(
        guarded.map((endpoint) => [schemeName(endpoint), schemeOf(endpoint)]),
      ),
    },
  }
}

function operationOf(endpoint: EndpointDescription): object {
  const { id, name, path, authMode, deadlineMs, maxBodyBytes } = endpoint
  const schema = { type: 'object', required: ['variables'], properties: { variables: variablesOf(endpoint) } }
  return {
    operationId: `post${path.replaceAll(/[^A-Za-z0-9]+/g, '_')}_${id.replaceAll(/\W+/g, '_')}`,
    summary: name === '' ? `POST ${path}` : name,
    description: `Answers within ${deadlineMs} ms. Bodies of at most ${maxBodyBytes} bytes.`,
    parameters: parametersOf(endpoint),
    requestBody: { required: true, content: { [JSON_TYPE]: { schema }, [FORM_TYPE]: { schema } } },
    responses: {
      200: {
        description: 'The result',
        headers: HEADERS,
        content: { [JSON_TYPE]: { schema: ref('schemas/Success') } },
      },
      ...Object.fromEntries(
        Object.keys(FAILURES).map((status) => [status, ref(`responses/Failure${status}`)]),
      ),
    },
    security: authMode === 'none' ? [] : [{ [schemeName(endpoint)]: [] }],
  }
}

// Embedded as it is: with an `$id` of its own, its references stay within it.
function variablesOf({ id, contract }: EndpointDescription): JsonSchema {
  if (contract === undefined) return { type: 'object' }
  if (typeof contract === 'boolean' || '$id' in contract) return contract
  return { $id: `urn:cxone-flows:contract:${encodeURIComponent(id)}`, ...contract }
}

function parametersOf({ idempotency }: EndpointDescription): readonly object[] {
  const correlation = {
    name: 'CorrelationId',
    in: 'header',
    description:
      'Goes along with everything that the request leads to; a new one is made where it is missing',
    schema: { type: 'string', format: 'uuid' },
  }
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'A repeat with the same key gets the same answer',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  }
  return idempotency === 'auto' ? [correlation, key] : [correlation]
}

const schemeName = ({ authMode, id }: EndpointDescription): string =>
  `${authMode}_${id.replaceAll(/[^\w.-]+/g, '_')}`

function schemeOf({ authMode, headerName }: EndpointDescription): object {
  if (authMode === 'bearer' || authMode === 'basic') return { type: 'http', scheme: authMode }
  const key = { type: 'apiKey', in: 'header', name: headerName }
  if (authMode !== 'hmac') return key
  return { ...key, description: '`sha256=` and the lower-case hex HMAC-SHA256 of the raw body' }
}
