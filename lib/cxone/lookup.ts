import { LRUCache } from 'lru-cache'
import { SingleFlight } from '../concurrency/single-flight.ts'
import { isPaletteError, type ErrorCode } from '../errors.ts'
import type { Clock } from '../ports.ts'
import type { CxoneAnswer, CxoneClient, DataActionEntry, LookupDataAction } from './access.ts'
import { isTooDeep } from './depth.ts'

/** What {@link createLookup} needs. */
export interface LookupOptions {
  readonly client: CxoneClient
  /** Path template with `{id}`. */
  readonly path: string
  readonly clock: Pick<Clock, 'monotonic'>
  /** Definitions kept; the one that was used longest ago goes first. Default 1000. */
  readonly maxEntries?: number
}

interface Cached {
  readonly definition: DataActionEntry['definition']
  readonly etag: string | undefined
  readonly fetchedAt: number
  /** When CXone could not be asked for a newer one. */
  readonly failedAt?: number
}

interface Fetched {
  readonly cached: Cached
  readonly attempts: number
  readonly latencyMs: number
}

type Options = Parameters<LookupDataAction>[1]

const NOT_MODIFIED = 304
/** So long an older copy is given at once after CXone could not be asked: a flow that goes on with it waits for time-outs only now and then. */
const HOLD_MS = 30_000
// An older copy would hide these: the action is gone, the id is wrong, the flow was stopped.
const NEVER_STALE: ReadonlySet<ErrorCode> = new Set(['CXONE_NOT_FOUND', 'INPUT_INVALID', 'ABORTED'])

/**
 * Makes the look-up of data actions. A definition is answered from memory for `cacheTtlS`, then revalidated with
 * `If-None-Match` where CXone gave an ETag (RFC 9110 section 13.1.2). `cacheTtlS: 0` neither reads nor fills the cache;
 * `refresh` asks for the whole definition now. One request at a time per id. With `allowStale`, an older copy is given where CXone
 * cannot be asked, which is then not tried again for half a minute.
 *
 * The look-up fails with the codes of the client; `CXONE_UNEXPECTED_RESPONSE` for a definition that is no object.
 */
export function createLookup(options: LookupOptions): LookupDataAction {
  const lookup = new Lookup(options)
  return (id, call) => lookup.find(id, call)
}

class Lookup {
  readonly #options: LookupOptions
  readonly #cache: LRUCache<string, Cached>
  readonly #flights = new SingleFlight<Fetched>()

  constructor(options: LookupOptions) {
    this.#options = options
    this.#cache = new LRUCache({ max: options.maxEntries ?? 1000 })
  }

  async find(id: string, call: Options): Promise<DataActionEntry> {
    const cached = call.cacheTtlS > 0 ? this.#cache.get(id) : undefined
    if (cached && !call.refresh && this.#isFresh(cached, call.cacheTtlS))
      return entryOf(id, cached, { cacheHit: true, attempts: 0, latencyMs: 0 })
    if (cached && call.allowStale && !call.refresh && this.#isHeld(cached))
      return { ...entryOf(id, cached, { cacheHit: true, attempts: 0, latencyMs: 0 }), stale: true }
    const known = call.refresh ? undefined : cached
    try {
      // Callers that want the whole definition must not join one that only revalidates.
      const key = `${known?.etag === undefined ? 'fetch' : 'revalidate'} ${id}`
      const fetched = await this.#flights.run(
        key,
        (signal) => this.#fetch(id, known, call, signal),
        call.signal,
      )
      return entryOf(id, fetched.cached, { ...fetched, cacheHit: false })
    } catch (error) {
      const copy = call.allowStale ? cached : undefined
      if (!copy || !isPaletteError(error) || NEVER_STALE.has(error.code)) throw error
      this.#cache.set(id, { ...copy, failedAt: this.#options.clock.monotonic() })
      const attempts = Number(error.details['attempts'] ?? 0)
      const latencyMs = Number(error.details['latencyMs'] ?? 0)
      return { ...entryOf(id, copy, { cacheHit: true, attempts, latencyMs }), stale: true }
    }
  }

  #isFresh({ fetchedAt }: Cached, ttlS: number): boolean {
    return this.#options.clock.monotonic() - fetchedAt < ttlS * 1000
  }

  #isHeld({ failedAt }: Cached): boolean {
    return failedAt !== undefined && this.#options.clock.monotonic() - failedAt < HOLD_MS
  }

  async #fetch(id: string, known: Cached | undefined, call: Options, signal: AbortSignal): Promise<Fetched> {
    try {
      const answer = await this.#options.client.call({
        method: 'GET',
        path: this.#options.path,
        params: { id },
        signal,
        check: whyNoDefinition,
        ...(known?.etag === undefined
          ? {}
          : { headers: { 'If-None-Match': known.etag }, accept: [NOT_MODIFIED] }),
        ...(call.correlationId === undefined ? {} : { correlationId: call.correlationId }),
      })
      const cached = this.#read(answer, known)
      if (call.cacheTtlS > 0) this.#cache.set(id, cached)
      return { cached, attempts: answer.attempts, latencyMs: answer.latencyMs }
    } catch (error) {
      if (isPaletteError(error) && error.code === 'CXONE_NOT_FOUND') this.#cache.delete(id)
      throw error
    }
  }

  #read(answer: CxoneAnswer, known: Cached | undefined): Cached {
    const fetchedAt = this.#options.clock.monotonic()
    const etag = answer.headers['etag']
    if (answer.status === NOT_MODIFIED && known)
      return { definition: known.definition, etag: etag ?? known.etag, fetchedAt }
    return { definition: answer.json as Cached['definition'], etag, fetchedAt }
  }
}

function entryOf(
  id: string,
  { definition }: Cached,
  facts: Pick<DataActionEntry, 'cacheHit' | 'attempts' | 'latencyMs'>,
): DataActionEntry {
  const { cacheHit, attempts, latencyMs } = facts
  const endpointUrl = typeof definition['endpointUrl'] === 'string' ? definition['endpointUrl'] : null
  const hostname = endpointUrl === null ? null : hostnameOf(endpointUrl)
  return { id, definition, endpointUrl, hostname, cacheHit, stale: false, attempts, latencyMs }
}

/**
 * The host name of an http(s) URL as the URL standard reads it: lower case, IDN in ASCII, no user info, an IPv6
 * literal without brackets. Null for anything else.
 */
export function hostnameOf(url: string): string | null {
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') return null
  return parsed.hostname.replace(/^\[(.*)\]$/, '$1')
}

function whyNoDefinition(json: unknown): string | undefined {
  if (!isObject(json)) return 'its body is no data action'
  return isTooDeep(json) ? 'its body is nested too deeply' : undefined
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
