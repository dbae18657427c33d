import type { Denial } from './denial.ts'
import {
  commonAncestor,
  compareNames,
  isBelow,
  isWithin,
  labelCount,
  ROOT,
  wildcardOf,
  type WireName,
} from './name.ts'
import { TYPE, type Nsec, type TypeSet } from './records.ts'

const denied = (exists: boolean, isCut = false): Denial => ({
  status: 'denied',
  exists,
  isCut,
  optOut: false,
})

/** A delegation: what is below it is not the zone's to deny. */
export const isDelegation = (types: TypeSet): boolean => types.has(TYPE.NS) && !types.has(TYPE.SOA)

/**
 * What the bitmap at a name (or at the wildcard that stands for it) says about a type; undefined when it does not deny it.
 * The parent's side of a delegation denies DS alone, the child's side all but DS (RFC 6840, section 4).
 */
export function denyByTypes(types: TypeSet, type: number, name: WireName): Denial | undefined {
  if (types.has(type) || types.has(TYPE.CNAME)) return undefined
  if (types.has(TYPE.NXNAME)) return denied(false)
  const isCut = isDelegation(types)
  if (type === TYPE.DS ? types.has(TYPE.SOA) && name !== ROOT : isCut) return undefined
  return denied(true, isCut)
}

/** The same for the wildcard that stands for a name: delegations do not come from wildcards (RFC 4592, section 4.2). */
export function denyByWildcard(types: TypeSet, type: number, wildcard: WireName): Denial | undefined {
  const denial = denyByTypes(types, type, wildcard)
  return denial && { ...denial, isCut: false }
}

/** See `proveDenial`; undefined when NSEC records do not prove it. */
export function proveByNsec(
  name: WireName,
  type: number,
  records: readonly Nsec[],
  zone: WireName,
): Denial | undefined {
  const at = records.find(({ owner }) => owner === name)
  if (at) return denyByTypes(at.types, type, name)
  const cover = covering(name, records, zone)
  if (!cover) return undefined
  if (isBelow(cover.next, name)) return denied(true) // an empty non-terminal
  const wildcard = wildcardOf(closestEncloser(name, cover))
  const atWildcard = records.find(({ owner }) => owner === wildcard)
  if (atWildcard) return denyByWildcard(atWildcard.types, type, wildcard)
  const wildcardCover = covering(wildcard, records, zone)
  if (!wildcardCover) return undefined
  return denied(isBelow(wildcardCover.next, wildcard))
}

/** See `proveWildcard`; undefined when NSEC records do not prove it. */
export function wildcardByNsec(
  name: WireName,
  labels: number,
  records: readonly Nsec[],
  zone: WireName,
): { readonly status: 'denied'; readonly optOut: boolean } | undefined {
  const cover = covering(name, records, zone)
  if (!cover || isBelow(cover.next, name)) return undefined
  if (labelCount(closestEncloser(name, cover)) !== labels) return undefined
  return { status: 'denied', optOut: false }
}

/** The record in whose gap the name lies. Delegations and DNAMEs above the name say nothing about it (RFC 6840, 4.1). */
const covering = (name: WireName, records: readonly Nsec[], zone: WireName): Nsec | undefined =>
  records.find(({ owner, next, types }) => {
    if (!isWithin(name, zone) || !isWithin(owner, zone) || !isWithin(next, zone)) return false
    if (isWithin(name, owner) && (types.has(TYPE.DNAME) || isDelegation(types))) return false
    if (compareNames(owner, name) >= 0) return false
    // The last record of a zone leads back to its apex.
    return next === zone || compareNames(name, next) < 0
  })

/** The longest name above that exists: its neighbours in canonical order show it. */
function closestEncloser(name: WireName, { owner, next }: Nsec): WireName {
  const [one, other] = [commonAncestor(name, owner), commonAncestor(name, next)]
  return labelCount(one) > labelCount(other) ? one : other
}
