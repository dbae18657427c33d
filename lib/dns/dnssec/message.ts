import type { ExtendedError } from '../faults.ts'
import { lowerAscii, type WireName } from './name.ts'

/** A resource record in the form that signatures are about. */
export interface StrictRecord {
  readonly owner: WireName
  readonly type: number
  /** Seconds; values with the top bit set count as 0 (RFC 2181, section 8). */
  readonly ttl: number
  /** RDATA as sent, names in it without compression. */
  readonly rdata: Buffer
  /** The same with those names in lower case that RFC 4034 (section 6.2) and RFC 6840 (5.1) say. */
  readonly canonical: Buffer
}

/** A DNS answer, read strictly. Records of other classes than IN are left out. */
export interface StrictMessage {
  /** The 16 bits of the second header word. */
  readonly flags: number
  /** 12 bits, with the upper ones of EDNS. */
  readonly rcode: number
  readonly question: { readonly name: WireName; readonly type: number; readonly class: number } | undefined
  readonly answers: readonly StrictRecord[]
  readonly authorities: readonly StrictRecord[]
  /** Undefined: the sender does not speak EDNS. */
  readonly edns:
    { readonly version: number; readonly dnssecOk: boolean; readonly udpOctets: number } | undefined
  readonly ede: ExtendedError | null
  /** DNS cookies of the answer (RFC 7873), client and server part. */
  readonly cookie: Buffer | undefined
}

const HEADER = 12
const MAX_NAME = 255
const IN = 1
const OPT = 41
const OPTION = { COOKIE: 10, EDE: 15 }
const TC = 0x0200

/** Where names stand in RDATA: a number skips octets, `n` is a name, `s` a character string, `*` the rest. */
const LAYOUTS = new Map<number, readonly (number | 'n' | 's' | '*')[]>([
  ...[2, 3, 4, 5, 7, 8, 9, 12, 39].map((type) => [type, ['n']] as const), // NS ... CNAME ... PTR, DNAME
  [6, ['n', 'n', 20]], // SOA
  ...[14, 17].map((type) => [type, ['n', 'n']] as const), // MINFO, RP
  ...[15, 18, 21, 36].map((type) => [type, [2, 'n']] as const), // MX, AFSDB, RT, KX
  [26, [2, 'n', 'n']], // PX
  [33, [6, 'n']], // SRV
  [35, [4, 's', 's', 's', 'n']], // NAPTR
  ...[24, 46].map((type) => [type, [18, 'n', '*']] as const), // SIG, RRSIG
])

/**
 * Takes a DNS message apart for verification: every RDLENGTH must fit, every name is read octet by octet, pointers lead
 * backwards only, and nothing may be left over. Of a truncated message only header and question are read.
 *
 * @throws RangeError for a message that is cut off or malformed.
 */
export function readStrict(message: Buffer): StrictMessage {
  if (message.length < HEADER) throw new RangeError('the header is cut off')
  const flags = message.readUInt16BE(2)
  const reader = new Reader(message)
  const questions = message.readUInt16BE(4)
  if (questions > 1) throw new RangeError('it has more than one question')
  const question = questions === 1 ? reader.question() : undefined
  const whole = (flags & TC) === 0
  const section = (at: number): RawRecord[] =>
    whole ? Array.from({ length: reader.atMost(message.readUInt16BE(at)) }, () => reader.record()) : []
  const [answers, authorities, additionals] = [section(6), section(8), section(10)]
  if (whole && reader.at !== message.length) throw new RangeError('octets are left over')
  const opts = additionals.filter((record) => record.type === OPT)
  if (opts.length > 1) throw new RangeError('it has more than one OPT record')
  const [opt] = opts
  const options = opt ? readOptions(opt.rdata) : { ede: null, cookie: undefined }
  const rcode = (((opt?.ttl ?? 0) >>> 24) << 4) | (flags & 0xf)
  const inClass = (record: RawRecord): boolean => record.class === IN && record.type !== OPT
  return {
    flags,
    rcode,
    question,
    answers: answers.filter(inClass).map(shortLived),
    authorities: authorities.filter(inClass).map(shortLived),
    edns: opt && {
      version: (opt.ttl >>> 16) & 0xff,
      dnssecOk: (opt.ttl & 0x8000) !== 0,
      udpOctets: opt.class,
    },
    ...options,
  }
}

/** The canonical form of RDATA that hold no compressed names, see {@link StrictRecord}. */
export const canonicalRdata = (type: number, rdata: Buffer): Buffer => new Reader(rdata).canonical(type)

interface RawRecord extends StrictRecord {
  readonly class: number
}

const shortLived = (record: RawRecord): StrictRecord =>
  record.ttl > 0x7fff_ffff ? { ...record, ttl: 0 } : record

class Reader {
  at = HEADER
  readonly #message: Buffer
  /** Names that were read, by where they begin; `raw` keeps the case. */
  readonly #names = new Map<number, string>()

  constructor(message: Buffer) {
    this.#message = message
  }

  /** A record takes 11 octets at least: a count that lies must not make us reserve memory. */
  atMost(count: number): number {
    if (count * 11 > this.#message.length - this.at) throw new RangeError('records are missing')
    return count
  }

  question(): { name: WireName; type: number; class: number } {
    const name = lowerAscii(this.#name())
    this.at += 4
    const at = this.at
    return { name, type: this.#message.readUInt16BE(at - 4), class: this.#message.readUInt16BE(at - 2) }
  }

  record(): RawRecord {
    const message = this.#message
    const owner = lowerAscii(this.#name())
    const at = this.at
    const type = message.readUInt16BE(at)
    const length = message.readUInt16BE(at + 8)
    const start = at + 10
    if (start + length > message.length) throw new RangeError('the RDATA are cut off')
    const rdata = this.#rdata(type, start, start + length)
    this.at = start + length
    return { owner, type, class: message.readUInt16BE(at + 2), ttl: message.readUInt32BE(at + 4), ...rdata }
  }

  canonical(type: number): Buffer {
    return this.#rdata(type, 0, this.#message.length).canonical
  }

  // RDATA that do not fit their type stay as they are: the signature tells whether they were meant so.
  #rdata(type: number, start: number, end: number): { rdata: Buffer; canonical: Buffer } {
    const layout = LAYOUTS.get(type)
    const plain = this.#message.subarray(start, end)
    if (!layout) return { rdata: plain, canonical: plain }
    try {
      const parts = this.#parts(layout, start, end)
      const rdata = parts.map(({ octets }) => octets).join('')
      const canonical = parts.map(({ octets, isName }) => (isName ? lowerAscii(octets) : octets)).join('')
      const raw = Buffer.from(rdata, 'latin1')
      return { rdata: raw, canonical: canonical === rdata ? raw : Buffer.from(canonical, 'latin1') }
    } catch {
      return { rdata: plain, canonical: plain }
    }
  }

  #parts(
    layout: readonly (number | 'n' | 's' | '*')[],
    start: number,
    end: number,
  ): { octets: string; isName: boolean }[] {
    this.at = start
    const parts = layout.map((part) => {
      if (part === 'n') return { octets: this.#name(), isName: true }
      const from = this.at
      if (part === '*') this.at = end
      else this.at += part === 's' ? 1 + this.#message.readUInt8(from) : part
      if (this.at > end) throw new RangeError('the RDATA are too short')
      return { octets: this.#message.toString('latin1', from, this.at), isName: false }
    })
    if (this.at !== end) throw new RangeError('the RDATA have a wrong length')
    return parts
  }

  /** The name at the current place, case kept, without compression. */
  #name(): string {
    const start = this.at
    const known = this.#names.get(start)
    const name = known ?? this.#readName(start)
    if (known === undefined) this.#names.set(start, name)
    this.at = this.#after(start)
    return name
  }

  #readName(start: number): string {
    const message = this.#message
    let name = ''
    let at = start
    let lowest = start
    for (;;) {
      const length = message.readUInt8(at)
      if (length === 0) return `${name}\0`
      if (length >= 0xc0) {
        const target = message.readUInt16BE(at) & 0x3fff
        if (target >= lowest || target < HEADER) throw new RangeError('a name points forward')
        lowest = at = target
        continue
      }
      if (length > 63 || name.length + length + 2 > MAX_NAME || at + 1 + length >= message.length) {
        throw new RangeError('a name is malformed')
      }
      name += message.toString('latin1', at, at + 1 + length)
      at += 1 + length
    }
  }

  #after(start: number): number {
    let at = start
    for (;;) {
      const length = this.#message.readUInt8(at)
      if (length >= 0xc0) return at + 2
      at += 1 + length
      if (length === 0) return at
    }
  }
}

function readOptions(rdata: Buffer): { ede: ExtendedError | null; cookie: Buffer | undefined } {
  let ede: ExtendedError | null = null
  let cookie: Buffer | undefined
  for (let at = 0; at < rdata.length;) {
    if (at + 4 > rdata.length) throw new RangeError('an EDNS option is cut off')
    const code = rdata.readUInt16BE(at)
    const data = rdata.subarray(at + 4, at + 4 + rdata.readUInt16BE(at + 2))
    at += 4 + rdata.readUInt16BE(at + 2)
    if (at > rdata.length) throw new RangeError('an EDNS option is cut off')
    if (code === OPTION.EDE && data.length >= 2 && ede === null) {
      ede = { code: data.readUInt16BE(0), text: data.toString('utf8', 2).replace(/\0+$/, '') }
    }
    if (code === OPTION.COOKIE) cookie = data
  }
  return { ede, cookie }
}
