import { wireName, type WireName } from './dnssec/name.ts'
import { dnsFault, type ExtendedError } from './faults.ts'
import { absolute } from './names.ts'
import { readRdata, readTarget, type DnsCodec } from './rdata.ts'
import { RECORD_TYPE_CODES, type RecordType } from './record-types.ts'
import { FLAGS, isAnswerTo, readSections, type RawRecord } from './wire.ts'

/** What is asked. `name` is in comparable form, see `parseName`. */
export interface Question {
  readonly name: string
  readonly type: RecordType
}

/** A server's answer to a question, interpreted. */
export interface Reply {
  readonly truncated: boolean
  /** 12 bits, with the upper ones of EDNS. */
  readonly rcode: number
  /** The server says that it has validated the answer (AD bit). */
  readonly authenticated: boolean
  readonly ede: ExtendedError | null
  /** The name that was asked, then each alias of it that the answer holds; a loop ends with the repeated name. */
  readonly path: readonly string[]
  /** Values of the asked type at the last name of the path. */
  readonly values: readonly unknown[]
  /** True when asking on for the last name of the path would tell no more. */
  readonly final: boolean
  /** Seconds that this may be kept; 0 when it may not. */
  readonly ttl: number
}

const IN = 1
const SOA = RECORD_TYPE_CODES.SOA
const OPT = 41
const EDE_OPTION = 15
const HEADER = 12
const OPT_OCTETS = 11
const DNSSEC_OK = 0x8000
/** Fits into one unfragmented packet on every path (DNS flag day 2020). */
const UDP_BYTES = 1232
/** A longer stay in the cache is no use, and a forged TTL must not pin an answer (RFC 8767 allows a cap). */
const MAX_TTL_S = 86_400
/** More aliases in one answer are not followed; the limit that users set is far below. */
const MAX_PATH = 128

/**
 * A query message with recursion desired and EDNS(0); its id is 0, the transport puts a random one in.
 *
 * @param options `authenticated`: ask the server to say whether it validated the answer (AD bit, RFC 6840 section
 * 5.7); `edns`: false for servers that know no EDNS.
 * @param name the name that is asked on the wire, where it is at hand.
 */
export const encodeQuery = (
  question: Question,
  { authenticated, edns }: { readonly authenticated: boolean; readonly edns: boolean },
  name = wireName(question.name),
): Buffer =>
  encodeQuestion({
    name,
    type: RECORD_TYPE_CODES[question.type],
    flags: FLAGS.RD | (authenticated ? FLAGS.AD : 0),
    edns: edns ? NOT_SIGNED : undefined,
  })

const NOT_SIGNED = { dnssecOk: false }

/** A query message of any name and type. With EDNS there is room for answers of 1232 octets. */
export function encodeQuestion(query: {
  readonly name: WireName
  readonly type: number
  /** The second header word. */
  readonly flags: number
  readonly edns: { readonly dnssecOk: boolean } | undefined
}): Buffer {
  const { name, type, flags, edns } = query
  const at = HEADER + name.length
  const message = Buffer.alloc(at + 4 + (edns ? OPT_OCTETS : 0))
  message.writeUInt16BE(flags, 2)
  message[5] = 1
  message.write(name, HEADER, 'latin1')
  message.writeUInt16BE(type, at)
  message[at + 3] = IN
  if (!edns) return message
  message[11] = 1
  message.set(edns.dnssecOk ? OPT_SIGNED : OPT_PLAIN, at + 4)
  return message
}

function optOctets(flags: number): Buffer {
  const record = Buffer.alloc(OPT_OCTETS)
  record.writeUInt16BE(OPT, 1)
  record.writeUInt16BE(UDP_BYTES, 3)
  record.writeUInt16BE(flags, 7)
  return record
}

const OPT_PLAIN = optOctets(0)
const OPT_SIGNED = optOctets(DNSSEC_OK)

/**
 * Reads a message that claims to answer the question.
 *
 * @param name the name that was asked on the wire, where it is at hand.
 * @returns undefined when it does not (another question, no response): such a message is to be ignored, it may be forged.
 * @throws `DNS_MALFORMED` when it answers the question but cannot be read.
 */
export function readReply(
  codec: DnsCodec,
  message: Buffer,
  question: Question,
  name = wireName(question.name),
): Reply | undefined {
  if (!isAnswerTo(message, name, RECORD_TYPE_CODES[question.type])) return undefined
  try {
    const flags = message.readUInt16BE(2)
    return (flags & FLAGS.TC) === 0 ? interpret(codec, message, question) : cutOff(flags, question)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw dnsFault(
      'DNS_MALFORMED',
      `The answer for \`${absolute(question.name)}\` (${question.type}) cannot be read: ${reason}`,
      {},
      cause,
    )
  }
}

const cutOff = (flags: number, question: Question): Reply => ({
  truncated: true,
  rcode: flags & FLAGS.RCODE,
  authenticated: (flags & FLAGS.AD) !== 0,
  ede: null,
  path: [question.name],
  values: [],
  final: true,
  ttl: 0,
})

function interpret(codec: DnsCodec, message: Buffer, question: Question): Reply {
  const { answers, authorities, additionals } = readSections(message, question.name)
  const edns = additionals.find(isOpt)
  const { path, aliases } = followAliases(message, answers, question)
  const last = path.at(-1)
  const code = RECORD_TYPE_CODES[question.type]
  const values: unknown[] = []
  let ttl = MAX_TTL_S
  for (const record of answers) {
    if (record.type !== code || record.name !== last || record.class !== IN) continue
    values.push(readRdata(codec, message, record))
    ttl = Math.min(ttl, record.ttl)
  }
  for (const alias of aliases) ttl = Math.min(ttl, alias.ttl)
  const flags = message.readUInt16BE(2)
  const rcode = (((edns?.ttl ?? 0) >>> 24) << 4) | (flags & FLAGS.RCODE)
  const soa = values.length > 0 ? undefined : authorities.find(isSoa)
  const final = values.length > 0 || path.length === 1 || soa !== undefined || rcode !== 0
  if (values.length === 0 && final) ttl = Math.min(ttl, soa ? negativeTtl(message, soa) : 0)
  const authenticated = (flags & FLAGS.AD) !== 0
  const ede = edns && edns.length > 0 ? readEde(message, edns) : null
  return { truncated: false, rcode, authenticated, ede, path, values, final, ttl }
}

const isOpt = ({ type }: RawRecord): boolean => type === OPT
const isSoa = (record: RawRecord): boolean => record.type === SOA && record.class === IN

/** The alias chain from the asked name on. A question for CNAME is about the alias itself. */
function followAliases(
  message: Buffer,
  records: readonly RawRecord[],
  question: Question,
): { path: string[]; aliases: RawRecord[] } {
  const path = [question.name]
  const aliases: RawRecord[] = []
  if (question.type === 'CNAME' || !records.some(isAlias)) return { path, aliases }
  const byOwner = new Map<string, RawRecord>()
  for (const record of records) {
    if (isAlias(record) && !byOwner.has(record.name)) byOwner.set(record.name, record)
  }
  for (let at = byOwner.get(question.name); at;) {
    const target = readTarget(message, at)
    aliases.push(at)
    path.push(target)
    const goesOn = path.length < MAX_PATH && path.indexOf(target) === path.length - 1
    at = goesOn ? byOwner.get(target) : undefined
  }
  return { path, aliases }
}

const isAlias = (record: RawRecord): boolean => record.type === RECORD_TYPE_CODES.CNAME && record.class === IN

// RFC 2308 section 5: the lesser of the SOA's own TTL and its last field.
function negativeTtl(message: Buffer, soa: RawRecord): number {
  if (soa.length < 22) throw new RangeError('the SOA record is cut off')
  return Math.min(soa.ttl, message.readUInt32BE(soa.at + soa.length - 4))
}

function readEde(message: Buffer, opt: RawRecord): ExtendedError | null {
  const end = opt.at + opt.length
  for (let at = opt.at; at + 4 <= end;) {
    const length = message.readUInt16BE(at + 2)
    if (at + 4 + length > end) throw new RangeError('an EDNS option is cut off')
    if (message.readUInt16BE(at) === EDE_OPTION && length >= 2) {
      const text = message.toString('utf8', at + 6, at + 4 + length).replace(/\0+$/, '')
      return { code: message.readUInt16BE(at + 4), text }
    }
    at += 4 + length
  }
  return null
}
