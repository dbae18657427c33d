import type { Denial } from './denial.ts'
import { isBelow, labelCount, parentOf, suffixOf, wildcardOf, type WireName } from './name.ts'
import { denyByTypes, denyByWildcard, isDelegation } from './nsec.ts'
import { nsec3Hash, TYPE, type Nsec3 } from './records.ts'
import { EDE, insecure, type Flaw } from './verdict.ts'
import { MAX_ITERATIONS, type Work } from './work.ts'

/** See `proveDenial`; undefined when NSEC3 records do not prove it. */
export function proveByNsec3(
  name: WireName,
  type: number,
  all: readonly Nsec3[],
  zone: WireName,
  work: Work,
): Denial | Flaw | undefined {
  const ring = Ring.of(all, work)
  if (!(ring instanceof Ring)) return ring
  const at = ring.match(name)
  if (at) return denyByTypes(at.types, type, name)
  const encloser = closestEncloser(name, zone, ring)
  if (encloser === undefined) return undefined
  const cover = ring.cover(suffixOf(name, labelCount(encloser) + 1))
  if (!cover) return undefined
  const { optOut } = cover
  // In a span that is opted out, unsigned delegations have no record: there is no DS, and nothing more is known.
  if (optOut && type === TYPE.DS) return { status: 'denied', exists: true, isCut: true, optOut }
  const wildcard = wildcardOf(encloser)
  const atWildcard = ring.match(wildcard)
  const absent: Denial = { status: 'denied', exists: false, isCut: false, optOut }
  const denial = atWildcard
    ? denyByWildcard(atWildcard.types, type, wildcard)
    : ring.cover(wildcard) && absent
  return denial && { ...denial, optOut }
}

/** See `proveWildcard`; undefined when NSEC3 records do not prove it. */
export function wildcardByNsec3(
  name: WireName,
  labels: number,
  all: readonly Nsec3[],
  zone: WireName,
  work: Work,
): { readonly status: 'denied'; readonly optOut: boolean } | Flaw | undefined {
  const ring = Ring.of(all, work)
  if (!(ring instanceof Ring)) return ring
  if (labels < labelCount(zone)) return undefined
  const cover = ring.cover(suffixOf(name, labels + 1))
  return cover && { status: 'denied', optOut: cover.optOut }
}

/** The longest name above that is shown to exist. A delegation or a DNAME there ends what the zone may deny. */
function closestEncloser(name: WireName, zone: WireName, ring: Ring): WireName | undefined {
  for (let at = name; isBelow(at, zone);) {
    at = parentOf(at)
    const match = ring.match(at)
    if (!match) continue
    return match.types.has(TYPE.DNAME) || isDelegation(match.types) ? undefined : at
  }
  return undefined
}

/** The NSEC3 records of an answer that belong to one chain. */
class Ring {
  readonly #records: readonly Nsec3[]
  readonly #work: Work
  readonly #hashes = new Map<WireName, string>()

  private constructor(records: readonly Nsec3[], work: Work) {
    this.#records = records
    this.#work = work
  }

  /** Undefined where there are no records; insecure where hashing takes too long (RFC 9276, section 3.2). */
  static of(all: readonly Nsec3[], work: Work): Ring | Flaw | undefined {
    const [first] = all
    if (!first) return undefined
    const { iterations, salt } = first
    if (iterations > MAX_ITERATIONS) {
      const reason = `the zone asks for ${iterations} NSEC3 iterations, more than ${MAX_ITERATIONS}: it counts as unsigned`
      return insecure(reason, EDE.NSEC3_ITERATIONS)
    }
    return new Ring(
      all.filter((record) => record.iterations === iterations && record.salt === salt),
      work,
    )
  }

  match(name: WireName): Nsec3 | undefined {
    const hash = this.#hash(name)
    return this.#records.find((record) => record.hash === hash)
  }

  /** The record in whose gap the hash of the name lies; the last one leads back to the first. */
  cover(name: WireName): Nsec3 | undefined {
    const hash = this.#hash(name)
    return this.#records.find((record) =>
      record.hash < record.next
        ? record.hash < hash && hash < record.next
        : record.hash < hash || hash < record.next,
    )
  }

  #hash(name: WireName): string {
    const known = this.#hashes.get(name)
    if (known !== undefined) return known
    this.#work.spend('hashes')
    const [first] = this.#records
    const made = nsec3Hash(name, first?.salt ?? '', first?.iterations ?? 0)
    this.#hashes.set(name, made)
    return made
  }
}
