import packet, { type Answer } from 'dns-packet'
import { readStrict } from '../../lib/dns/dnssec/message.ts'
import { isBelow, ROOT, wireName, type WireName } from '../../lib/dns/dnssec/name.ts'
import { TYPE } from '../../lib/dns/dnssec/records.ts'
import { lookUp, type Found } from '../../lib/sandbox/dns-lookup.ts'
import { encodeMessage, optRecord } from '../../lib/sandbox/dns-message.ts'
import { SignedZone, type Nsec3Options, type SignHook } from '../../lib/sandbox/dns-signed-zone.ts'
import {
  anchorText,
  dsRdata,
  makeSigningKey,
  type SigningKey,
  type ZoneRecord,
} from '../../lib/sandbox/dns-signer.ts'
import { rawRecord } from '../../lib/sandbox/dns-zone.ts'

/** A zone of a test, and what is wrong with it. */
export interface ZoneSpec {
  /** Comparable text, the root as ''. */
  readonly origin: string
  /** 0: not signed. */
  readonly algorithm?: number
  readonly keys?: readonly SigningKey[]
  readonly nsec3?: Nsec3Options
  readonly records?: readonly (Answer | ZoneRecord)[]
  readonly sign?: SignHook
  /** The DS RDATA in the zone above, instead of the right ones. */
  readonly ds?: (keys: readonly SigningKey[]) => readonly Buffer[]
}

/** Changes what is answered to a question. */
export type Tamper = (found: Found, asked: { readonly name: WireName; readonly type: number }) => Found

/** A tree of zones with its root's key. */
export interface DnsTree {
  readonly zones: readonly SignedZone[]
  /** As `trustAnchors` have it. */
  readonly anchor: string
  zone(origin: string): SignedZone
  /** Answers a query message as a resolver that does not check. */
  answer(query: Buffer, tamper?: Tamper): Buffer
}

export const a = (name: string, data = '192.0.2.1', ttl = 300): Answer => ({ type: 'A', name, ttl, data })
export const cname = (name: string, data: string): Answer => ({ type: 'CNAME', name, ttl: 300, data })
export const txt = (name: string, data: string): Answer => ({ type: 'TXT', name, ttl: 300, data })
export const dname = (name: string, data: string): Answer =>
  ({ type: 'DNAME', name, ttl: 300, data }) as never
export const ns = (name: string): Answer => ({ type: 'NS', name, ttl: 300, data: 'ns.test' })
const soa = (name: string): Answer => ({
  type: 'SOA',
  name,
  ttl: 300,
  data: { mname: 'ns.test', rname: 'admin.test', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 },
})

const isRaw = (record: Answer | ZoneRecord): record is ZoneRecord => 'owner' in record
const raw = (record: Answer | ZoneRecord): ZoneRecord => (isRaw(record) ? record : rawRecord(packet, record))

/** Builds the zones, from the root down, with delegations in the deepest zone above each. */
export function createTree(specs: readonly ZoneSpec[], now: () => number = () => Date.now()): DnsTree {
  const made = specs.map((spec) => {
    const { origin, algorithm = 13 } = spec
    const keys = spec.keys ?? (algorithm === 0 ? [] : [makeSigningKey(algorithm)])
    return { ...spec, name: origin === '' ? ROOT : wireName(origin), keys }
  })
  const parentOf = (name: WireName): WireName | undefined =>
    made
      .filter((zone) => isBelow(name, zone.name))
      .toSorted((one, other) => other.name.length - one.name.length)[0]?.name
  const zones = made.map(({ origin, name, keys, records = [], nsec3, sign }) => {
    const below = made.filter((zone) => zone.name !== name && parentOf(zone.name) === name)
    return new SignedZone({
      origin: name,
      records: [
        ...[soa(origin), ns(origin), ...records].map(raw),
        ...below.flatMap((zone) => [
          raw(ns(zone.origin)),
          ...(zone.ds?.(zone.keys) ?? zone.keys.slice(0, 1).map((key) => dsRdata(zone.name, key))).map(
            (rdata) => ({
              owner: zone.name,
              type: TYPE.DS,
              ttl: 300,
              rdata,
            }),
          ),
        ]),
      ],
      now: () => Math.floor(now() / 1000),
      ...(keys.length > 0 ? { keys } : {}),
      ...(nsec3 ? { nsec3 } : {}),
      ...(sign ? { sign } : {}),
    })
  })
  const rootKey = made.find(({ name }) => name === ROOT)?.keys[0]
  return {
    zones,
    anchor: rootKey ? anchorText('.', dsRdata(ROOT, rootKey)) : '',
    zone: (origin) => zones.find((zone) => zone.origin === (origin === '' ? ROOT : wireName(origin)))!,
    answer: (query, tamper) => answer(zones, query, tamper),
  }
}

function answer(zones: readonly SignedZone[], query: Buffer, tamper: Tamper = (found) => found): Buffer {
  const { question, flags, edns } = readStrict(query)
  if (!question) throw new TypeError('no question')
  const found = lookUp(zones, question.name, question.type, 20)
  const { rcode, answers, authorities } = tamper(
    found ?? { rcode: 0, answers: [], authorities: [], isSigned: false },
    question,
  )
  const SIGNING: readonly number[] = [TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3]
  const shown = (records: readonly ZoneRecord[]): readonly ZoneRecord[] =>
    edns?.dnssecOk ? records : records.filter(({ type }) => type === question.type || !SIGNING.includes(type))
  return encodeMessage({
    id: query.readUInt16BE(0),
    flags: 0x8080 | (flags & 0x0110) | rcode,
    question: query.subarray(12, 12 + question.name.length + 4),
    questionName: question.name,
    answers: shown(answers),
    authorities: shown(authorities),
    opt: edns && optRecord({ udpOctets: 1232, dnssecOk: edns.dnssecOk }),
  })
}
