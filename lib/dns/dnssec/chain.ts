import { SingleFlight } from '../../concurrency/single-flight.ts'
import type { Clock } from '../../ports.ts'
import { isDnsFault } from '../faults.ts'
import { proveDenial, verifyDenials } from './denial.ts'
import { dsDigest, groupSets, isDigestKnown, readDs, TYPE, type RrSet } from './records.ts'
import { isAlgorithmKnown, readKey, type ZoneKey } from './keys.ts'
import type { Anchors, Ds } from './ds.ts'
import type { StrictMessage } from './message.ts'
import { isBelow, isWithin, labelCount, shownName, suffixOf, type WireName } from './name.ts'
import { bogus, EDE, ede, indeterminate, insecure, type Flaw } from './verdict.ts'
import { verifySet, type Signer, type VerifiedSet } from './verify.ts'
import { WorkExceeded, type Work } from './work.ts'

/** One question of a validation, and the signed records that settled it. */
export interface Step {
  readonly name: WireName
  readonly type: number
  readonly sets: readonly VerifiedSet[]
}

/** A zone whose keys are proven. */
export interface TrustedZone extends Signer {
  readonly status: 'secure'
}

/** What is known of a name on the way down: a signed zone begins there, none does, or the way ends. */
export type Link = {
  readonly steps: readonly Step[]
  readonly expiresAt: number
  readonly storedAt: number
} & (
  | { readonly kind: 'zone'; readonly zone: TrustedZone }
  | { readonly kind: 'none' }
  | { readonly kind: 'end'; readonly flaw: Flaw }
)

/** Keeps links; bounded. */
export interface LinkMemo {
  get(name: WireName): Link | undefined
  set(name: WireName, link: Link): void
}

/** The means of one validation. */
export interface Inquiry {
  readonly work: Work
  readonly signal: AbortSignal | undefined
  /** Asks the servers, without their own validation. @throws DNS faults, `ABORTED` */
  readonly fetch: (name: WireName, type: number, signal: AbortSignal) => Promise<StrictMessage>
}

/** The end of a walk: the zone that a name lies in or why there is none to be trusted, and the way there. */
export interface Walked {
  readonly trust: TrustedZone | Flaw
  readonly steps: readonly Step[]
  /** Unix milliseconds: when the first of what it rests on is over. */
  readonly expiresAt: number
}

/** Proven faults are not looked into again for so long (RFC 4035, section 4.7). */
const BAD_MS = 5000
const MAX_MS = 86_400_000

/**
 * Walks from a trust anchor down to a zone, label by label: each delegation is proven by DS records that the zone above
 * has signed, or its absence by NSEC or NSEC3. What is found is kept as long as its records allow.
 */
export class Chain {
  readonly #clock: Pick<Clock, 'now'>
  readonly #anchors: Anchors
  readonly #memo: LinkMemo
  readonly #flights = new SingleFlight<Link>()

  constructor(ports: { clock: Pick<Clock, 'now'>; anchors: Anchors; memo: LinkMemo }) {
    this.#clock = ports.clock
    this.#anchors = ports.anchors
    this.#memo = ports.memo
  }

  /**
   * The zone that holds `name`, as far as it is signed.
   *
   * @throws WorkExceeded; `ABORTED`
   */
  async walk(name: WireName, inquiry: Inquiry): Promise<Walked> {
    const start = this.#anchorOf(name)
    if (start === undefined) {
      const flaw = indeterminate(`no trust anchor covers \`${shownName(name)}\``, ede(EDE.INDETERMINATE))
      return { trust: { ...flaw, isUnanchored: true }, steps: [], expiresAt: Infinity }
    }
    let zone: TrustedZone | undefined
    const steps: Step[] = []
    let expiresAt = Infinity
    const end = labelCount(name)
    for (let depth = labelCount(start); depth <= end; depth += 1) {
      const link = await this.#link(suffixOf(name, depth), zone, inquiry)
      expiresAt = Math.min(expiresAt, link.expiresAt)
      steps.push(...link.steps)
      if (link.kind === 'end') return { trust: link.flaw, steps, expiresAt }
      if (link.kind === 'zone') zone = link.zone
    }
    if (!zone) throw new TypeError('a walk starts at an anchor')
    return { trust: zone, steps, expiresAt }
  }

  #anchorOf(name: WireName): WireName | undefined {
    let best: WireName | undefined
    for (const zone of this.#anchors.keys()) {
      if (isWithin(name, zone) && (best === undefined || zone.length > best.length)) best = zone
    }
    return best
  }

  async #link(name: WireName, above: TrustedZone | undefined, inquiry: Inquiry): Promise<Link> {
    const known = this.#memo.get(name)
    const now = this.#clock.now()
    // A link from the future: the clock was set back.
    if (known && now < known.expiresAt && now >= known.storedAt) return known
    const flight = { isOwn: false }
    const find = (signal: AbortSignal): Promise<Link> => {
      flight.isOwn = true
      return this.#find(name, above, { ...inquiry, signal })
    }
    const link = await this.#flights.run(name, find, inquiry.signal)
    // Another question's time or work was used up, not ours.
    const isOthers = !flight.isOwn && link.kind === 'end' && link.expiresAt <= link.storedAt
    return isOthers ? await this.#find(name, above, inquiry) : link
  }

  async #find(name: WireName, above: TrustedZone | undefined, inquiry: Inquiry): Promise<Link> {
    const search = new Search(this.#clock, inquiry)
    const link = await search.find(name, above, above ? [] : (this.#anchors.get(name) ?? []))
    if (link.expiresAt > link.storedAt) this.#memo.set(name, link)
    return link
  }
}

/** The search for one link. */
class Search {
  readonly #clock: Pick<Clock, 'now'>
  readonly #inquiry: Inquiry

  constructor(clock: Pick<Clock, 'now'>, inquiry: Inquiry) {
    this.#clock = clock
    this.#inquiry = inquiry
  }

  async find(name: WireName, above: TrustedZone | undefined, anchors: readonly Ds[]): Promise<Link> {
    try {
      return above ? await this.#cut(name, above) : await this.#zone(name, anchors, [])
    } catch (error) {
      if (error instanceof WorkExceeded) return this.#end(error.flaw, 0)
      if (!isDnsFault(error)) throw error
      const why = (error.details['ede'] as Flaw['ede'] | undefined) ?? ede(EDE.NO_REACHABLE_AUTHORITY)
      return this.#end(
        indeterminate(`the keys of \`${shownName(name)}\` cannot be had: ${error.message}`, why),
        0,
      )
    }
  }

  async #cut(name: WireName, above: TrustedZone): Promise<Link> {
    const { work } = this.#inquiry
    const { sets, authority } = await this.#ask(name, TYPE.DS)
    const now = this.#clock.now()
    const ds = sets.find(({ owner, type }) => owner === name && type === TYPE.DS)
    if (ds) {
      const verified = await verifySet(ds, above, now, work)
      if (verified.status !== 'secure') return this.#end(verified)
      if (verified.wildcard !== undefined) {
        return this.#end(
          bogus(EDE.BOGUS, `the DS records of \`${shownName(name)}\` are made from a wildcard`),
        )
      }
      const list = ds.records.flatMap((record) => readDs(record) ?? [])
      return await this.#zone(name, list, [{ name, type: TYPE.DS, sets: [verified] }])
    }
    const alias = sets.find(
      ({ owner, type }) =>
        (type === TYPE.CNAME && owner === name) || (type === TYPE.DNAME && isBelow(name, owner)),
    )
    if (alias) {
      const verified = await verifySet(alias, above, now, work)
      if (verified.status === 'secure' && verified.wildcard === undefined) {
        return this.#none(name, [verified])
      }
    }
    const records = await verifyDenials(authority, above, now, work)
    const proof = proveDenial(name, TYPE.DS, records, work)
    if (proof.status !== 'denied') return this.#end(unproven(name, proof), undefined, records.sets)
    if (!proof.isCut && !proof.optOut) return this.#none(name, records.sets)
    const span = proof.optOut ? ', in a span that is opted out' : ''
    const flaw = insecure(
      `\`${shownName(above.name)}\` proves that \`${shownName(name)}\` is not signed${span}`,
    )
    return this.#end(flaw, undefined, records.sets)
  }

  /** The keys of a zone, of which one must fit a DS record and sign them all (RFC 4035, section 5.2). */
  async #zone(name: WireName, all: readonly Ds[], before: readonly Step[]): Promise<Link> {
    const list = usable(all)
    if (list.length === 0) return this.#end(unsupported(name, all), undefined, setsOf(before))
    const { sets } = await this.#ask(name, TYPE.DNSKEY)
    const set = sets.find(({ owner, type }) => owner === name && type === TYPE.DNSKEY)
    if (!set) return this.#end(bogus(EDE.DNSKEY_MISSING, `\`${shownName(name)}\` gives no DNSKEY records`))
    const keys = set.records.flatMap((record) => readKey(record) ?? [])
    const anchored = keys.filter((key) => list.some((ds) => fits(ds, key, name)))
    const proven = anchored.filter(({ isZoneKey }) => isZoneKey)
    if (proven.length === 0) return this.#end(noEntry(name, keys, anchored))
    const verified = await verifySet(set, { name, keys: proven }, this.#clock.now(), this.#inquiry.work)
    if (verified.status !== 'secure') return this.#end(verified)
    const zone: TrustedZone = { status: 'secure', name, keys: keys.filter(({ isZoneKey }) => isZoneKey) }
    const steps = [...before, { name, type: TYPE.DNSKEY, sets: [verified] }]
    return { kind: 'zone', zone, steps, ...this.#life(setsOf(steps)) }
  }

  async #ask(name: WireName, type: number): Promise<{ sets: RrSet[]; authority: RrSet[] }> {
    const { work, fetch, signal } = this.#inquiry
    work.spend('queries')
    const message = await fetch(name, type, signal ?? new AbortController().signal)
    return { sets: groupSets(message.answers), authority: groupSets(message.authorities) }
  }

  #none(name: WireName, sets: readonly VerifiedSet[]): Link {
    return { kind: 'none', steps: [{ name, type: TYPE.DS, sets }], ...this.#life(sets) }
  }

  #end(flaw: Flaw, ms?: number, sets: readonly VerifiedSet[] = []): Link {
    const storedAt = this.#clock.now()
    const life =
      flaw.status === 'insecure' ? this.#life(sets) : { storedAt, expiresAt: storedAt + (ms ?? BAD_MS) }
    return { kind: 'end', flaw, steps: [], ...life }
  }

  #life(sets: readonly VerifiedSet[]): { storedAt: number; expiresAt: number } {
    const storedAt = this.#clock.now()
    const lives = sets.map(({ ttl, validUntil }) => Math.min(storedAt + ttl * 1000, validUntil))
    return { storedAt, expiresAt: Math.min(storedAt + MAX_MS, ...lives) }
  }
}

const setsOf = (steps: readonly Step[]): VerifiedSet[] => steps.flatMap(({ sets }) => sets)

const unproven = (name: WireName, flaw: Flaw): Flaw =>
  flaw.status === 'bogus'
    ? { ...flaw, reason: `whether \`${shownName(name)}\` is signed cannot be told: ${flaw.reason}` }
    : flaw

/** The DS records that count: known ones, and none of SHA-1 beside a better digest (RFC 4509, section 3). */
function usable(all: readonly Ds[]): readonly Ds[] {
  const known = all.filter((ds) => isDigestKnown(ds.digestType) && isAlgorithmKnown(ds.algorithm))
  const strong = known.filter(({ digestType }) => digestType !== SHA1)
  return strong.length > 0 ? strong : known
}

const SHA1 = 1

function unsupported(name: WireName, all: readonly Ds[]): Flaw {
  const isDigest = all.some(({ algorithm }) => isAlgorithmKnown(algorithm))
  const what = isDigest ? 'digest types' : 'algorithms'
  return insecure(
    `\`${shownName(name)}\` is signed with ${what} that are not known, so it counts as unsigned`,
    isDigest ? EDE.UNSUPPORTED_DIGEST : EDE.UNSUPPORTED_KEY_ALGORITHM,
  )
}

const fits = (ds: Ds, key: ZoneKey, zone: WireName): boolean =>
  ds.keyTag === key.tag &&
  ds.algorithm === key.algorithm &&
  dsDigest(zone, key.rdata, ds.digestType) === ds.digest

function noEntry(name: WireName, keys: readonly ZoneKey[], anchored: readonly ZoneKey[]): Flaw {
  if (anchored.length > 0) {
    return bogus(
      EDE.NO_ZONE_KEY,
      `the keys of \`${shownName(name)}\` that its DS records name are revoked or no zone keys`,
    )
  }
  const among = keys.length === 1 ? 'its only key does not fit' : `none of its ${keys.length} keys fits`
  return bogus(EDE.DNSKEY_MISSING, `\`${shownName(name)}\`: ${among} the DS records of the zone above`)
}
