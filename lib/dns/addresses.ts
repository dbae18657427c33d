/** An IP address as a number. */
export interface IpAddress {
  readonly family: 4 | 6
  readonly bits: bigint
}

/** A block of addresses. */
export interface IpRange extends IpAddress {
  readonly prefix: number
}

/** What an address is for. All but `public` are never what a stranger's host name should lead to. */
export type AddressKind =
  | 'public'
  | 'loopback'
  | 'private'
  | 'carrier-grade NAT'
  | 'link-local'
  | 'cloud metadata'
  | 'multicast'
  | 'unspecified'
  | 'reserved'

const IPV4_PART = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${[IPV4_PART, IPV4_PART, IPV4_PART, IPV4_PART].join('\\.')}$`)

/** Reads a textual IPv4 (dotted quad) or IPv6 address; undefined when it is none. Zone ids (`%eth0`) are dropped. */
export function parseIp(text: string): IpAddress | undefined {
  const quad = IPV4.exec(text)
  if (quad) {
    return { family: 4, bits: quad.slice(1).reduce((bits, part) => (bits << 8n) | BigInt(part), 0n) }
  }
  const bare = text.replace(/%[\w.-]+$/, '')
  if (!bare.includes(':') || !/^[0-9a-f:.]+$/i.test(bare)) return undefined
  const canonical = canonicalIpv6(bare)
  return canonical === undefined ? undefined : { family: 6, bits: groupsToBits(canonical) }
}

/** True for a textual IPv4 or IPv6 address. */
export const isIpAddress = (text: string): boolean => parseIp(text) !== undefined

// The URL parser checks and normalises every notation of RFC 4291, embedded IPv4 included.
function canonicalIpv6(text: string): string | undefined {
  try {
    return new URL(`http://[${text}]`).hostname.slice(1, -1)
  } catch {
    return undefined
  }
}

function groupsToBits(canonical: string): bigint {
  const [head = '', tail] = canonical.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address; undefined when it is no block. */
export function parseRange(text: string): IpRange | undefined {
  const [base = '', length, ...rest] = text.split('/')
  const address = parseIp(base)
  if (!address || rest.length > 0) return undefined
  const width = address.family === 4 ? 32 : 128
  if (length === undefined) return { ...address, prefix: width }
  if (!/^\d{1,3}$/.test(length) || Number(length) > width) return undefined
  return { ...address, prefix: Number(length) }
}

/** Whether the address lies in the block. */
export function inRange(address: IpAddress, range: IpRange): boolean {
  if (address.family !== range.family) return false
  const shift = BigInt((range.family === 4 ? 32 : 128) - range.prefix)
  return address.bits >> shift === range.bits >> shift
}

// IANA's special-purpose registries (RFC 6890 and updates); the first match counts.
const RANGES = (
  [
    // Amazon (with its container credentials), Google, Azure (its WireServer has a public address), Alibaba.
    [
      'cloud metadata',
      '169.254.169.254',
      '169.254.170.2',
      '169.254.170.23',
      '168.63.129.16',
      '100.100.100.200',
    ],
    ['cloud metadata', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'],
    ['unspecified', '0.0.0.0', '::'],
    ['loopback', '127.0.0.0/8', '::1'],
    ['private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10'],
    ['carrier-grade NAT', '100.64.0.0/10'],
    ['link-local', '169.254.0.0/16', 'fe80::/10'],
    ['multicast', '224.0.0.0/4', 'ff00::/8'],
    ['reserved', '0.0.0.0/8', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15'],
    ['reserved', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'],
    // NAT64 of a local operator, discard, Teredo, ORCHID, documentation, 6to4, segment routing.
    [
      'reserved',
      '64:ff9b:1::/48',
      '100::/64',
      '2001::/23',
      '2001:db8::/32',
      '2002::/16',
      '3fff::/20',
      '5f00::/16',
    ],
  ] as readonly (readonly [AddressKind, ...string[]])[]
).flatMap(([kind, ...blocks]) => blocks.map((block) => ({ kind, range: range(block) })))

function range(block: string): IpRange {
  const parsed = parseRange(block)
  if (!parsed) throw new TypeError(`no address block: ${block}`)
  return parsed
}

// An IPv6 address of these blocks is only a way of writing the IPv4 address in its last 32 bits.
const EMBEDDING = ['::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '::/96'].map(range)

/** The only block of IPv6 that IANA hands public addresses out of (RFC 4291, section 2.4, as allocated). */
const GLOBAL_UNICAST = range('2000::/3')

/**
 * What an address is for (IANA special-purpose address registries). IPv4-mapped, -translated and NAT64 addresses
 * (`::ffff:127.0.0.1`, `64:ff9b::7f00:1`) count as the IPv4 address in them.
 *
 * @returns undefined for text that is no address.
 */
export function addressKind(text: string): AddressKind | undefined {
  const address = parseIp(text)
  return address && kindOf(address)
}

function kindOf(address: IpAddress): AddressKind {
  const special = RANGES.find((entry) => inRange(address, entry.range))
  if (special) return special.kind
  if (EMBEDDING.some((block) => inRange(address, block))) {
    return kindOf({ family: 4, bits: address.bits & 0xffff_ffffn })
  }
  return address.family === 4 || inRange(address, GLOBAL_UNICAST) ? 'public' : 'reserved'
}
