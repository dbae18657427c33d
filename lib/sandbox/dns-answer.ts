import { readStrict, type StrictMessage } from '../dns/dnssec/message.ts'
import { isWithin, type WireName } from '../dns/dnssec/name.ts'
import { TYPE } from '../dns/dnssec/records.ts'
import type { CookieVerdict, SandboxCookies } from './dns-cookies.ts'
import { lookUp } from './dns-lookup.ts'
import { encodeMessage, optRecord } from './dns-message.ts'
import type { ZoneRecord } from './dns-signer.ts'
import type { SandboxZone } from './dns-zone.ts'

const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const
/** The upper bits of an rcode travel in the OPT record (RFC 6891). */
const BADVERS = 16
const BADCOOKIE = 23
const QR = 0x8000
const OPCODE = 0x7800
const AA = 0x0400
const TC = 0x0200
const RD = 0x0100
const RA = 0x0080
const AD = 0x0020
const CD = 0x0010
const HEADER = 12
const CLASSIC_UDP_BYTES = 512
const OUR_UDP_BYTES = 1232
const COOKIE_OPTION = 10
const EDE_OPTION = 15
const EDE_NOT_AUTHORITATIVE = 20
/** Longer chains are cut here, so that a client has to ask on. */
const ALIASES_PER_ANSWER = 7

type Ede = readonly [code: number, text: string]
interface Outcome {
  readonly rcode: number
  readonly answers?: readonly ZoneRecord[]
  readonly authorities?: readonly ZoneRecord[]
  readonly isSigned?: boolean
  readonly ede?: Ede
}

/** A query, read. */
interface Query {
  readonly message: Buffer
  readonly flags: number
  readonly name: WireName
  readonly type: number
  readonly edns: StrictMessage['edns']
  readonly cookie: CookieVerdict | undefined
}

/** How a query came. */
export interface Arrival {
  readonly transport: 'udp' | 'tcp'
  readonly address: string
  /** Left out: the server knows no cookies. */
  readonly cookies?: SandboxCookies | undefined
  /** Over UDP, clients that do cookies must show a good one. */
  readonly mustShowCookie?: boolean
}

/**
 * Answers one DNS message from the zones. Undefined where a server stays silent: it was no query, or the name is
 * made not to answer.
 */
export function answerDns(zone: SandboxZone, message: Buffer, arrival: Arrival): Buffer | undefined {
  if (message.length < HEADER || (message.readUInt16BE(2) & QR) !== 0) return undefined
  const read = decode(message)
  if (!read) return headerOnly(message, RCODE.FORMERR)
  if ((read.flags & OPCODE) !== 0) return headerOnly(message, RCODE.NOTIMP)
  if (!read.question) return headerOnly(message, RCODE.FORMERR)

  const { name, type } = read.question
  const cookie = read.cookie && arrival.cookies?.check(read.cookie, arrival.address)
  const query: Query = { message, flags: read.flags, name, type, edns: read.edns, cookie }
  if (read.edns && read.edns.version !== 0) return reply(query, { rcode: BADVERS })
  if (cookie?.kind === 'malformed') return headerOnly(message, RCODE.FORMERR)
  const { transport, mustShowCookie } = arrival
  if (mustShowCookie && transport === 'udp' && cookie?.kind === 'new')
    return reply(query, { rcode: BADCOOKIE })
  const outcome = read.question.class === 1 ? look(zone, query) : { rcode: RCODE.REFUSED }
  if (!outcome) return undefined
  const whole = reply(query, outcome)
  const room = Math.min(Math.max(read.edns?.udpOctets ?? 0, CLASSIC_UDP_BYTES), OUR_UDP_BYTES)
  if (transport === 'tcp' || whole.length <= room) return whole
  const cut = reply(query, { ...outcome, answers: [], authorities: [] })
  cut.writeUInt16BE(cut.readUInt16BE(2) | TC, 2)
  return cut
}

function decode(message: Buffer): StrictMessage | undefined {
  try {
    return readStrict(message)
  } catch {
    return undefined // hostile bytes: the caller answers FORMERR
  }
}

function headerOnly(message: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt16BE(message.readUInt16BE(0), 0)
  header.writeUInt16BE(QR | (message.readUInt16BE(2) & (OPCODE | RD)) | rcode, 2)
  return header
}

function reply(query: Query, outcome: Outcome): Buffer {
  const { flags, edns, name, message, cookie } = query
  const dnssecOk = edns?.dnssecOk === true
  const wantsAd = (flags & AD) !== 0 || dnssecOk
  const shown = (records: readonly ZoneRecord[] = []): readonly ZoneRecord[] =>
    dnssecOk ? records : records.filter(({ type }) => type === query.type || !SIGNING.has(type))
  return encodeMessage({
    id: message.readUInt16BE(0),
    flags:
      QR |
      (flags & (RD | CD)) |
      RA |
      (outcome.isSigned === true && wantsAd ? AD : 0) |
      (outcome.answers ? AA : 0) |
      (outcome.rcode & 0xf),
    question: message.subarray(HEADER, HEADER + name.length + 4),
    questionName: name,
    answers: shown(outcome.answers),
    authorities: shown(outcome.authorities),
    opt:
      edns &&
      optRecord({
        udpOctets: OUR_UDP_BYTES,
        extendedRcode: outcome.rcode >> 4,
        dnssecOk,
        options: [...cookieOption(cookie), ...edeOption(outcome.ede)],
      }),
  })
}

/** Records that only those get who ask for them (RFC 4035, section 3.1). */
const SIGNING: ReadonlySet<number> = new Set([TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3])

const cookieOption = (cookie: CookieVerdict | undefined): (readonly [number, Buffer])[] =>
  cookie ? [[COOKIE_OPTION, cookie.option]] : []

// RFC 8914: INFO-CODE, then UTF-8 text.
const edeOption = (ede: Ede | undefined): (readonly [number, Buffer])[] =>
  ede ? [[EDE_OPTION, Buffer.concat([Buffer.from([ede[0] >> 8, ede[0] & 0xff]), Buffer.from(ede[1])])]] : []

function look(zone: SandboxZone, { name, type, flags }: Query): Outcome | undefined {
  const behaviour = zone.behaviours.get(name)
  if (behaviour?.kind === 'silent') return undefined
  if (behaviour?.kind === 'refused') return { rcode: RCODE.REFUSED }
  if (behaviour?.kind === 'servfail') return { rcode: RCODE.SERVFAIL, ede: behaviour.ede }
  // A resolver that validates keeps what is wrong back, unless it is told not to check (RFC 4035, section 3.2.2).
  if (behaviour?.kind === 'bogus' && (flags & CD) === 0) return { rcode: RCODE.SERVFAIL, ede: behaviour.ede }
  const isServed = zone.served.some((origin) => isWithin(name, origin) || isWithin(origin, name))
  const found = isServed ? lookUp(zone.zones, name, type, ALIASES_PER_ANSWER) : undefined
  return found ?? { rcode: RCODE.REFUSED, ede: [EDE_NOT_AUTHORITATIVE, 'only sandbox.test is served here'] }
}
