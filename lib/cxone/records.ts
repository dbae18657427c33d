/** A page of a list as CXone writes it: the records, how many there are in all, and where the next page is. */
export interface Page {
  readonly records: readonly unknown[]
  readonly total: number | undefined
  readonly next: string | undefined
}

type Json = Readonly<Record<string, unknown>>

/**
 * Reads a page: the body itself if it is an array; else the array under the name of the resource (the last segment of
 * the path), `resultSet`, `results`, `items` or `data`, or the only array there is. Undefined where none is found.
 */
export function readPage(body: unknown, resource: string, link: string | undefined): Page | undefined {
  if (Array.isArray(body)) return { records: body, total: undefined, next: nextOfHeader(link) }
  if (!isObject(body)) return undefined
  const records = findRecords(body, resource)
  return records && { records, total: totalOf(body), next: nextOfBody(body) ?? nextOfHeader(link) }
}

function findRecords(body: Json, resource: string): readonly unknown[] | undefined {
  const wanted = resource.toLowerCase()
  const named = Object.entries(body).find(
    ([name, value]) => name.toLowerCase() === wanted && Array.isArray(value),
  )
  if (named) return named[1] as unknown[]
  for (const name of ['resultSet', 'results', 'items', 'data']) {
    const value = body[name]
    if (Array.isArray(value)) return value as unknown[]
    const inner = isObject(value) ? findRecords(value, resource) : undefined
    if (inner) return inner
  }
  const arrays = Object.values(body).filter((value) => Array.isArray(value))
  return arrays.length === 1 ? arrays[0] : undefined
}

// `totalRecords` is a number or text; it also stands within `resultSet`.
function totalOf(body: Json): number | undefined {
  const inner = isObject(body['resultSet']) ? body['resultSet'] : {}
  const told = body['totalRecords'] ?? inner['totalRecords']
  const total = typeof told === 'string' && told.trim() !== '' ? Number(told) : told
  return typeof total === 'number' && Number.isSafeInteger(total) && total >= 0 ? total : undefined
}

function nextOfBody(body: Json): string | undefined {
  for (const place of [body['_links'], body['links'], body]) {
    const next = isObject(place) ? place['next'] : undefined
    const href = isObject(next) ? next['href'] : next
    if (typeof href === 'string' && href !== '') return href
  }
  return undefined
}

/** The target of `rel="next"` in a `Link` header (RFC 8288). */
function nextOfHeader(link: string | undefined): string | undefined {
  return /<([^<>]+)>[^,<]*;\s*rel="?next"?(?:[\s;,]|$)/i.exec(link ?? '')?.[1]
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
