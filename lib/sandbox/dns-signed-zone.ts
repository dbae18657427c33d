import {
  compareNames,
  isBelow,
  isWithin,
  labelCount,
  parentOf,
  wildcardOf,
  type WireName,
} from '../dns/dnssec/name.ts'
import { nsec3Hash, TYPE } from '../dns/dnssec/records.ts'
import {
  base32Hex,
  signRecords,
  typeBitmaps,
  type SignatureFields,
  type SigningKey,
  type ZoneRecord,
} from './dns-signer.ts'

/** How a zone denies names (RFC 5155). */
export interface Nsec3Options {
  readonly iterations: number
  readonly salt: Buffer
  /** Delegations without DS have no record of their own. */
  readonly optOut: boolean
}

/** Makes the signatures of one RRset; `make` signs it with fields of one's own. */
export type SignHook = (
  set: readonly ZoneRecord[],
  make: (fields?: Partial<SignatureFields>, key?: SigningKey) => ZoneRecord,
) => readonly ZoneRecord[]

/** A zone with what it takes to sign it. */
export interface SignedZoneOptions {
  readonly origin: WireName
  readonly records: readonly ZoneRecord[]
  /** The first signs the keys, the last all else. Left out: the zone is not signed. */
  readonly keys?: readonly SigningKey[]
  readonly nsec3?: Nsec3Options
  /** Unix seconds. */
  readonly now: () => number
  /** Signs otherwise than a zone should. */
  readonly sign?: SignHook
}

const HOUR = 3600
const WEEK = 7 * 24 * HOUR
const NSEC_TTL = 60

/** A zone that can tell what it holds, and prove what it does not. */
export class SignedZone {
  readonly origin: WireName
  readonly #options: SignedZoneOptions
  readonly #sets = new Map<WireName, Map<number, ZoneRecord[]>>()
  readonly #signatures = new Map<string, { readonly at: number; readonly records: readonly ZoneRecord[] }>()
  #chain: readonly ZoneRecord[] | undefined

  constructor(options: SignedZoneOptions) {
    this.origin = options.origin
    this.#options = options
    for (const record of options.records) this.#add(record)
    for (const { rdata } of options.keys ?? []) {
      this.#add({ owner: this.origin, type: TYPE.DNSKEY, ttl: HOUR, rdata })
    }
  }

  get isSigned(): boolean {
    return this.#options.keys !== undefined
  }

  /** Adds a record, such as the DS of a zone below. */
  #add(record: ZoneRecord): void {
    const types = this.#sets.get(record.owner) ?? new Map<number, ZoneRecord[]>()
    this.#sets.set(record.owner, types)
    types.set(record.type, [...(types.get(record.type) ?? []), record])
  }

  set(owner: WireName, type: number): readonly ZoneRecord[] {
    return this.#sets.get(owner)?.get(type) ?? []
  }

  /** The types of the records at a name. */
  typesAt(owner: WireName): readonly number[] {
    return [...(this.#sets.get(owner)?.keys() ?? [])]
  }

  get dnames(): readonly ZoneRecord[] {
    return [...this.#sets.values()].flatMap((types) => types.get(TYPE.DNAME) ?? [])
  }

  /** Whether a name has records, or names below it that have (RFC 8020). */
  exists(name: WireName): boolean {
    return this.#sets.has(name) || [...this.#sets.keys()].some((owner) => isBelow(owner, name))
  }

  /** An RRset with its signatures. */
  signed(owner: WireName, type: number): ZoneRecord[] {
    const set = this.set(owner, type)
    return [...set, ...this.signatures(set)]
  }

  /** Signatures are made when they are first asked for, and made anew once a day. */
  signatures(set: readonly ZoneRecord[]): readonly ZoneRecord[] {
    const [first] = set
    if (!first || !this.isSigned || !this.#isOurs(first)) return []
    const key = `${first.type} ${first.owner}`
    const now = this.#options.now()
    const known = this.#signatures.get(key)
    if (known && Math.abs(now - known.at) < 24 * HOUR) return known.records
    const records = this.#sign(set, first, now)
    this.#signatures.set(key, { at: now, records })
    return records
  }

  #sign(set: readonly ZoneRecord[], { type }: ZoneRecord, now: number): readonly ZoneRecord[] {
    const keys = this.#options.keys ?? []
    const own = type === TYPE.DNSKEY ? keys[0] : keys.at(-1)
    const times = { inception: now - HOUR, expiration: now + WEEK }
    const make: Parameters<SignHook>[1] = (fields = {}, key = own) => {
      if (!key) throw new TypeError('the zone has no key')
      return signRecords(set, key, { signer: this.origin, ...times, ...fields })
    }
    return this.#options.sign ? this.#options.sign(set, make) : [make()]
  }

  /** Delegations and what lies below them are not the zone's own, but for DS and the proof that there is none. */
  #isOurs({ owner, type }: ZoneRecord): boolean {
    const cut = this.#cutAbove(owner)
    return cut === undefined || (cut === owner && (type === TYPE.DS || type === TYPE.NSEC))
  }

  /** The delegation that a name is at or below. */
  #cutAbove(name: WireName): WireName | undefined {
    for (let at = name; isBelow(at, this.origin); at = parentOf(at)) {
      if (this.set(at, TYPE.NS).length > 0) return at
    }
    return undefined
  }

  /** The longest name above `name` that exists. */
  closestEncloser(name: WireName): WireName {
    let at = name
    while (at !== this.origin && !this.exists(at)) at = parentOf(at)
    return at
  }

  /**
   * The signed records that prove that a name has nothing of a type, does not exist, or is covered by a wildcard.
   *
   * @param kind what is to be proven.
   */
  denial(name: WireName, kind: 'nodata' | 'nxdomain' | 'wildcard' | 'wildcard-nodata'): ZoneRecord[] {
    if (!this.isSigned) return []
    const found = this.#options.nsec3
      ? this.#nsec3Denial(name, kind, this.#options.nsec3)
      : this.#nsecDenial(name, kind)
    return [...new Set(found)].flatMap((record) => [record, ...this.signatures([record])])
  }

  #nsecDenial(name: WireName, kind: string): ZoneRecord[] {
    const at = (owner: WireName): ZoneRecord[] => {
      const record = this.chain.findLast((one) => compareNames(one.owner, owner) <= 0)
      return record ? [record] : []
    }
    const wildcard = wildcardOf(this.closestEncloser(name))
    const isPlain = kind === 'nodata' || kind === 'wildcard'
    return isPlain ? at(name) : [...at(name), ...at(wildcard)]
  }

  #nsec3Denial(name: WireName, kind: string, { iterations, salt }: Nsec3Options): ZoneRecord[] {
    const at = (owner: WireName): ZoneRecord[] => {
      const label = base32Hex(nsec3Hash(owner, salt.toString('latin1'), iterations))
      const record = this.chain.findLast((one) => one.owner.slice(1, 33) <= label) ?? this.chain.at(-1)
      return record ? [record] : []
    }
    const hasOwn = (owner: WireName): boolean =>
      at(owner).some(
        (one) => one.owner.slice(1, 33) === base32Hex(nsec3Hash(owner, salt.toString('latin1'), iterations)),
      )
    if (kind === 'nodata' && hasOwn(name)) return at(name)
    let encloser = parentOf(name)
    while (encloser !== this.origin && !hasOwn(encloser)) encloser = parentOf(encloser)
    let next = name
    while (labelCount(next) > labelCount(encloser) + 1) next = parentOf(next)
    if (kind === 'wildcard') return at(next)
    const proof = [...at(encloser), ...at(next)]
    return kind === 'nodata' ? proof : [...proof, ...at(wildcardOf(encloser))]
  }

  /** The NSEC or NSEC3 records of the zone in their order. */
  get chain(): readonly ZoneRecord[] {
    return (this.#chain ??= this.#options.nsec3 ? this.#nsec3Chain(this.#options.nsec3) : this.#nsecChain())
  }

  #owners(): WireName[] {
    return [...this.#sets.keys()].filter((owner) => {
      const cut = this.#cutAbove(owner)
      return isWithin(owner, this.origin) && (cut === undefined || cut === owner)
    })
  }

  #typesAt(owner: WireName): number[] {
    const types = [...this.typesAt(owner)]
    return this.#cutAbove(owner) === owner
      ? types.filter((type) => type === TYPE.NS || type === TYPE.DS)
      : types
  }

  #nsecChain(): ZoneRecord[] {
    const owners = this.#owners().toSorted(compareNames)
    return owners.map((owner, at) => {
      const next = owners[at + 1] ?? this.origin
      const types = typeBitmaps([...this.#typesAt(owner), TYPE.RRSIG, TYPE.NSEC])
      return {
        owner,
        type: TYPE.NSEC,
        ttl: NSEC_TTL,
        rdata: Buffer.concat([Buffer.from(next, 'latin1'), types]),
      }
    })
  }

  #nsec3Chain({ iterations, salt, optOut }: Nsec3Options): ZoneRecord[] {
    const isLeftOut = (owner: WireName): boolean => {
      const types = this.#typesAt(owner)
      return optOut && owner !== this.origin && types.includes(TYPE.NS) && !types.includes(TYPE.DS)
    }
    const names = new Set<WireName>()
    for (const owner of this.#owners().filter((one) => !isLeftOut(one))) {
      for (let at = owner; at !== this.origin; at = parentOf(at)) names.add(at)
    }
    names.add(this.origin)
    const hashed = [...names]
      .map((name) => ({ name, hash: nsec3Hash(name, salt.toString('latin1'), iterations) }))
      .toSorted((one, other) => (one.hash < other.hash ? -1 : 1))
    return hashed.map(({ name, hash }, at) => {
      const next = Buffer.from((hashed[at + 1] ?? hashed[0])?.hash ?? '', 'latin1')
      const types = this.#typesAt(name)
      const isUnsigned =
        types.length === 0 || (types.includes(TYPE.NS) && !types.includes(TYPE.DS) && name !== this.origin)
      const head = Buffer.from([1, optOut ? 1 : 0, iterations >> 8, iterations & 0xff, salt.length])
      const bits = typeBitmaps(isUnsigned ? types : [...types, TYPE.RRSIG])
      const rdata = Buffer.concat([head, salt, Buffer.from([next.length]), next, bits])
      return { owner: `\x20${base32Hex(hash)}${this.origin}`, type: TYPE.NSEC3, ttl: NSEC_TTL, rdata }
    })
  }
}
