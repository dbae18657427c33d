import { SingleFlight } from '../concurrency/single-flight.ts'
import { configError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import type { Answer } from './answer.ts'
import { usableUntil, type DnsCache } from './cache.ts'
import type { LinkMemo } from './dnssec/chain.ts'
import { isDnsFault } from './faults.ts'
import { KeptResults, requestKey } from './kept-results.ts'
import { Lifetime } from './lifetime.ts'
import type { Question } from './query.ts'
import { RateLimit } from './rate-limit.ts'
import type { DnsCodec } from './rdata.ts'
import type { RecordType } from './record-types.ts'
import type { DnsRequest } from './request.ts'
import { copyResult, milliseconds, summarise, type DnsResult } from './result.ts'
import { parseServer, type ServerAddress, type TransportName } from './servers.ts'
import type { DnsTransports } from './transport/transport.ts'
import { createStubSource, type AskSource } from './stub.ts'
import { anchorsOf, IANA_ANCHORS } from './trust-anchors.ts'
import { Upstream } from './upstream.ts'
import { createValidatingSource, fetchFrom } from './validating.ts'
import { walk, type Found, type Walked } from './walk.ts'

/** What the resolver needs from the world. */
export interface DnsPorts {
  readonly clock: Clock
  readonly codec: DnsCodec
  readonly transports: DnsTransports
  /** Left out: nothing is kept. */
  readonly cache?: DnsCache | undefined
  /** Keeps proven delegations and keys, for all that ask in the same `scope`. */
  readonly memo: (scope: string) => LinkMemo
}

/** How a resolver asks. */
export interface DnsOptions {
  /** `ip[:port]`, in the order in which they are asked. */
  readonly servers: readonly string[]
  readonly transport: TransportName
  /** `validate`: check every signature here; `ad`: trust the server's validation; `off`: none. */
  readonly dnssec: 'validate' | 'ad' | 'off'
  /** DS records to start from, a line each; empty for those of the root that IANA publishes. */
  readonly trustAnchors?: string
  /** Per server. */
  readonly timeoutMs: number
  /** For all questions of a look-up together, waits for the rate limit left out. */
  readonly lifetimeMs: number
  readonly maxCnameHops: number
  readonly onLimit: 'fail' | 'wait'
  /** How long after its time a result may be given when no server answers; 0 or left out: never. */
  readonly serveStaleS?: number
}

/** What a caller may add to a look-up. */
export interface DnsCallOptions {
  readonly signal?: AbortSignal | undefined
  /** Called when the look-up has to wait for the rate limit. */
  readonly onWait?: (() => void) | undefined
}

/** Looks domain names up. */
export interface DnsResolver {
  /**
   * Asks for all record types at the same time.
   *
   * @throws the DNS codes of the contract, each with `details.domain`, `details.ede` and `details.cnameChain`; `ABORTED`.
   */
  resolve(request: DnsRequest, options?: DnsCallOptions): Promise<DnsResult>
  /** Frees the sockets; look-ups under way fail. */
  close(): void
}

/**
 * A resolver behind recursive servers: they do the walking, it validates, follows what they leave, keeps and limits.
 *
 * @throws `CONFIG_INVALID` for `servers` and `trustAnchors`.
 */
export function createDnsResolver(ports: DnsPorts, options: DnsOptions): DnsResolver {
  const servers = readServers(options.servers, options.transport)
  const upstream = new Upstream(ports, { ...options, servers, trustAd: options.dnssec === 'ad' })
  const anchors = options.dnssec === 'validate' ? options.trustAnchors || IANA_ANCHORS : ''
  const scope = `${options.servers.join()} ${options.transport} ${options.dnssec} ${anchors}`
  const source =
    options.dnssec === 'validate'
      ? createValidatingSource(
          { ...ports, memo: ports.memo(scope), fetch: fetchFrom(upstream) },
          anchorsOf(anchors),
        )
      : createStubSource(ports.codec, upstream, options.dnssec === 'ad')
  const resolver = new Resolver(ports, options, source, { scope, anchors })
  return {
    resolve: (request, call = {}) => resolver.resolve(request, call),
    close: () => {
      resolver.close()
      for (const transport of Object.values(ports.transports)) transport.close()
    },
  }
}

function readServers(list: readonly string[], transport: TransportName): readonly ServerAddress[] {
  if (list.length === 0) {
    throw configError('servers', 'Property `servers`: this machine names no DNS servers; list at least one')
  }
  return list.map((text) => {
    const server = parseServer(text, transport)
    if (!server)
      throw configError('servers', `Property \`servers\`: expected \`ip[:port][#name]\`, got \`${text}\``)
    return server
  })
}

/** One look-up under way. */
interface Call extends DnsCallOptions {
  /** Nobody waits for it: it gets new answers ahead of time. */
  readonly isRefresh: boolean
  readonly request: DnsRequest
  readonly lifetime: Lifetime
  queries: number
}

class Resolver {
  readonly #ports: DnsPorts
  readonly #options: DnsOptions
  readonly #source: AskSource
  readonly #scope: string
  readonly #anchors: string
  readonly #limit: RateLimit
  readonly #flights = new SingleFlight<Answer>()
  readonly #results: KeptResults
  readonly #closing = new AbortController()

  constructor(
    ports: DnsPorts,
    options: DnsOptions,
    source: AskSource,
    place: { scope: string; anchors: string },
  ) {
    this.#ports = ports
    this.#options = options
    this.#source = source
    this.#scope = place.scope
    this.#anchors = place.anchors
    this.#limit = new RateLimit(ports.clock)
    this.#results = new KeptResults((options.serveStaleS ?? 0) * 1000)
  }

  async resolve(request: DnsRequest, options: DnsCallOptions): Promise<DnsResult> {
    const { clock, cache } = this.#ports
    if (!cache) return await this.#lookUp(request, options, false)
    const startedAt = clock.monotonic()
    const key = requestKey(request)
    const kept = this.#results.find(key, clock.now())
    if (kept) {
      if (kept.isDue) void this.#refresh(request)
      return Object.assign(kept.result, { latencyMs: milliseconds(clock.monotonic() - startedAt) })
    }
    try {
      return await this.#lookUp(request, options, false)
    } catch (error) {
      const stale = isUpstreamFailure(error) ? this.#results.findStale(key, clock.now()) : undefined
      if (!stale) throw error
      return Object.assign(stale, { latencyMs: milliseconds(clock.monotonic() - startedAt) })
    }
  }

  close(): void {
    this.#closing.abort()
  }

  async #lookUp(request: DnsRequest, options: DnsCallOptions, isRefresh: boolean): Promise<DnsResult> {
    const { clock, cache } = this.#ports
    const lifetime = new Lifetime(clock, this.#options.lifetimeMs)
    const call: Call = { ...options, request, lifetime, queries: 0, isRefresh }
    const types = [...new Set(request.recordTypes)]
    const walks = await Promise.all(types.map(async (type) => [type, await this.#walk(type, call)] as const))
    const summary = summarise({
      request,
      walks: new Map<RecordType, Walked>(walks),
      now: clock.now(),
      queries: call.queries,
      latencyMs: call.lifetime.usedMs,
      anchors: this.#anchors,
    })
    if (!cache) return summary.result
    // The flow may change what it gets.
    this.#results.set(requestKey(request), { ...summary, result: copyResult(summary.result, 0) }, clock.now())
    return summary.result
  }

  // Whether it works concerns nobody: what is known is good for a while yet.
  async #refresh(request: DnsRequest): Promise<void> {
    await this.#lookUp(request, { signal: this.#closing.signal }, true).catch(() => undefined)
  }

  async #walk(type: RecordType, call: Call): Promise<Walked> {
    const { domain } = call.request
    const ask = (question: Question): Found | Promise<Found> => this.#ask(question, call)
    try {
      return await walk({ name: domain, type }, this.#options.maxCnameHops, ask)
    } catch (error) {
      if (isDnsFault(error) && error.code === 'DNS_SERVFAIL' && type !== 'CNAME')
        await this.#explain(domain, ask)
      throw error
    }
  }

  // Resolvers answer SERVFAIL to a chain that loops or is too long for them. Asked for the aliases one by one, they show it.
  async #explain(domain: string, ask: (question: Question) => Found | Promise<Found>): Promise<void> {
    try {
      await walk({ name: domain, type: 'CNAME' }, this.#options.maxCnameHops, ask)
    } catch (error) {
      if (isDnsFault(error) && error.code.startsWith('DNS_CNAME_')) throw error
    }
  }

  #ask(question: Question, call: Call): Found | Promise<Found> {
    const { clock, cache } = this.#ports
    const key = `${question.type} ${question.name} ${this.#scope}`
    const known = call.isRefresh ? undefined : cache?.get(key, clock.now(), call.request.ttlOverrideS)
    if (known) return { ...known, cached: true }
    return this.#join(key, question, call).then((answer) => {
      const expiresAt = usableUntil(answer, clock.now(), call.request.ttlOverrideS)
      return { answer, expiresAt, cached: false }
    })
  }

  // A question goes by the time and the limit of the message that asked it first. Where those are used up, another message
  // that joined it asks again by its own.
  async #join(key: string, question: Question, call: Call): Promise<Answer> {
    const flight = { isOwn: false }
    const fetch = (signal: AbortSignal): Promise<Answer> => {
      flight.isOwn = true
      return this.#fetch(key, question, call, signal)
    }
    try {
      return await this.#flights.run(key, fetch, call.signal)
    } catch (error) {
      if (flight.isOwn || !isUsedUp(error) || call.lifetime.over) throw error
      return this.#join(key, question, call)
    }
  }

  async #fetch(key: string, question: Question, call: Call, signal: AbortSignal): Promise<Answer> {
    const { clock, cache } = this.#ports
    const beforeQuery = (): Promise<void> | undefined => this.#count(call, signal)
    const beforeChainQuery = (): undefined => {
      call.queries += 1
    }
    const { lifetime } = call
    const answer = await this.#source(question, { lifetime, signal, beforeQuery, beforeChainQuery })
    if (!answer.isWithheld) cache?.set(key, answer, clock.now())
    return answer
  }

  #count(call: Call, signal: AbortSignal): Promise<void> | undefined {
    const limit = call.request.maxQueriesPerMinute
    if (this.#options.onLimit === 'fail' || call.isRefresh) this.#limit.take(limit)
    else if (this.#limit.tryTake(limit) > 0) return this.#wait(call, limit, signal)
    call.queries += 1
    return undefined
  }

  async #wait(call: Call, limit: number, signal: AbortSignal): Promise<void> {
    call.onWait?.()
    await call.lifetime.pause(() => this.#limit.wait(limit, signal))
    call.queries += 1
  }
}

/** The servers could not be reached or did not do their work: what was known before may serve (RFC 8767). */
const isUpstreamFailure = (error: unknown): boolean =>
  isDnsFault(error) && ['DNS_TIMEOUT', 'DNS_SERVFAIL', 'DNS_REFUSED'].includes(error.code)

const isUsedUp = (error: unknown): boolean =>
  isDnsFault(error) && (error.code === 'DNS_TIMEOUT' || error.code === 'DNS_RATE_LIMITED')
