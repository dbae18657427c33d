import { inputError, show } from '../errors.ts'
import type { CxoneAnswer, CxoneCall, CxoneClient } from './access.ts'
import { readPages } from './paginate.ts'
import type { Method, Pagination } from './request-choices.ts'
import { toJson } from './to-json.ts'

/** The parts of a request that a message may bring. */
export type RequestPart = 'path' | 'params' | 'query' | 'headers' | 'body'

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/**
 * Checks the parts of a request. A body counts for POST, PUT and PATCH only.
 *
 * @param places where each part stands, as users write it (`msg.params`).
 * @throws `INPUT_INVALID` with `details.path`.
 */
export function readRequest(
  method: Method,
  parts: Readonly<Record<RequestPart, unknown>>,
  places: Readonly<Record<RequestPart, string>>,
): CxoneCall {
  const { path, body } = parts
  if (typeof path !== 'string' || path.trim() === '')
    throw inputError(
      places.path,
      `Expected \`${places.path}\` to be a path like \`/api/v2/x\`, got ${show(path)}`,
    )
  const withBody = WITH_BODY.has(method) && body !== undefined
  if (withBody && ArrayBuffer.isView(body))
    throw inputError(places.body, `Expected \`${places.body}\` to be a JSON value, got ${show(body)}`)
  return {
    method,
    path,
    params: record(parts.params, places.params),
    query: record(parts.query, places.query),
    headers: record(parts.headers, places.headers),
    ...(withBody ? { bodyJson: toJson(body, places.body) } : {}),
  }
}

// The members are checked where they are used, by the client.
function record<T>(value: unknown, place: string): Readonly<Record<string, T>> {
  if (value === undefined || value === null || value === '') return {}
  if (typeof value === 'object' && !Array.isArray(value) && !ArrayBuffer.isView(value))
    return value as Readonly<Record<string, T>>
  throw inputError(place, `Expected \`${place}\` to be an object, got ${show(value)}`)
}

/** The answer for the message, and what is told of it under `msg.cxone.request`. */
export interface RequestResult {
  readonly payload: unknown
  readonly answer: CxoneAnswer
  readonly step: Readonly<Record<string, unknown>>
}

/** Makes the call, page by page if told so. Fails with the codes of the client and of {@link readPages}. */
export async function sendRequest(
  client: CxoneClient,
  call: CxoneCall,
  paginate: Pagination,
): Promise<RequestResult> {
  if (paginate === 'none') {
    const answer = await client.call(call)
    return { payload: answer.json, answer, step: stepOf(call, answer) }
  }
  const { records, pages, answer } = await readPages(client, call, paginate)
  return { payload: records, answer, step: { ...stepOf(call, answer), pages, records: records.length } }
}

const stepOf = (
  { method }: CxoneCall,
  { url, status, attempts, latencyMs, elapsedMs, address }: CxoneAnswer,
): Record<string, unknown> => ({
  ...{ method, url, status, attempts, latencyMs, elapsedMs },
  ...(address === undefined ? {} : { address }),
})
