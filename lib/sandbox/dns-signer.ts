import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { keyTag } from '../dns/dnssec/keys.ts'
import type { WireName } from '../dns/dnssec/name.ts'
import { dsDigest, signedLabels, TYPE } from '../dns/dnssec/records.ts'

/** A record of a zone that the sandbox serves. */
export interface ZoneRecord {
  readonly owner: WireName
  readonly type: number
  /** Seconds. */
  readonly ttl: number
  /** Without compression. */
  readonly rdata: Buffer
  /** What is signed, where names in the RDATA have upper-case letters (RFC 4034, section 6.2). */
  readonly canonical?: Buffer
}

/** A key that signs records, with its DNSKEY RDATA. */
export interface SigningKey {
  readonly algorithm: number
  readonly tag: number
  readonly rdata: Buffer
  sign(data: Buffer): Buffer
}

/** The fields of a signature that a signer chooses. */
export interface SignatureFields {
  readonly signer: WireName
  /** Unix seconds. */
  readonly inception: number
  readonly expiration: number
  readonly labels: number
  readonly originalTtl: number
  readonly keyTag: number
  readonly algorithm: number
}

/** Flags of DNSKEY records: zone key, and secure entry point (RFC 4034, section 2.1.1). */
export const KEY_FLAGS = { ZSK: 256, KSK: 257, REVOKE: 128 } as const

const PROTOCOL = 3

type Hash = 'sha256' | 'sha384' | 'sha512' | null

/** DNSSEC algorithm numbers: what makes a key pair, and the hash that is signed. */
const ALGORITHMS: Readonly<
  Record<number, { hash: Hash; make: () => { privateKey: KeyObject; publicKey: KeyObject } }>
> = {
  8: { hash: 'sha256', make: () => generateKeyPairSync('rsa', { modulusLength: 1024 }) },
  10: { hash: 'sha512', make: () => generateKeyPairSync('rsa', { modulusLength: 1024 }) },
  13: { hash: 'sha256', make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  14: { hash: 'sha384', make: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }) },
  15: { hash: null, make: () => generateKeyPairSync('ed25519') },
  16: { hash: null, make: () => generateKeyPairSync('ed448') },
}

/**
 * Makes a key pair. RSA keys have 1024 bits only: they are for tests, and quick to make.
 *
 * @param algorithm 8, 10, 13, 14, 15 or 16.
 */
export function makeSigningKey(algorithm: number, flags: number = KEY_FLAGS.KSK): SigningKey {
  const known = ALGORITHMS[algorithm]
  if (!known) throw new TypeError(`no signing algorithm ${algorithm}`)
  const { privateKey, publicKey } = known.make()
  const rdata = Buffer.concat([
    Buffer.from([flags >> 8, flags & 0xff, PROTOCOL, algorithm]),
    publicOctets(publicKey),
  ])
  return {
    algorithm,
    tag: keyTag(rdata),
    rdata,
    sign: (data) => sign(known.hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  }
}

function publicOctets(key: KeyObject): Buffer {
  const { n, e, x, y } = key.export({ format: 'jwk' })
  const octets = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url')
  if (n === undefined) return Buffer.concat([octets(x), octets(y)])
  return Buffer.concat([Buffer.from([octets(e).length]), octets(e), octets(n)])
}

/** The DS RDATA that stand for a key in the zone above, or as a trust anchor (RFC 4034, section 5.1.4). */
export function dsRdata(
  owner: WireName,
  key: Pick<SigningKey, 'tag' | 'algorithm' | 'rdata'>,
  digestType = 2,
): Buffer {
  const digest = dsDigest(owner, key.rdata, digestType) ?? '00'
  const head = Buffer.from([key.tag >> 8, key.tag & 0xff, key.algorithm, digestType])
  return Buffer.concat([head, Buffer.from(digest, 'hex')])
}

/** A trust anchor as the palette's `trustAnchors` have it: `. IN DS 20326 8 2 e06d...`. */
export const anchorText = (owner: string, rdata: Buffer): string =>
  `${owner} IN DS ${rdata.readUInt16BE(0)} ${rdata[2] ?? 0} ${rdata[3] ?? 0} ${rdata.toString('hex', 4)}`

/** Signs an RRset (RFC 4034, section 3.1.8.1). */
export function signRecords(
  records: readonly ZoneRecord[],
  key: SigningKey,
  fields: Pick<SignatureFields, 'signer' | 'inception' | 'expiration'> & Partial<SignatureFields>,
): ZoneRecord {
  const [first] = records
  if (!first) throw new TypeError('nothing to sign')
  const { owner, type, ttl } = first
  const all = {
    labels: signedLabels(owner),
    originalTtl: ttl,
    keyTag: key.tag,
    algorithm: key.algorithm,
    ...fields,
  }
  const head = Buffer.alloc(18)
  head.writeUInt16BE(type, 0)
  head.writeUInt8(all.algorithm, 2)
  head.writeUInt8(all.labels, 3)
  head.writeUInt32BE(all.originalTtl, 4)
  head.writeUInt32BE(all.expiration >>> 0, 8)
  head.writeUInt32BE(all.inception >>> 0, 12)
  head.writeUInt16BE(all.keyTag, 16)
  const signed = Buffer.concat([head, Buffer.from(all.signer, 'latin1')])
  const rows = records
    .map((record) => ({ ...record, rdata: record.canonical ?? record.rdata, ttl: all.originalTtl }))
    .toSorted((one, other) => Buffer.compare(one.rdata, other.rdata))
    .map((record) => recordOctets(record))
  const signature = key.sign(Buffer.concat([signed, ...rows]))
  return { owner, type: TYPE.RRSIG, ttl, rdata: Buffer.concat([signed, signature]) }
}

/** A record as it stands in a message, its name not compressed. */
export function recordOctets(
  { owner, type, ttl, rdata }: ZoneRecord,
  name = Buffer.from(owner, 'latin1'),
): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttl, 4)
  fixed.writeUInt16BE(rdata.length, 8)
  return Buffer.concat([name, fixed, rdata])
}

/** The type bitmaps of NSEC and NSEC3 records (RFC 4034, section 4.1.2). */
export function typeBitmaps(types: Iterable<number>): Buffer {
  const windows = new Map<number, Buffer>()
  for (const type of [...types].toSorted((one, other) => one - other)) {
    const window = windows.get(type >> 8) ?? Buffer.alloc(32)
    const octet = (type & 0xff) >> 3
    window.writeUInt8((window[octet] ?? 0) | (0x80 >> (type & 7)), octet)
    windows.set(type >> 8, window)
  }
  return Buffer.concat(
    [...windows].flatMap(([number, bits]) => {
      const length = bits.findLastIndex((octet) => octet !== 0) + 1
      return [Buffer.from([number, length]), bits.subarray(0, length)]
    }),
  )
}

const BASE32_HEX = '0123456789abcdefghijklmnopqrstuv'

/** The first label of an NSEC3 record's name. */
export function base32Hex(octets: string): string {
  const bits = Array.from(octets, (octet) => octet.charCodeAt(0).toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32_HEX[parseInt(five.padEnd(5, '0'), 2)]).join('')
}
