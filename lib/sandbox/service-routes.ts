import { requireToken } from './bearer.ts'
import { SANDBOX_TENANT } from './credentials.ts'
import { HttpRefusal, type Reply, type Route, type SandboxRequest } from './http-types.ts'
import { LIST_RESOURCES, type ListResource, type Row } from './service-data.ts'
import type { TokenStore } from './tokens.ts'

const DEFAULT_TOP = 50
const MAX_TOP = 100
const MAX_SKIP = 1_000_000
/** A work item's payload may hold 50 KB (cxone-facts.md, 3). */
const WORK_ITEM_BYTES = 50 * 1024
/** These take the work and answer later: 202 without a body. */
const ACCEPTED = /^interactions\/(?:work-items|[^/]+\/signal)$|^scripts\/start$/
const ECHOED_HEADERS = [
  'accept',
  'content-type',
  'correlationid',
  'traceparent',
  'idempotency-key',
  'user-agent',
]

/** The ACD API: lists with paging, 202 for what is only accepted, and an echo for everything else. */
export function serviceRoutes(tokens: TokenStore): Route[] {
  const handle = (request: SandboxRequest): Reply => {
    requireToken(tokens, request)
    return service(request)
  }
  return ['inContactAPI', 'incontactapi'].map((base) => ({
    name: 'request',
    method: '*',
    pattern: `/${base}/services/{version}/*`,
    handle,
  }))
}

function service(request: SandboxRequest): Reply {
  const { method, params } = request
  const { version = '', '*': resource = '' } = params
  if (!/^v\d{1,2}\.\d$/i.test(version))
    throw failure(404, 'UnknownVersion', `There is no version ${version.slice(0, 20)}`)
  if (method === 'POST' && ACCEPTED.test(resource)) return accept(request, resource)
  const reply = method === 'GET' || method === 'HEAD' ? read(request, resource) : echo(request, resource)
  // Documented by two clients: without this header the real API answers 200 and this text.
  if (/\bapplication\/json\b/i.test(request.headers.accept ?? '')) return reply
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'No known way to render data' }
}

function accept({ body }: SandboxRequest, resource: string): Reply {
  if (resource === 'interactions/work-items' && body.length > WORK_ITEM_BYTES) {
    throw failure(413, 'PayloadTooLarge', `A work item may hold ${WORK_ITEM_BYTES} bytes, got ${body.length}`)
  }
  return { status: 202 }
}

function read(request: SandboxRequest, resource: string): Reply {
  const [name = '', id, ...more] = resource.split('/')
  const list = LIST_RESOURCES.get(name)
  if (!list || more.length > 0) return echo(request, resource)
  if (id === undefined || id === '') return page(request, name, list)
  const row = list.rows.find((each) => String(each[list.key]) === id)
  if (!row) throw failure(404, 'NotFound', `${name} has no ${list.key} ${id.slice(0, 60)}`)
  return { status: 200, body: row }
}

function page(request: SandboxRequest, name: string, list: ListResource): Reply {
  const { query } = request
  const skip = wholeNumber(query, 'skip', 0, MAX_SKIP)
  // Larger pages are cut without a word: who counts on `top` instead of the rows that came loses some.
  const top = Math.min(wholeNumber(query, 'top', DEFAULT_TOP, MAX_SKIP), MAX_TOP)
  const found = sorted(searched(list.rows, query.get('searchString')), query.get('orderBy'))
  const rows = found.slice(skip, skip + top).map((row) => project(row, query.get('fields')))
  const head = { businessUnitId: Number(SANDBOX_TENANT.icBUId), totalRecords: found.length }
  if (list.form === 'resultSet') return { status: 200, body: { resultSet: { ...head, [name]: rows } } }
  if (list.form === 'flat') return { status: 200, body: { ...head, [name]: rows } }
  const link = (at: number): string | null =>
    at < 0 || at >= found.length ? null : `${request.baseUrl}${request.path}?${withSkip(query, at, top)}`
  const links = {
    self: link(skip),
    next: link(skip + top),
    previous: skip > 0 ? link(Math.max(0, skip - top)) : null,
  }
  return { status: 200, body: { ...head, [name]: rows, _links: links } }
}

function wholeNumber(query: URLSearchParams, name: string, fallback: number, max: number): number {
  const text = query.get(name)
  if (text === null || text === '') return fallback
  if (/^\d{1,7}$/.test(text) && Number(text) <= max && (name === 'skip' || Number(text) > 0))
    return Number(text)
  throw failure(400, 'InvalidParameter', `Parameter ${name} must be a whole number, got ${text.slice(0, 60)}`)
}

function searched(rows: readonly Row[], text: string | null): readonly Row[] {
  if (text === null || text === '') return rows
  const wanted = text.toLowerCase()
  return rows.filter((row) =>
    Object.values(row).some((value) => String(value).toLowerCase().includes(wanted)),
  )
}

function sorted(rows: readonly Row[], orderBy: string | null): readonly Row[] {
  const [, name = '', direction = ''] = /^(\w+)(?:\s+(asc|desc))?$/i.exec(orderBy ?? '') ?? []
  if (rows[0] === undefined || !(name in rows[0])) return rows
  const sign = direction.toLowerCase() === 'desc' ? -1 : 1
  const compare = (a: Row, b: Row): number => {
    const [left = '', right = ''] = [a[name], b[name]]
    return typeof left === 'number' && typeof right === 'number'
      ? left - right
      : String(left).localeCompare(String(right))
  }
  return rows.toSorted((a, b) => sign * compare(a, b))
}

function project(row: Row, fields: string | null): Row {
  if (fields === null || fields === '') return row
  const wanted = fields.split(',').map((name) => name.trim())
  return Object.fromEntries(Object.entries(row).filter(([name]) => wanted.includes(name)))
}

function withSkip(query: URLSearchParams, skip: number, top: number): string {
  const next = new URLSearchParams(query)
  next.set('skip', String(skip))
  next.set('top', String(top))
  return next.toString()
}

function echo({ method, params, query, headers, body }: SandboxRequest, resource: string): Reply {
  const kept = Object.fromEntries(
    ECHOED_HEADERS.filter((name) => name in headers).map((name) => [name, headers[name]]),
  )
  const asked = { method, version: params.version, resource, query: lists(query), headers: kept }
  return { status: 200, body: { echo: { ...asked, body: parsed(body) } } }
}

function lists(query: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const values = query.getAll(name)
      return [name, values.length === 1 ? (values[0] ?? '') : values]
    }),
  )
}

function parsed(body: Buffer): unknown {
  if (body.length === 0) return null
  const text = body.toString('utf8')
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** The error body of the ACD API, as clients read it (cxone-facts.md, 2). */
function failure(status: number, error: string, text: string): HttpRefusal {
  return new HttpRefusal({ status, body: { error, error_description: text } })
}
