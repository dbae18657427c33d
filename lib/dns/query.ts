import { wireName, type WireName } from './dnssec/name.ts'
import { dnsFault, type ExtendedError } from './faults.ts'
import { absolute } from './names.ts'
import { readRdata, readTarget, type DnsCodec } from './rdata.ts'
import { RECORD_TYPE_CODES, type RecordType } from './record-types.ts'
import { FLAGS, readMessage, type RawMessage, type RawRecord } from './wire.ts'

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
 */
export function encodeQuery(
  question: Question,
  options: { readonly authenticated: boolean; readonly edns: boolean },
): Buffer {
  const { authenticated, edns } = options
  const name = wireName(question.name)
  return encodeQuestion({
    name,
    type: RECORD_TYPE_CODES[question.type],
    flags: FLAGS.RD | (authenticated ? FLAGS.AD : 0),
    edns: edns ? { dnssecOk: false } : undefined,
  })
}

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
  message.writeUInt16BE(1, 4)
  message.write(name, HEADER, 'latin1')
  message.writeUInt16BE(type, at)
  message.writeUInt16BE(IN, at + 2)
  if (!edns) return message
  message.writeUInt16BE(1, 10)
  message.writeUInt16BE(OPT, at + 5)
  message.writeUInt16BE(UDP_BYTES, at + 7)
  message.writeUInt16BE(edns.dnssecOk ? DNSSEC_OK : 0, at + 11)
  return message
}

/**
 * Reads a message that claims to answer the question.
 *
 * @returns undefined when it does not (another question, no response): such a message is to be ignored, it may be forged.
 * @throws `DNS_MALFORMED` when it answers the question but cannot be read.
 */
export function readReply(codec: DnsCodec, message: Buffer, question: Question): Reply | undefined {
  const head = readHead(message)
  if (!head || !answers(head, message, question)) return undefined
  try {
    if ((head.flags & FLAGS.TC) !== 0) return { ...blank(head, question), truncated: true }
    return interpret(codec, message, readMessage(message), question)
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

function readHead(message: Buffer): RawMessage | undefined {
  try {
    return readMessage(message, 'question')
  } catch {
    return undefined
  }
}

function answers(head: RawMessage, message: Buffer, question: Question): boolean {
  if ((head.flags & FLAGS.QR) === 0 || (head.flags & FLAGS.OPCODE) !== 0) return false
  const [asked, ...more] = head.questions
  // Servers that choke on a query may leave the question out (FORMERR, NOTIMP).
  if (!asked) return (head.flags & FLAGS.RCODE) !== 0 && message.length === 12
  return (
    more.length === 0 &&
    asked.name === question.name &&
    asked.type === RECORD_TYPE_CODES[question.type] &&
    asked.class === IN
  )
}

function blank(raw: RawMessage, question: Question): Reply {
  return {
    truncated: false,
    rcode: raw.flags & FLAGS.RCODE,
    authenticated: (raw.flags & FLAGS.AD) !== 0,
    ede: null,
    path: [question.name],
    values: [],
    final: true,
    ttl: 0,
  }
}

function interpret(codec: DnsCodec, message: Buffer, raw: RawMessage, question: Question): Reply {
  const edns = raw.additionals.find((record) => record.type === OPT)
  const records = raw.answers.filter((record) => record.class === IN)
  const { path, aliases } = followAliases(message, records, question)
  const last = path.at(-1)
  const found = records.filter(
    (record) => record.name === last && record.type === RECORD_TYPE_CODES[question.type],
  )
  const soa = raw.authorities.find((record) => record.type === SOA && record.class === IN)
  const rcode = (((edns?.ttl ?? 0) >>> 24) << 4) | (raw.flags & FLAGS.RCODE)
  const final = found.length > 0 || path.length === 1 || soa !== undefined || rcode !== 0
  const lifetimes = [...aliases, ...found].map((record) => record.ttl)
  if (found.length === 0 && final) lifetimes.push(soa ? negativeTtl(message, soa) : 0)
  return {
    ...blank(raw, question),
    rcode,
    ede: edns ? readEde(message, edns) : null,
    path,
    values: found.map((record) => readRdata(codec, message, record)),
    final,
    ttl: Math.min(MAX_TTL_S, ...lifetimes),
  }
}

function followAliases(
  message: Buffer,
  records: readonly RawRecord[],
  question: Question,
): { path: string[]; aliases: RawRecord[] } {
  const path = [question.name]
  const aliases: RawRecord[] = []
  // A question for CNAME is about the alias itself.
  if (question.type === 'CNAME') return { path, aliases }
  const byOwner = new Map<string, RawRecord>()
  for (const record of records) {
    if (record.type === RECORD_TYPE_CODES.CNAME && !byOwner.has(record.name)) byOwner.set(record.name, record)
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
