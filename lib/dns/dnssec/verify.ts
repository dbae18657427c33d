import { isoTime } from '../../system.ts'
import { verifySignature, isAlgorithmKnown, type ZoneKey } from './keys.ts'
import { isWithin, parentOf, shownName, suffixOf, wildcardOf, type WireName } from './name.ts'
import { signedLabels, TYPE, type RrSet, type Signature } from './records.ts'
import { typeName } from './type-names.ts'
import { bogus, EDE, type Flaw } from './verdict.ts'
import { MAX_CHECKS_PER_SET, MAX_KEYS_PER_TAG, type Work } from './work.ts'

/** An RRset whose signature is right. */
export interface VerifiedSet {
  readonly status: 'secure'
  readonly set: RrSet
  readonly signature: Signature
  /** The labels of the wildcard's parent, where the records come from one; it then takes a proof that it applies. */
  readonly wildcard: number | undefined
  /** Seconds: the least of the TTL, the one that was signed, and what is left until the signature expires. */
  readonly ttl: number
  /** Unix milliseconds: when the signature expires. */
  readonly validUntil: number
}

/** Whose keys sign: the zone that a set of keys belongs to. */
export interface Signer {
  readonly name: WireName
  readonly keys: readonly ZoneKey[]
}

/**
 * Looks for a signature of the zone over the RRset (RFC 4035, section 5.3): one right signature is enough.
 *
 * @param now Unix milliseconds.
 * @throws WorkExceeded
 */
export async function verifySet(
  set: RrSet,
  zone: Signer,
  now: number,
  work: Work,
): Promise<VerifiedSet | Flaw> {
  let flaw: Flaw | undefined
  let checks = 0
  for (const signature of set.signatures) {
    if (signature.signer !== zone.name) continue
    const unfit = unfitness(set, signature, now)
    const keys = unfit ? [] : keysFor(signature, zone)
    if (!unfit && keys.length > 0 && checks >= MAX_CHECKS_PER_SET) break
    const data = keys.length > 0 ? signedData(set, signature) : undefined
    for (const key of data ? keys : []) {
      if (checks++ >= MAX_CHECKS_PER_SET) break
      work.spend('checks')
      if (data && (await verifySignature(key, data, signature.value))) return verified(set, signature, now)
    }
    flaw = moreTelling(flaw, unfit ?? (keys.length === 0 ? noKey(set, signature, zone) : wrong(set, zone)))
  }
  return flaw ?? bogus(EDE.RRSIGS_MISSING, `${what(set)} has no signature of \`${shownName(zone.name)}\``)
}

const what = ({ owner, type }: RrSet): string => `\`${shownName(owner)}\` (${typeName(type)})`

function verified(set: RrSet, signature: Signature, now: number): VerifiedSet {
  const seconds = Math.floor(now / 1000)
  const left = (signature.expiration - (seconds >>> 0)) | 0
  const ttl = Math.max(0, Math.min(set.ttl, signature.originalTtl, left))
  const wildcard = signature.labels < signedLabels(set.owner) ? signature.labels : undefined
  return { status: 'secure', set, signature, wildcard, ttl, validUntil: (seconds + left) * 1000 }
}

/** Why a signature cannot count, whatever its key says. */
function unfitness(set: RrSet, signature: Signature, now: number): Flaw | undefined {
  const { owner, type } = set
  const zoneOf = type === TYPE.DS ? parentOf(owner) : owner
  if (!isWithin(zoneOf, signature.signer)) {
    return bogus(
      EDE.BOGUS,
      `the signature of ${what(set)} is by \`${shownName(signature.signer)}\`, another zone`,
    )
  }
  if (signature.labels > signedLabels(owner)) {
    return bogus(EDE.BOGUS, `the signature of ${what(set)} counts more labels than the name has`)
  }
  if (!isAlgorithmKnown(signature.algorithm)) {
    return bogus(
      EDE.UNSUPPORTED_KEY_ALGORITHM,
      `the signature of ${what(set)} is of algorithm ${signature.algorithm}, which is not known`,
    )
  }
  return outOfTime(set, signature, now)
}

/** Times of signatures are 32 bits that wrap around (RFC 1982): only differences count. */
function outOfTime(set: RrSet, { inception, expiration }: Signature, now: number): Flaw | undefined {
  const seconds = Math.floor(now / 1000) >>> 0
  const since = (seconds - inception) | 0
  const left = (expiration - seconds) | 0
  if (((expiration - inception) | 0) < 0) {
    return bogus(EDE.EXPIRED_BEFORE_VALID, `the signature of ${what(set)} expires before it becomes valid`)
  }
  if (left < 0) {
    return bogus(
      EDE.EXPIRED,
      `the signature of ${what(set)} expired on ${isoTime((Math.floor(now / 1000) + left) * 1000)}`,
    )
  }
  if (since < 0) {
    return bogus(
      EDE.NOT_YET_VALID,
      `the signature of ${what(set)} is valid from ${isoTime((Math.floor(now / 1000) - since) * 1000)} only`,
    )
  }
  return undefined
}

const keysFor = (signature: Signature, zone: Signer): ZoneKey[] =>
  zone.keys
    .filter((key) => key.isZoneKey && key.tag === signature.keyTag && key.algorithm === signature.algorithm)
    .slice(0, MAX_KEYS_PER_TAG)

const noKey = (set: RrSet, signature: Signature, zone: Signer): Flaw =>
  bogus(
    EDE.DNSKEY_MISSING,
    `\`${shownName(zone.name)}\` has no key ${signature.keyTag} (algorithm ${signature.algorithm}), by which ${what(set)} is signed`,
  )

const wrong = (set: RrSet, zone: Signer): Flaw =>
  bogus(EDE.BOGUS, `the signature of ${what(set)} by \`${shownName(zone.name)}\` is wrong`)

/** The most telling first: a time that is over, then a wrong signature, then a key that is not there. */
const TELLING: readonly number[] = [EDE.EXPIRED, EDE.NOT_YET_VALID, EDE.EXPIRED_BEFORE_VALID, EDE.BOGUS]

function moreTelling(one: Flaw | undefined, other: Flaw): Flaw {
  const rank = ({ ede }: Flaw): number => {
    const at = TELLING.indexOf(ede?.code ?? -1)
    return at < 0 ? TELLING.length : at
  }
  return one && rank(one) <= rank(other) ? one : other
}

/** What the signature was made over (RFC 4034, section 3.1.8.1): RDATA in canonical form and order, each once. */
function signedData(set: RrSet, signature: Signature): Buffer {
  const isWild = signature.labels < signedLabels(set.owner)
  const owner = isWild ? wildcardOf(suffixOf(set.owner, signature.labels)) : set.owner
  const head = Buffer.alloc(owner.length + 8)
  head.write(owner, 'latin1')
  head.writeUInt16BE(set.type, owner.length)
  head.writeUInt16BE(1, owner.length + 2)
  head.writeUInt32BE(signature.originalTtl, owner.length + 4)
  const sorted =
    set.records.length === 1
      ? set.records
      : set.records.toSorted((one, other) => Buffer.compare(one.canonical, other.canonical))
  const parts: Buffer[] = [signature.head]
  let last: Buffer | undefined
  for (const { canonical } of sorted) {
    if (last?.equals(canonical)) continue
    const length = Buffer.alloc(2)
    length.writeUInt16BE(canonical.length)
    parts.push(head, length, canonical)
    last = canonical
  }
  return Buffer.concat(parts)
}
