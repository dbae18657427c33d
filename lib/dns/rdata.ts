import type * as DnsPacket from 'dns-packet'
import type { CaaData, DnskeyData, DsData, MxData, NaptrData, SoaData, SrvData, TlsaData } from 'dns-packet'
import { RECORD_TYPE_CODES, type RecordType } from './record-types.ts'
import { ipv6Text, readServiceParams } from './svcb.ts'
import { readName, type RawRecord } from './wire.ts'

/** The codec, handed in because it is loaded on first use. */
export type DnsCodec = typeof DnsPacket

/** One RDATA decoder of `dns-packet`: reads from the RDLENGTH field on and says how many octets it took. */
interface RdataCodec {
  readonly decode: { (message: Buffer, at: number): unknown; bytes: number }
}

const names = new Map<number, RecordType>(
  (Object.entries(RECORD_TYPE_CODES) as [RecordType, number][]).map(([name, code]) => [code, name]),
)

/**
 * The value of a record as results show it. Names have no trailing dot, binary values are hex (digests,
 * certificates) or base64 (keys), the strings of a TXT record are joined.
 *
 * @throws Error when the RDATA are malformed, or of a type that the palette does not ask for.
 */
export function readRdata(codec: DnsCodec, message: Buffer, record: RawRecord): unknown {
  const type = names.get(record.type)
  switch (type) {
    case 'A':
      return ipv4Text(message, record)
    case 'AAAA':
      return ipv6Text(octets(message, record, 16))
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return shown(readTarget(message, record))
    case 'SVCB':
    case 'HTTPS':
      return readServiceBinding(message, record)
    case undefined:
      throw new RangeError(`unexpected record type ${record.type}`)
    default:
      return present(type, decode(codec, type, message, record))
  }
}

/**
 * The name that is the whole RDATA of a CNAME, NS or PTR record, in comparable form.
 *
 * @throws RangeError when it is malformed, or does not fill the RDATA.
 */
export function readTarget(message: Buffer, record: RawRecord): string {
  const { name, next } = readName(message, record.at)
  if (next !== record.at + record.length) throw new RangeError('the RDATA have a wrong length')
  return name
}

/** A name as results show it: the root as a dot. */
const shown = (name: string): string => (name === '' ? '.' : name)

function ipv4Text(message: Buffer, { at, length }: RawRecord): string {
  if (length !== 4) throw new RangeError('the RDATA have a wrong length')
  return `${message.readUInt8(at)}.${message.readUInt8(at + 1)}.${message.readUInt8(at + 2)}.${message.readUInt8(at + 3)}`
}

function octets(message: Buffer, record: RawRecord, length: number): Buffer {
  if (record.length !== length) throw new RangeError('the RDATA have a wrong length')
  return message.subarray(record.at, record.at + length)
}

// The decoders trust RDLENGTH where they need it and ignore it elsewhere: what they took must be what there is.
function decode(codec: DnsCodec, type: string, message: Buffer, record: RawRecord): unknown {
  const { decode: decoder } = (codec as unknown as { record(type: string): RdataCodec }).record(type)
  const whole = message.subarray(0, record.at + record.length)
  const data = decoder(whole, record.at - 2)
  if (decoder.bytes !== record.length + 2) throw new RangeError('the RDATA have a wrong length')
  return data
}

function readServiceBinding(message: Buffer, record: RawRecord): unknown {
  const end = record.at + record.length
  const { name, next } = readName(message, record.at + 2)
  if (next > end) throw new RangeError('the RDATA have a wrong length')
  const params = readServiceParams(message.subarray(next, end))
  return { priority: message.readUInt16BE(record.at), target: shown(name), params }
}

function present(type: RecordType, data: unknown): unknown {
  switch (type) {
    case 'TXT':
      return Buffer.concat(data as Buffer[]).toString('utf8')
    case 'MX': {
      const { preference, exchange } = data as MxData
      return { preference, exchange }
    }
    case 'SRV': {
      const { priority, weight, port, target } = data as SrvData
      return { priority, weight, port, target }
    }
    case 'CAA': {
      const { flags, tag, value } = data as CaaData
      return { flags, tag, value }
    }
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = data as SoaData
      return { mname, rname, serial, refresh, retry, expire, minimum }
    }
    case 'NAPTR': {
      const { order, preference, flags, services, regexp, replacement } = data as NaptrData
      return { order, preference, flags, services, regexp, replacement }
    }
    case 'TLSA': {
      const { usage, selector, matchingType, certificate } = data as TlsaData
      return { usage, selector, matchingType, certificate: certificate.toString('hex') }
    }
    case 'DS': {
      const { keyTag, algorithm, digestType, digest } = data as DsData
      return { keyTag, algorithm, digestType, digest: digest.toString('hex') }
    }
    default: {
      const { flags, algorithm, key } = data as DnskeyData
      return { flags, protocol: 3, algorithm, key: key.toString('base64') }
    }
  }
}
