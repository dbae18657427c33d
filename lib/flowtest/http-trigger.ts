import { inputError } from '../errors.ts'
import { findNode } from './find-node.ts'
import type { HttpRequest, Trigger } from './suite.ts'
import type { Topology, TopologyNode } from './topology.ts'

/** A node that answers HTTP requests. */
export interface FlowEndpoint {
  readonly node: TopologyNode
  readonly method: string
  /** As Express takes it; empty where only the running node knows it. */
  readonly path: string
}

/** An HTTP trigger whose endpoint was found. */
export interface EndpointCall {
  /** The endpoint; undefined where its node is of a type that tells no path. */
  readonly endpoint: FlowEndpoint | undefined
  readonly method: string
  readonly path: string
}

/** A request, ready to be sent. */
export interface OutgoingRequest {
  readonly method: string
  /** With the query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The property that holds the path, by node type. */
const PATH_PROPERTIES: Readonly<Record<string, string>> = { 'action-in': 'path', 'http in': 'url' }

/** The nodes of a flow that answer HTTP requests, as far as their types tell it. */
export const endpointsOf = ({ nodes }: Topology): readonly FlowEndpoint[] =>
  [...nodes.values()].flatMap((node) => {
    const property = PATH_PROPERTIES[node.type]
    if (property === undefined) return []
    const { [property]: stored, method } = node.stored
    const path = typeof stored === 'string' && !stored.includes('${') ? stored : ''
    const verb = node.type === 'http in' && typeof method === 'string' ? method.toUpperCase() : 'POST'
    return [{ node, method: verb, path: path === '' || path.startsWith('/') ? path : `/${path}` }]
  })

/** The endpoint that answers a method and path: `action-in` answers all methods, most of them with 405. */
export function endpointAt(
  endpoints: readonly FlowEndpoint[],
  method: string,
  path: string,
): FlowEndpoint | undefined {
  const found = endpoints.filter((endpoint) => isServed(endpoint, path))
  return (
    found.find((endpoint) => endpoint.method === method) ??
    found.find(({ node }) => node.type === 'action-in')
  )
}

// As Express matches paths, but for patterns within a part: what they match, only the running flow knows.
function isServed({ path }: FlowEndpoint, wanted: string): boolean {
  if (path === '') return false
  const pattern = partsOf(path)
  const parts = partsOf(wanted)
  const open = pattern.findIndex((part) => /[*(?{]/.test(part))
  if (open < 0 && pattern.length !== parts.length) return false
  return pattern
    .slice(0, open < 0 ? undefined : open)
    .every((part, at) => (part.startsWith(':') ? Boolean(parts[at]) : part === parts[at]))
}

const partsOf = (path: string): readonly string[] => path.toLowerCase().replace(/\/$/, '').split('/')

/**
 * Finds the endpoint that an HTTP trigger means.
 *
 * @param place in the case file that errors name.
 * @throws `INPUT_INVALID` for a node that is no endpoint, or a path and method that none answers; lists what there is.
 */
export function findEndpoint(topology: Topology, trigger: Trigger, place: string): EndpointCall {
  const { node: name, http = {} } = trigger
  const endpoints = endpointsOf(topology)
  if (name === undefined) return byPath(endpoints, http, place)
  const node = findNode(topology, name, `${place}.node`)
  const own = endpoints.find((endpoint) => endpoint.node.id === node.id)
  const path = http.path ?? own?.path ?? ''
  if (path === '')
    throw inputError(
      `${place}.http.path`,
      own
        ? `The path of \`${node.name}\` is only known while it runs: give \`http\` a \`path\``
        : `Node \`${node.name}\` (${node.type}) tells no path: give \`http\` a \`path\`, or name one of ${listed(endpoints)}`,
    )
  const method = http.method ?? own?.method ?? 'POST'
  if (own && own.path !== '' && endpointAt([own], method, path) !== own)
    throw inputError(`${place}.http`, `\`${node.name}\` answers ${shownAs(own)}, not ${method} ${path}`)
  return { endpoint: own, method, path }
}

function byPath(endpoints: readonly FlowEndpoint[], http: HttpRequest, place: string): EndpointCall {
  const { path = '', method } = http
  const same = endpoints.filter((endpoint) => isServed(endpoint, path))
  const [first, second] = same
  if (!first) throw inputError(`${place}.http.path`, `No node answers ${path}; there is ${listed(endpoints)}`)
  if (method === undefined) {
    if (second)
      throw inputError(
        `${place}.http.method`,
        `Several nodes answer ${path}, give the \`method\`: ${listed(same)}`,
      )
    return { endpoint: first, method: first.method, path }
  }
  const endpoint = endpointAt(same, method, path)
  if (!endpoint)
    throw inputError(`${place}.http.method`, `No node answers ${method} ${path}; there is ${listed(same)}`)
  return { endpoint, method, path }
}

const shownAs = ({ method, path }: FlowEndpoint): string => `${method} ${path}`

const listed = (endpoints: readonly FlowEndpoint[]): string =>
  endpoints.map((endpoint) => `${shownAs(endpoint).trim()} (\`${endpoint.node.name}\`)`).join(', ') ||
  'no node that answers HTTP requests (action-in, http in)'

/** The request of an HTTP trigger. Headers that the case gives win. */
export function requestOf({ method, path }: EndpointCall, http: HttpRequest): OutgoingRequest {
  const query = new URLSearchParams(
    Object.entries(http.query ?? {}).map(([name, value]) => [name, String(value)]),
  ).toString()
  const { type, body } = bodyOf(http)
  const given = Object.fromEntries(
    Object.entries(http.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return {
    method,
    target: query === '' ? path : `${path}?${query}`,
    headers: { ...(type === undefined ? {} : { 'content-type': type }), ...given },
    body,
  }
}

function bodyOf({ body, form, text }: HttpRequest): { readonly type?: string; readonly body: string } {
  if (text !== undefined) return { type: 'text/plain; charset=utf-8', body: text }
  if (form !== undefined) {
    const pairs = Object.entries(form).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ])
    return { type: 'application/x-www-form-urlencoded', body: new URLSearchParams(pairs).toString() }
  }
  return body === undefined ? { body: '' } : { type: 'application/json', body: JSON.stringify(body) }
}
