import { graft, isBelow, isWithin, wildcardOf, type WireName } from '../dns/dnssec/name.ts'
import { TYPE } from '../dns/dnssec/records.ts'
import type { SignedZone } from './dns-signed-zone.ts'
import type { ZoneRecord } from './dns-signer.ts'

/** What zones say to a question. */
export interface Found {
  readonly rcode: 0 | 3
  readonly answers: readonly ZoneRecord[]
  readonly authorities: readonly ZoneRecord[]
  /** All zones that had a part in it are signed, from the root on. */
  readonly isSigned: boolean
}

const ANY = 255
const RCODE = { NOERROR: 0, NXDOMAIN: 3 } as const

/** Answers as a resolver does that knows all the zones: aliases are followed, at most `maxAliases` in one answer. */
export function lookUp(
  zones: readonly SignedZone[],
  asked: WireName,
  type: number,
  maxAliases = 16,
): Found | undefined {
  const answers: ZoneRecord[] = []
  const authorities: ZoneRecord[] = []
  const seen = new Set<WireName>()
  let isSigned = true
  let name = asked
  for (;;) {
    const zone = zoneOf(zones, name, type)
    if (!zone) return undefined
    isSigned &&= zones.every((each) => each.isSigned || !isWithin(zone.origin, each.origin))
    const found = inZone(zone, name, type)
    answers.push(...found.answers)
    authorities.push(...found.authorities)
    if (found.alias === undefined) return { rcode: found.rcode, answers, authorities, isSigned }
    seen.add(name)
    if (seen.has(found.alias) || seen.size > maxAliases) {
      return { rcode: RCODE.NOERROR, answers, authorities, isSigned }
    }
    name = found.alias
  }
}

/** The deepest zone that holds a name; DS records are held by the zone above. */
function zoneOf(zones: readonly SignedZone[], name: WireName, type: number): SignedZone | undefined {
  const holding = zones
    .filter(({ origin }) => (type === TYPE.DS ? isBelow(name, origin) : isWithin(name, origin)))
    .toSorted((one, other) => other.origin.length - one.origin.length)
  return holding[0] ?? zones.find(({ origin }) => origin === name)
}

interface Here {
  readonly rcode: 0 | 3
  readonly answers: readonly ZoneRecord[]
  readonly authorities: readonly ZoneRecord[]
  readonly alias?: WireName
}

function inZone(zone: SignedZone, name: WireName, type: number): Here {
  const dname = dnameAbove(zone, name)
  if (dname) return followDname(zone, dname, name)
  if (zone.exists(name)) return atName(zone, name, type)
  const encloser = zone.closestEncloser(name)
  const wildcard = wildcardOf(encloser)
  if (zone.exists(wildcard)) return atWildcard(zone, wildcard, name, type)
  return { rcode: RCODE.NXDOMAIN, answers: [], authorities: [...soa(zone), ...zone.denial(name, 'nxdomain')] }
}

const soa = (zone: SignedZone): ZoneRecord[] =>
  zone.signed(zone.origin, TYPE.SOA).map((record) => ({ ...record, ttl: Math.min(record.ttl, 60) }))

function atName(zone: SignedZone, name: WireName, type: number): Here {
  const plain = { rcode: RCODE.NOERROR, authorities: [] }
  if (type === ANY)
    return { ...plain, answers: zone.typesAt(name).flatMap((each) => zone.signed(name, each)) }
  const answers = zone.signed(name, type)
  if (answers.length > 0) return { ...plain, answers }
  const [cname] = zone.set(name, TYPE.CNAME)
  if (cname) return { ...plain, answers: zone.signed(name, TYPE.CNAME), alias: target(cname) }
  return { ...plain, answers: [], authorities: [...soa(zone), ...zone.denial(name, 'nodata')] }
}

function atWildcard(zone: SignedZone, wildcard: WireName, name: WireName, type: number): Here {
  const here = atName(zone, wildcard, type)
  if (here.answers.length === 0) {
    return { ...here, authorities: [...soa(zone), ...zone.denial(name, 'wildcard-nodata')] }
  }
  const answers = here.answers.map((record) => ({ ...record, owner: name }))
  return { ...here, answers, authorities: zone.denial(name, 'wildcard') }
}

function dnameAbove(zone: SignedZone, name: WireName): ZoneRecord | undefined {
  return zone.dnames.find(({ owner }) => isBelow(name, owner))
}

/** RFC 6672: the DNAME, and a CNAME made from it that is not signed. */
function followDname(zone: SignedZone, dname: ZoneRecord, name: WireName): Here {
  const alias = graft(name, dname.owner, target(dname))
  const answers = zone.signed(dname.owner, TYPE.DNAME)
  if (alias === undefined) return { rcode: RCODE.NOERROR, answers, authorities: [] }
  const made = { owner: name, type: TYPE.CNAME, ttl: dname.ttl, rdata: Buffer.from(alias, 'latin1') }
  return { rcode: RCODE.NOERROR, answers: [...answers, made], authorities: [], alias }
}

const target = ({ rdata }: ZoneRecord): WireName => rdata.toString('latin1').toLowerCase()
