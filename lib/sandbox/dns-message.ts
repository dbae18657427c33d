import type { WireName } from '../dns/dnssec/name.ts'
import { recordOctets, type ZoneRecord } from './dns-signer.ts'

/** A message to be sent. */
export interface OutgoingMessage {
  readonly id: number
  /** The 16 bits of the second header word, RCODE included. */
  readonly flags: number
  /** The octets of the question as it was asked; empty for none. */
  readonly question: Buffer
  readonly questionName: WireName
  readonly answers: readonly ZoneRecord[]
  readonly authorities: readonly ZoneRecord[]
  readonly opt: Buffer | undefined
}

const HEADER = 12
/** Pointers have 14 bits (RFC 1035, section 4.1.4). */
const MAX_POINTER = 0x3fff

/** Writes a message. Owner names that came before are pointers; the asked one keeps the spelling of the question. */
export function encodeMessage(message: OutgoingMessage): Buffer {
  const { question, questionName, answers, authorities, opt } = message
  const header = Buffer.alloc(HEADER)
  header.writeUInt16BE(message.id, 0)
  header.writeUInt16BE(message.flags, 2)
  header.writeUInt16BE(question.length > 0 ? 1 : 0, 4)
  header.writeUInt16BE(answers.length, 6)
  header.writeUInt16BE(authorities.length, 8)
  header.writeUInt16BE(opt ? 1 : 0, 10)
  const parts = [header, question]
  let at = HEADER + question.length
  const places = new Map<WireName, number>(question.length > 0 ? [[questionName, HEADER]] : [])
  for (const record of [...answers, ...authorities]) {
    const place = places.get(record.owner)
    const name = place === undefined ? undefined : Buffer.from([0xc0 | (place >> 8), place & 0xff])
    if (place === undefined && at <= MAX_POINTER) places.set(record.owner, at)
    const octets = recordOctets(record, name)
    parts.push(octets)
    at += octets.length
  }
  if (opt) parts.push(opt)
  return Buffer.concat(parts)
}

/** An OPT record (RFC 6891). */
export function optRecord(options: {
  readonly udpOctets: number
  readonly extendedRcode?: number
  readonly dnssecOk: boolean
  readonly options?: readonly (readonly [code: number, data: Buffer])[]
}): Buffer {
  const { udpOctets, extendedRcode = 0, dnssecOk } = options
  const data = (options.options ?? []).map(([code, octets]) => {
    const head = Buffer.alloc(4)
    head.writeUInt16BE(code, 0)
    head.writeUInt16BE(octets.length, 2)
    return Buffer.concat([head, octets])
  })
  const opt = Buffer.alloc(11)
  opt.writeUInt16BE(41, 1)
  opt.writeUInt16BE(udpOctets, 3)
  opt.writeUInt8(extendedRcode, 5)
  opt.writeUInt16BE(dnssecOk ? 0x8000 : 0, 7)
  opt.writeUInt16BE(
    data.reduce((sum, octets) => sum + octets.length, 0),
    9,
  )
  return Buffer.concat([opt, ...data])
}
