import type { WireName } from './dnssec/name.ts'

/** One resource record as it lies in a message: the RDATA are `length` octets at `at`. */
export interface RawRecord {
  /** Owner in comparable form, see {@link readName}. */
  readonly name: string
  readonly type: number
  readonly class: number
  /** Seconds; values with the top bit set count as 0 (RFC 2181, section 8). */
  readonly ttl: number
  readonly at: number
  readonly length: number
}

/** The records of a DNS message, RDATA untouched. */
export interface Sections {
  readonly answers: readonly RawRecord[]
  readonly authorities: readonly RawRecord[]
  readonly additionals: readonly RawRecord[]
}

/** Bits of the second header word (RFC 1035 section 4.1.1, RFC 4035). */
export const FLAGS = {
  QR: 0x8000,
  OPCODE: 0x7800,
  TC: 0x0200,
  RD: 0x0100,
  AD: 0x0020,
  CD: 0x0010,
  RCODE: 0x000f,
}
/** Octets before the question. */
export const HEADER = 12
/** Type and class of a question. */
export const QUESTION_TAIL = 4
const IN = 1
/** A pointer to the name of the question. */
const TO_QUESTION = 0xc000 | HEADER
const MAX_NAME_OCTETS = 255

/**
 * Whether a message is a response to a question of this name and type. Servers that choke on a query may leave the
 * question out (FORMERR, NOTIMP).
 */
export function isAnswerTo(message: Buffer, name: WireName, type: number): boolean {
  if (message.length < HEADER) return false
  const flags = message.readUInt16BE(2)
  if ((flags & FLAGS.QR) === 0 || (flags & FLAGS.OPCODE) !== 0) return false
  const questions = message.readUInt16BE(4)
  if (questions === 0) return (flags & FLAGS.RCODE) !== 0 && message.length === HEADER
  const end = HEADER + name.length
  if (questions !== 1 || message.length < end + QUESTION_TAIL) return false
  for (let at = HEADER; at < end; at += 1) {
    const octet = message[at] ?? 0
    // Lengths of labels are below the letters.
    const lower = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet
    if (lower !== name.charCodeAt(at - HEADER)) return false
  }
  return message.readUInt16BE(end) === type && message.readUInt16BE(end + 2) === IN
}

/**
 * Takes a DNS message apart (RFC 1035, section 4). RDLENGTH is what counts, never what an RDATA decoder consumes;
 * `dns-packet` does it the other way round, so that one odd record shifts or loses all others.
 *
 * @param asked the name of its question, in comparable form: most records only point at it.
 * @throws RangeError for a message that is cut off or malformed.
 */
export function readSections(message: Buffer, asked: string): Sections {
  let at = HEADER
  if (message.readUInt16BE(4) > 0) at = afterName(message, at) + QUESTION_TAIL
  const read = (count: number): readonly RawRecord[] => {
    if (count === 0) return NONE
    const records: RawRecord[] = []
    for (let left = count; left > 0; left -= 1) {
      const record = readRecord(message, at, asked)
      records.push(record)
      at = record.at + record.length
    }
    return records
  }
  return {
    answers: read(message.readUInt16BE(6)),
    authorities: read(message.readUInt16BE(8)),
    additionals: read(message.readUInt16BE(10)),
  }
}

const NONE: readonly RawRecord[] = []

function readRecord(message: Buffer, start: number, asked: string): RawRecord {
  const isAsked = message.readUInt16BE(start) === TO_QUESTION
  const next = isAsked ? start + 2 : afterName(message, start)
  const ttl = message.readUInt32BE(next + 4)
  const length = message.readUInt16BE(next + 8)
  const at = next + 10
  if (at + length > message.length) throw new RangeError('the RDATA are cut off')
  return {
    name: isAsked ? asked : readName(message, start).name,
    type: message.readUInt16BE(next),
    class: message.readUInt16BE(next + 2),
    ttl: ttl > 0x7fff_ffff ? 0 : ttl,
    at,
    length,
  }
}

/** Where the field after a name begins. The name itself is not looked at. @throws RangeError when it is cut off */
export function afterName(message: Buffer, start: number): number {
  let at = start
  for (;;) {
    const length = message.readUInt8(at)
    if (length >= 0xc0) return at + 2
    at += 1 + length
    if (length === 0) return at
  }
}

/**
 * Reads a name at `start`, following compression pointers, which may only lead backwards.
 *
 * @returns the name in comparable form: ASCII letters lower-cased, without trailing dot, `.` and `\` inside a label and
 * octets outside printable ASCII escaped as in zone files (RFC 4343), the root as ''; and where the next field begins.
 * @throws RangeError for a name that is cut off, too long, or points forward.
 */
export function readName(message: Buffer, start: number): { name: string; next: number } {
  let name = ''
  let at = start
  let next = -1
  let lowest = start
  let octets = 1
  for (;;) {
    const length = message.readUInt8(at)
    if (length === 0) return { name, next: next < 0 ? at + 1 : next }
    if (length >= 0xc0) {
      const target = message.readUInt16BE(at) & 0x3fff
      if (target >= lowest) throw new RangeError('a name points forward')
      if (next < 0) next = at + 2
      lowest = target
      at = target
      continue
    }
    octets += length + 1
    if (length > 63 || octets > MAX_NAME_OCTETS || at + length >= message.length) {
      throw new RangeError('a name is malformed')
    }
    name += (name === '' ? '' : '.') + labelText(message, at + 1, at + 1 + length)
    at += length + 1
  }
}

const PLAIN_LABEL = /^[a-z0-9_-]+$/

function labelText(message: Buffer, from: number, to: number): string {
  const label = message.toString('latin1', from, to).toLowerCase()
  if (PLAIN_LABEL.test(label)) return label
  return lowerAscii(message.toString('latin1', from, to)).replace(/[.\\]|[^\x21-\x7e]/g, (char) =>
    char === '.' || char === '\\' ? `\\${char}` : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`,
  )
}

// String.toLowerCase would also change Latin-1 letters, which are different octets.
const lowerAscii = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
