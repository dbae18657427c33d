/** An SVCB or HTTPS record (RFC 9460). `params` holds what its SvcParams say, by their registered names. */
export interface ServiceBinding {
  /** 0: `target` is an alias. */
  readonly priority: number
  /** `.`: the owner itself. */
  readonly target: string
  readonly params: Readonly<Record<string, unknown>>
}

const KEYS = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
]
const keyName = (key: number): string => KEYS[key] ?? `key${key}`

/**
 * Reads the SvcParams of an SVCB or HTTPS record.
 *
 * @throws RangeError when they are cut off, or not in strictly increasing order as RFC 9460 section 2.2 demands.
 */
export function readServiceParams(rdata: Buffer): ServiceBinding['params'] {
  const params: Record<string, unknown> = {}
  let last = -1
  for (let at = 0; at < rdata.length;) {
    const key = rdata.readUInt16BE(at)
    const length = rdata.readUInt16BE(at + 2)
    const value = rdata.subarray(at + 4, at + 4 + length)
    if (key <= last || value.length < length) throw new RangeError('the SvcParams are malformed')
    params[keyName(key)] = readValue(key, value)
    last = key
    at += 4 + length
  }
  return params
}

function readValue(key: number, value: Buffer): unknown {
  switch (keyName(key)) {
    case 'mandatory':
      return chunks(value, 2).map((part) => keyName(part.readUInt16BE(0)))
    case 'alpn':
      return strings(value)
    case 'no-default-alpn':
    case 'ohttp':
      return true
    case 'port':
      return value.readUInt16BE(0)
    case 'ipv4hint':
      return chunks(value, 4).map((part) => part.join('.'))
    case 'ipv6hint':
      return chunks(value, 16).map(ipv6Text)
    case 'dohpath':
      return value.toString('utf8')
    default:
      return value.toString('base64')
  }
}

function chunks(value: Buffer, size: number): Buffer[] {
  if (value.length % size !== 0) throw new RangeError('a SvcParam has a wrong length')
  return Array.from({ length: value.length / size }, (_, at) => value.subarray(at * size, (at + 1) * size))
}

function strings(value: Buffer): string[] {
  const list: string[] = []
  for (let at = 0; at < value.length;) {
    const length = value.readUInt8(at)
    if (at + 1 + length > value.length) throw new RangeError('a SvcParam is cut off')
    list.push(value.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return list
}

/** 16 octets as RFC 5952 writes them. */
export function ipv6Text(octets: Buffer): string {
  const groups = chunks(octets, 2).map((part) => part.readUInt16BE(0).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
