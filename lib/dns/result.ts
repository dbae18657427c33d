import { isoTime } from '../system.ts'
import { addressKind } from './addresses.ts'
import { worse, type DnssecStatus } from './dnssec/verdict.ts'
import { dnsFault, withChain, type DnsCode } from './faults.ts'
import { absolute } from './names.ts'
import type { RecordType } from './record-types.ts'
import type { DnsRequest } from './request.ts'
import type { TransportName } from './servers.ts'
import { rememberEvidence, shareEvidence } from './proof.ts'
import { chainText, type Walked } from './walk.ts'

/** What a look-up found. */
export interface DnsResult {
  /** Lower-case ASCII, without trailing dot. */
  readonly domain: string
  /** The values of each asked type; none: `[]`. See `readRdata` for their shapes. */
  readonly records: Readonly<Partial<Record<RecordType, readonly unknown[]>>>
  /** Seconds until the first of the answers is to be asked for again. */
  readonly ttl: number
  /** The same as a moment (ISO 8601, UTC). */
  readonly expiresAt: string
  /** True when no server had to be asked. */
  readonly cacheHit: boolean
  /** Absolute names: the asked one and each target; empty when it is no alias. */
  readonly cnameChain: readonly string[]
  readonly dnssec: DnssecStatus
  /** `ip:port` of the server that answered. */
  readonly server: string
  readonly transport: TransportName
  /** Messages sent to servers for this look-up. */
  readonly queries: number
  /** Milliseconds, without waits for the rate limit. */
  readonly latencyMs: number
  /** True: no server answered, and this is what was known before. */
  readonly stale?: boolean
  /** The addresses found, by whether they can be reached from the Internet. */
  readonly addresses: { readonly public: readonly string[]; readonly private: readonly string[] }
}

/** A result, and how long it is good. */
export interface Summary {
  readonly result: DnsResult
  /** Unix milliseconds. */
  readonly expiresAt: number
  /** Unix milliseconds: when the first of its signatures expires. */
  readonly validUntil: number
}

/** All that {@link summarise} needs to know. */
export interface Outcome {
  readonly request: DnsRequest
  readonly walks: ReadonlyMap<RecordType, Walked>
  /** Unix milliseconds. */
  readonly now: number
  readonly queries: number
  readonly latencyMs: number
  /** What a secure answer rests on, as `trustAnchors` have it. */
  readonly anchors: string
}

/** The code for a status that is not what was required. */
const FAULTS: Readonly<Partial<Record<DnssecStatus['status'], DnsCode>>> = {
  insecure: 'DNS_DNSSEC_INSECURE',
  bogus: 'DNS_DNSSEC_BOGUS',
  indeterminate: 'DNS_DNSSEC_INDETERMINATE',
}

/**
 * Makes the result of a look-up out of the walks of its types. What validation withholds of one type takes the records of
 * all with it.
 *
 * @throws `DNS_DNSSEC_INSECURE`, `DNS_DNSSEC_BOGUS`, `DNS_DNSSEC_INDETERMINATE` when the request demands DNSSEC and a part
 * of the answer lacks it.
 */
export function summarise(outcome: Outcome): Summary {
  const { request, walks, now } = outcome
  const all = [...walks.values()]
  const links = all.flatMap((walked) => walked.links)
  const dnssec = judge(links)
  const cnameChain = chainText(longest(all.map((walked) => walked.chain)))
  const code = FAULTS[dnssec.status]
  if (request.dnssecRequired && code) {
    const message = `DNSSEC is required for \`${absolute(request.domain)}\`, but ${dnssec.reason}`
    throw withChain(dnsFault(code, message, { ede: dnssec.ede, dnssec }), request.domain || '.', cnameChain)
  }
  const expiresAt = Math.min(...links.map((link) => link.expiresAt))
  const isWithheld = links.some(({ answer }) => answer.isWithheld)
  const shown = isWithheld ? new Map([...walks].map(([type]) => [type, NOTHING])) : walks
  const asked = links.find((link) => !link.cached) ?? links[0]
  const validUntil = Math.min(...links.map(({ answer }) => answer.validUntil))
  const result: DnsResult = {
    domain: request.domain || '.',
    records: Object.fromEntries([...shown].map(([type, { values }]) => [type, values.map(copy)])),
    ttl: Math.max(0, Math.ceil((expiresAt - now) / 1000)),
    expiresAt: isoTime(expiresAt),
    cacheHit: links.every((link) => link.cached),
    cnameChain,
    dnssec,
    server: asked?.answer.server ?? '',
    transport: asked?.answer.transport ?? 'udp',
    queries: outcome.queries,
    latencyMs: milliseconds(outcome.latencyMs),
    addresses: sortAddresses(shown),
  }
  if (dnssec.status === 'secure' && outcome.anchors !== '') {
    const steps = links.flatMap(({ answer }) => answer.steps)
    const records = Object.fromEntries([...shown].map(([type, { values }]) => [type, values]))
    rememberEvidence(result, { at: now, domain: result.domain, records, steps, anchors: outcome.anchors })
  }
  return { result, expiresAt: isWithheld ? now : expiresAt, validUntil }
}

/** Milliseconds to the thousandth. */
export const milliseconds = (ms: number): number => Math.round(ms * 1000) / 1000

/** A result that was given before, as one of its own: flows change what they get. */
export function copyResult(result: DnsResult, ttl: number): DnsResult {
  const { records, cnameChain, dnssec, addresses } = result
  const fresh: Partial<Record<RecordType, readonly unknown[]>> = {}
  for (const type in records) {
    const values = records[type as RecordType] ?? []
    fresh[type as RecordType] = typeof values[0] === 'object' ? values.map(copy) : values.slice()
  }
  const made: DnsResult = {
    domain: result.domain,
    records: fresh,
    ttl,
    expiresAt: result.expiresAt,
    cacheHit: true,
    cnameChain: cnameChain.slice(),
    dnssec: { status: dnssec.status, reason: dnssec.reason, ede: dnssec.ede && { ...dnssec.ede } },
    server: result.server,
    transport: result.transport,
    queries: 0,
    latencyMs: 0,
    addresses: { public: addresses.public.slice(), private: addresses.private.slice() },
  }
  shareEvidence(result, made)
  return made
}

const NOTHING: Pick<Walked, 'values'> = { values: [] }

/**
 * The facts of a look-up without its records, for logs and for connections that are pinned to what it found: plain data that
 * shares nothing with the result.
 */
export function factsOf(result: DnsResult) {
  const { domain, dnssec, cacheHit, cnameChain, server, transport, queries, latencyMs, expiresAt } = result
  const addresses = { public: [...result.addresses.public], private: [...result.addresses.private] }
  const facts = { domain, dnssec: dnssec.status, cacheHit, cnameChain: [...cnameChain], addresses, expiresAt }
  return { ...facts, server, transport, queries, latencyMs }
}

/** A look-up is as good as the worst of its answers. What servers said about themselves is told where there is nothing worse. */
function judge(links: Walked['links']): DnssecStatus {
  const [first, ...more] = links.map(({ answer }) => answer.security)
  const { status, reason, ede } = more.reduce(worse, first ?? UNKNOWN)
  const said = links.find(({ answer }) => answer.ede !== null)?.answer.ede ?? null
  return { status, reason, ede: ede ?? said }
}

const UNKNOWN: DnssecStatus = { status: 'unchecked', reason: 'nothing was asked', ede: null }

const longest = (chains: readonly (readonly string[])[]): readonly string[] =>
  chains.reduce((best, chain) => (chain.length > best.length ? chain : best), [])

/** Flows change what they get; what is kept must not change with it. */
const copy = (value: unknown): unknown => (typeof value === 'string' ? value : structuredClone(value))

function sortAddresses(walks: ReadonlyMap<RecordType, Pick<Walked, 'values'>>): DnsResult['addresses'] {
  const parts = (['A', 'AAAA'] as const).map((type) => sorted(walks.get(type)?.values ?? []))
  return {
    public: parts.flatMap((part) => part.public),
    private: parts.flatMap((part) => part.private),
  }
}

// Answers that are kept are sorted once: reading an address costs more than all else of a cached look-up.
const sortedBefore = new WeakMap<readonly unknown[], DnsResult['addresses']>()

function sorted(values: readonly unknown[]): DnsResult['addresses'] {
  const known = sortedBefore.get(values)
  if (known) return known
  const made = { public: [] as string[], private: [] as string[] }
  for (const address of values as readonly string[]) {
    made[addressKind(address) === 'public' ? 'public' : 'private'].push(address)
  }
  sortedBefore.set(values, made)
  return made
}
