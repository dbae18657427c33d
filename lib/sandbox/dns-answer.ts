import type { Answer, DecodedPacket, OptAnswer, Packet, StringAnswer } from 'dns-packet'
import type * as DnsPacket from 'dns-packet'
import type { SandboxZone } from './dns-zone.ts'

/** The codec, handed in because it is loaded on first use. */
export type DnsCodec = typeof DnsPacket

const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const
/** BADVERS is 16: its upper bits travel in the OPT record (RFC 6891). */
const BADVERS_HIGH_BITS = 1
const QR = 0x8000
const OPCODE = 0x7800
const AA = 0x0400
const TC = 0x0200
const RD = 0x0100
const RA = 0x0080
const AD = 0x0020
const CD = 0x0010
const DO = 0x8000
const CLASSIC_UDP_BYTES = 512
const OUR_UDP_BYTES = 1232
const EDE_OPTION = 15
const EDE_NOT_AUTHORITATIVE = 20
/** Longer chains are cut here, so that a client has to ask on. */
const ALIASES_PER_ANSWER = 8

type Ede = readonly [code: number, text: string]
interface Outcome {
  readonly rcode: number
  readonly answers?: readonly Answer[]
  readonly authorities?: readonly Answer[]
  readonly signed?: boolean
  readonly ede?: Ede
}

/**
 * Answers one DNS message from the zone. Undefined where a server stays silent: it was no query, or the name is
 * made not to answer.
 */
export function answerDns(
  codec: DnsCodec,
  zone: SandboxZone,
  message: Buffer,
  transport: 'udp' | 'tcp',
): Buffer | undefined {
  if (message.length < 12 || (message.readUInt16BE(2) & QR) !== 0) return undefined
  const query = decode(codec, message)
  if (!query) return headerOnly(message, RCODE.FORMERR)
  if ((message.readUInt16BE(2) & OPCODE) !== 0) return headerOnly(message, RCODE.NOTIMP)
  const question = query.questions?.[0]
  if (!question || query.questions?.length !== 1) return headerOnly(message, RCODE.FORMERR)

  const edns = query.additionals?.find((record): record is OptAnswer => record.type === 'OPT')
  if (edns && edns.ednsVersion !== 0) {
    return codec.encode(reply(query, { rcode: RCODE.NOERROR }, edns, BADVERS_HIGH_BITS))
  }
  const outcome =
    question.class === 'IN' ? look(zone, question.name, question.type) : { rcode: RCODE.REFUSED }
  if (!outcome) return undefined
  const whole = codec.encode(reply(query, outcome, edns))
  const room = Math.min(Math.max(edns?.udpPayloadSize ?? 0, CLASSIC_UDP_BYTES), OUR_UDP_BYTES)
  if (transport === 'tcp' || whole.length <= room) return whole
  const cut = reply(query, { ...outcome, answers: [], authorities: [] }, edns)
  return codec.encode({ ...cut, flags: (cut.flags ?? 0) | TC })
}

function decode(codec: DnsCodec, message: Buffer): DecodedPacket | undefined {
  try {
    return codec.decode(message)
  } catch {
    return undefined // hostile bytes: the caller answers FORMERR
  }
}

function headerOnly(message: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(message.readUInt16BE(0), 0)
  header.writeUInt16BE(QR | (message.readUInt16BE(2) & (OPCODE | RD)) | rcode, 2)
  return header
}

function reply(query: DecodedPacket, outcome: Outcome, edns?: OptAnswer, highBits = 0): Packet {
  const asked = query.flags ?? 0
  const wantsAd = (asked & AD) !== 0 || edns?.flag_do === true
  const flags =
    (asked & (RD | CD)) |
    RA |
    (outcome.signed === true && wantsAd ? AD : 0) |
    outcome.rcode |
    (outcome.answers ? AA : 0)
  return {
    type: 'response',
    id: query.id,
    flags,
    questions: query.questions,
    answers: [...(outcome.answers ?? [])],
    authorities: [...(outcome.authorities ?? [])],
    additionals: edns ? [opt(edns, highBits, outcome.ede)] : [],
  }
}

function opt(asked: OptAnswer, extendedRcode: number, ede: Ede | undefined): OptAnswer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: OUR_UDP_BYTES,
    extendedRcode,
    ednsVersion: 0,
    flags: asked.flag_do ? DO : 0,
    flag_do: asked.flag_do,
    options: ede ? [edeOption(ede)] : [],
  }
}

// RFC 8914: INFO-CODE, then UTF-8 text. dns-packet writes an unknown option's `data` as it stands.
function edeOption([code, text]: Ede): OptAnswer['options'][number] {
  const data = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(text)])
  return { code: EDE_OPTION, data } as unknown as OptAnswer['options'][number]
}

function look(zone: SandboxZone, asked: string, type: string): Outcome | undefined {
  const first = asked.toLowerCase()
  const behaviour = zone.behaviours.get(first)
  if (behaviour?.kind === 'silent') return undefined
  if (behaviour?.kind === 'refused') return { rcode: RCODE.REFUSED }
  if (behaviour?.kind === 'servfail') return { rcode: RCODE.SERVFAIL, ede: behaviour.ede }
  if (!zone.soaOf(first)) {
    return { rcode: RCODE.REFUSED, ede: [EDE_NOT_AUTHORITATIVE, 'only sandbox.test is served here'] }
  }
  return follow(zone, asked, type)
}

function follow(zone: SandboxZone, asked: string, type: string): Outcome {
  const answers: Answer[] = []
  let signed = true
  let name = asked
  for (;;) {
    const key = name.toLowerCase()
    signed &&= !zone.unsigned.has(key)
    const here = zone.records.get(key) ?? []
    const found = here.filter((record) => record.type === type || type === 'ANY')
    const alias = here.find((record): record is StringAnswer => record.type === 'CNAME')
    if (found.length > 0) {
      answers.push(...found.map((record) => ({ ...record, name })))
      return { rcode: RCODE.NOERROR, answers, signed }
    }
    if (!alias) return negative(zone, key, answers, signed)
    if (answers.length >= ALIASES_PER_ANSWER || answers.some((seen) => seen.name.toLowerCase() === key)) {
      return { rcode: RCODE.NOERROR, answers, signed }
    }
    answers.push({ ...alias, name })
    name = alias.data
  }
}

function negative(zone: SandboxZone, name: string, answers: readonly Answer[], signed: boolean): Outcome {
  const authority = zone.soaOf(name)
  const authorities = authority ? [authority] : []
  return { rcode: exists(zone, name) ? RCODE.NOERROR : RCODE.NXDOMAIN, answers, authorities, signed }
}

/** A name with records, or with records below it (an empty non-terminal, RFC 8020). */
function exists(zone: SandboxZone, name: string): boolean {
  if (zone.records.has(name) || zone.behaviours.has(name)) return true
  for (const owner of zone.records.keys()) if (owner.endsWith(`.${name}`)) return true
  return false
}
