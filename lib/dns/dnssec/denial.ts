import { proveByNsec, wildcardByNsec } from './nsec.ts'
import { proveByNsec3, wildcardByNsec3 } from './nsec3.ts'
import { parentOf, shownName, type WireName } from './name.ts'
import { readNsec, readNsec3, TYPE, type Nsec, type Nsec3, type RrSet } from './records.ts'
import { bogus, EDE, type Flaw } from './verdict.ts'
import { verifySet, type Signer, type VerifiedSet } from './verify.ts'
import type { Work } from './work.ts'

/** What denial records prove about a name and a type. */
export interface Denial {
  readonly status: 'denied'
  /** False: the name does not exist. True: it exists, or a wildcard stands for it, without records of the type. */
  readonly exists: boolean
  /** The name is a delegation of the zone that denies (only looked at for DS). */
  readonly isCut: boolean
  /** Only that there is nothing signed: the span may hold unsigned delegations (RFC 5155, section 6). */
  readonly optOut: boolean
}

/** Denial records of a zone whose signatures are right. */
export interface DenialRecords {
  readonly zone: Signer
  readonly sets: readonly VerifiedSet[]
  /** Why some do not count, to tell it when they would have been needed. */
  readonly flaw: Flaw | undefined
}

/** More of them are not looked at: a full proof takes three. */
const MAX_SETS = 10

/**
 * Takes the NSEC and NSEC3 records out of the authority section that the zone has rightly signed. Those made from a
 * wildcard deny nothing.
 *
 * @throws WorkExceeded
 */
export async function verifyDenials(
  authority: readonly RrSet[],
  zone: Signer,
  now: number,
  work: Work,
): Promise<DenialRecords> {
  const candidates = authority.filter(
    ({ type, signatures }) =>
      (type === TYPE.NSEC || type === TYPE.NSEC3) && signatures.some(({ signer }) => signer === zone.name),
  )
  const results = await Promise.all(
    candidates.slice(0, MAX_SETS).map((set) => verifySet(set, zone, now, work)),
  )
  const sets = results.flatMap((result) =>
    result.status === 'secure' && result.wildcard === undefined ? [result] : [],
  )
  const flaw = results.find((result) => result.status !== 'secure')
  return { zone, sets, flaw }
}

/**
 * Proves that a name has no records of a type, or does not exist (RFC 4035, section 5.4; RFC 5155, section 8).
 *
 * @returns `insecure` for too many NSEC3 iterations; `bogus` when nothing is proven.
 * @throws WorkExceeded
 */
export function proveDenial(name: WireName, type: number, records: DenialRecords, work: Work): Denial | Flaw {
  const proof =
    proveByNsec(name, type, nsecs(records), records.zone.name) ??
    proveByNsec3(name, type, nsec3s(records), records.zone.name, work)
  return proof ?? records.flaw ?? bogus(EDE.NSEC_MISSING, `${shownZone(records)} does not prove it`)
}

/**
 * Proves that a wildcard stands for a name: nothing closer exists.
 *
 * @param labels of the wildcard's parent.
 * @returns `optOut` as in {@link Denial}; else as {@link proveDenial}.
 */
export function proveWildcard(
  name: WireName,
  labels: number,
  records: DenialRecords,
  work: Work,
): { readonly status: 'denied'; readonly optOut: boolean } | Flaw {
  const proof =
    wildcardByNsec(name, labels, nsecs(records), records.zone.name) ??
    wildcardByNsec3(name, labels, nsec3s(records), records.zone.name, work)
  return (
    proof ??
    records.flaw ??
    bogus(EDE.NSEC_MISSING, `${shownZone(records)} does not prove that its wildcard stands for the name`)
  )
}

const shownZone = ({ zone }: DenialRecords): string => `the zone \`${shownName(zone.name)}\``

function nsecs({ sets }: DenialRecords): Nsec[] {
  return sets.flatMap(({ set }) =>
    set.type === TYPE.NSEC ? set.records.flatMap((one) => readNsec(one) ?? []) : [],
  )
}

function nsec3s({ sets, zone }: DenialRecords): Nsec3[] {
  return sets.flatMap(({ set }) =>
    // The hash is the first label, directly below the zone's name.
    set.type === TYPE.NSEC3 && parentOf(set.owner) === zone.name
      ? set.records.flatMap((one) => readNsec3(one) ?? [])
      : [],
  )
}
