import type { BulkOutcome } from '../bulk/options.ts'
import { inputError, show } from '../errors.ts'
import type { CxoneCall } from './access.ts'
import type { Method } from './request-choices.ts'
import { readRequest, type RequestPart } from './request.ts'

/** The parts of the requests of a list, for all items that bring none of their own. */
export type SharedParts = Readonly<Partial<Record<RequestPart, unknown>>>

const OWN: readonly RequestPart[] = ['params', 'query', 'headers', 'body']

/** Methods whose requests may be made again: the others are sent once, and are in doubt after a crash. */
const REPEATABLE: ReadonlySet<Method> = new Set(['GET', 'HEAD', 'PUT', 'DELETE'])
/** Those of them that change something: they carry the item's `Idempotency-Key`. */
const KEYED: ReadonlySet<Method> = new Set(['PUT', 'DELETE'])

/** Whether a request may be made again after a 429 or a crash. */
export const isRepeatable = (method: Method): boolean => REPEATABLE.has(method)

/** What the items of a list share. A body that is the list itself is none: it would be sent with each item. */
export function sharedParts(parts: Readonly<Record<RequestPart, unknown>>, items: unknown): SharedParts {
  const { path, params, query, headers, body } = parts
  return { path, params, query, headers, ...(body === items ? {} : { body }) }
}

/**
 * The request of one item: `{params, query, headers, body}`, of which it may leave out what all items share.
 *
 * @param place where the item stands, as users write it (`msg.payload[3]`).
 * @throws `INPUT_INVALID` with `details.path`.
 */
export function readListRequest(
  method: Method,
  shared: SharedParts,
  item: unknown,
  place: string,
  key: string,
): CxoneCall {
  if (typeof item !== 'object' || item === null || Array.isArray(item) || ArrayBuffer.isView(item))
    throw inputError(place, `Expected \`${place}\` to be an object of ${OWN.join(', ')}, got ${show(item)}`)
  const own = item as Partial<Record<RequestPart, unknown>>
  const stranger = Object.keys(own).find((name) => !(OWN as readonly string[]).includes(name))
  if (stranger !== undefined) {
    const path = `${place}.${stranger.slice(0, 80)}`
    throw inputError(path, `\`${path}\` is no part of a request: an item has ${OWN.join(', ')}`)
  }
  const part = (name: RequestPart): unknown => own[name] ?? shared[name]
  const placeOf = (name: RequestPart): string => (name in own ? `${place}.${name}` : name)
  const names: readonly RequestPart[] = ['path', ...OWN]
  const collect = <T>(of: (name: RequestPart) => T): Record<RequestPart, T> =>
    Object.fromEntries(names.map((name) => [name, of(name)])) as Record<RequestPart, T>
  const call = readRequest(method, collect(part), collect(placeOf))
  return KEYED.has(method) ? { ...call, idempotencyKey: key } : call
}

/** What is told of a list of requests, under `msg.cxone.request`. */
interface RequestListReport {
  readonly method: Method
  readonly total: number
  readonly succeeded: number
  readonly failed: number
  readonly attempts: number
  /** Milliseconds of the requests, summed up. */
  readonly latencyMs: number
  readonly elapsedMs: number
}

/** Sums a list of requests up. */
export function listReport(
  method: Method,
  run: BulkOutcome<unknown> & { readonly elapsedMs: number },
): RequestListReport {
  const { total, failed, attempts, latencyMs, elapsedMs } = run
  return { method, total, succeeded: total - failed, failed, attempts, latencyMs, elapsedMs }
}
