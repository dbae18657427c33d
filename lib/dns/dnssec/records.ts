import { createHash, hash } from 'node:crypto'
import type { Ds } from './ds.ts'
import type { StrictRecord } from './message.ts'
import { labelCount, lowerAscii, type WireName } from './name.ts'

/** Numbers of the record types that validation is about (IANA DNS parameters). */
export const TYPE = {
  NS: 2,
  CNAME: 5,
  SOA: 6,
  DNAME: 39,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  /** In a bitmap: the name does not exist (RFC 9824). */
  NXNAME: 128,
} as const

/** A signature over an RRset (RFC 4034, section 3). */
export interface Signature {
  readonly covered: number
  readonly algorithm: number
  /** Labels of the name that was signed; fewer than the owner has: it comes from a wildcard. */
  readonly labels: number
  /** Seconds. */
  readonly originalTtl: number
  /** Unix seconds modulo 2^32. */
  readonly expiration: number
  readonly inception: number
  readonly keyTag: number
  readonly signer: WireName
  /** The RDATA up to the signature itself, signer in lower case: they are signed too. */
  readonly head: Buffer
  readonly value: Buffer
  /** The whole RDATA. */
  readonly rdata: Buffer
}

/** All records of one owner and type, with their signatures. */
export interface RrSet {
  readonly owner: WireName
  readonly type: number
  /** The least of the TTLs. */
  readonly ttl: number
  readonly records: readonly StrictRecord[]
  readonly signatures: readonly Signature[]
}

/** More signatures of one RRset are not looked at. */
const MAX_SIGNATURES = 64
const RRSIG_FIXED = 18

/** Sorts the records of a section into RRsets, in the order in which they first stand there. */
export function groupSets(records: readonly StrictRecord[]): RrSet[] {
  const sets = new Map<string, { records: StrictRecord[]; signatures: Signature[] }>()
  const at = (owner: WireName, type: number): { records: StrictRecord[]; signatures: Signature[] } => {
    const key = `${type} ${owner}`
    const found = sets.get(key) ?? { records: [], signatures: [] }
    sets.set(key, found)
    return found
  }
  for (const record of records) {
    if (record.type !== TYPE.RRSIG) {
      at(record.owner, record.type).records.push(record)
      continue
    }
    const signature = readSignature(record.canonical)
    if (!signature) continue
    const { signatures } = at(record.owner, signature.covered)
    if (signatures.length < MAX_SIGNATURES) signatures.push(signature)
  }
  return [...sets.values()].flatMap(({ records: found, signatures }) => {
    const [first] = found
    if (!first) return []
    const ttl = Math.min(...found.map((record) => record.ttl))
    return [{ owner: first.owner, type: first.type, ttl, records: found, signatures }]
  })
}

function readSignature(rdata: Buffer): Signature | undefined {
  const signer = readPlainName(rdata, RRSIG_FIXED)
  if (signer === undefined) return undefined
  const end = RRSIG_FIXED + signer.length
  return {
    covered: rdata.readUInt16BE(0),
    algorithm: rdata.readUInt8(2),
    labels: rdata.readUInt8(3),
    originalTtl: rdata.readUInt32BE(4),
    expiration: rdata.readUInt32BE(8),
    inception: rdata.readUInt32BE(12),
    keyTag: rdata.readUInt16BE(16),
    signer,
    head: rdata.subarray(0, end),
    value: rdata.subarray(end),
    rdata,
  }
}

/** A name in RDATA that knows no compression; undefined where there is none. */
function readPlainName(rdata: Buffer, start: number): WireName | undefined {
  let at = start
  for (;;) {
    const length = rdata[at]
    if (length === undefined || length > 63) return undefined
    at += 1 + length
    if (at - start > 255 || at > rdata.length) return undefined
    if (length === 0) return lowerAscii(rdata.toString('latin1', start, at))
  }
}

/** What an NSEC or NSEC3 record says to exist. */
export type TypeSet = ReadonlySet<number>

/** An NSEC record (RFC 4034, section 4): no name lies between its owner and the next one. */
export interface Nsec {
  readonly owner: WireName
  readonly next: WireName
  readonly types: TypeSet
}

/** An NSEC3 record (RFC 5155): no name's hash lies between its own and the next one. */
export interface Nsec3 {
  /** Hash in the owner name, binary. */
  readonly hash: string
  readonly next: string
  readonly types: TypeSet
  readonly optOut: boolean
  readonly iterations: number
  readonly salt: string
}

/** Undefined for RDATA that are none. */
export function readNsec({ owner, rdata }: StrictRecord): Nsec | undefined {
  const next = readPlainName(rdata, 0)
  const types = next === undefined ? undefined : readTypes(rdata.subarray(next.length))
  return next === undefined || !types ? undefined : { owner, next, types }
}

const SHA1 = 1
const SHA1_OCTETS = 20
const OPT_OUT = 1

/** Undefined for RDATA that are none, and for hash algorithms and flags that are not known (RFC 5155, section 8). */
export function readNsec3({ owner, rdata }: StrictRecord): Nsec3 | undefined {
  const saltEnd = 5 + (rdata[4] ?? 0)
  const nextEnd = saltEnd + 1 + (rdata[saltEnd] ?? 0)
  const flags = rdata[1] ?? 0
  if (nextEnd > rdata.length || rdata[0] !== SHA1 || (flags & ~OPT_OUT) !== 0) return undefined
  const hash = fromBase32Hex(owner.slice(1, 1 + owner.charCodeAt(0)))
  const next = rdata.toString('latin1', saltEnd + 1, nextEnd)
  const types = readTypes(rdata.subarray(nextEnd))
  if (hash?.length !== SHA1_OCTETS || next.length !== SHA1_OCTETS || !types) return undefined
  return {
    hash,
    next,
    types,
    optOut: flags === OPT_OUT,
    iterations: rdata.readUInt16BE(2),
    salt: rdata.toString('latin1', 5, saltEnd),
  }
}

function readTypes(bitmaps: Buffer): TypeSet | undefined {
  const types = new Set<number>()
  let last = -1
  for (let at = 0; at < bitmaps.length;) {
    const [window = 0, length = 0] = [bitmaps[at], bitmaps[at + 1]]
    if (window <= last || length < 1 || length > 32 || at + 2 + length > bitmaps.length) return undefined
    for (let bit = 0; bit < length * 8; bit += 1) {
      if (((bitmaps[at + 2 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) types.add(window * 256 + bit)
    }
    last = window
    at += 2 + length
  }
  return types
}

const BASE32_HEX = '0123456789abcdefghijklmnopqrstuv'

function fromBase32Hex(text: string): string | undefined {
  let octets = ''
  let bits = 0
  let held = 0
  for (const char of text) {
    const value = BASE32_HEX.indexOf(char)
    if (value < 0) return undefined
    held = ((held << 5) | value) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    octets += String.fromCharCode((held >> bits) & 0xff)
  }
  return octets
}

/** The hash of a name as NSEC3 records have it (RFC 5155, section 5), binary. */
export function nsec3Hash(name: WireName, salt: string, iterations: number): string {
  const salted = Buffer.from(salt, 'latin1')
  let digest = sha1(Buffer.concat([Buffer.from(name, 'latin1'), salted]))
  for (let left = iterations; left > 0; left -= 1) digest = sha1(Buffer.concat([digest, salted]))
  return digest.toString('latin1')
}

const sha1 = (octets: Buffer): Buffer => hash('sha1', octets, 'buffer')

/** Undefined for RDATA that are none. */
export const readDs = ({ rdata }: StrictRecord): Ds | undefined =>
  rdata.length > 4
    ? {
        keyTag: rdata.readUInt16BE(0),
        algorithm: rdata.readUInt8(2),
        digestType: rdata.readUInt8(3),
        digest: rdata.toString('hex', 4),
      }
    : undefined

const DIGESTS = new Map([
  [1, 'sha1'],
  [2, 'sha256'],
  [4, 'sha384'],
])

/** Whether the digest type of a DS record is one that we can compute. */
export const isDigestKnown = (digestType: number): boolean => DIGESTS.has(digestType)

/** The digest of a DNSKEY record, lower-case hex; undefined for a digest type that is not known. */
export function dsDigest(owner: WireName, dnskey: Buffer, digestType: number): string | undefined {
  const algorithm = DIGESTS.get(digestType)
  return algorithm && createHash(algorithm).update(owner, 'latin1').update(dnskey).digest('hex')
}

/** How many labels count for a signature: those of the name without the root and a leading asterisk. */
export const signedLabels = (owner: WireName): number =>
  labelCount(owner) - (owner.startsWith('\x01*') ? 1 : 0)
