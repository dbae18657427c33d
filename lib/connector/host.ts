import { parseIp } from '../dns/addresses.ts'

// RFC 1123: labels of letters, digits and inner hyphens.
const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/
// What a URL parser would read as an IPv4 address.
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i

/**
 * The host of a database in one form: a host name or IPv4 address in lower case, an IPv6 address without brackets in the
 * short form of RFC 5952. Undefined for what is none; names beyond ASCII have to be given as `xn--`.
 */
export function readHost(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  if (HOST_NAME.test(value)) {
    if (ENDS_IN_NUMBER.test(value) && !parseIp(value)) return undefined
    return value.toLowerCase()
  }
  return value.includes(':') && value.length <= 64 ? readIpv6(value) : undefined
}

function readIpv6(value: string): string | undefined {
  const bare = /^\[.*\]$/s.test(value) ? value.slice(1, -1) : value
  // A zone (`%eth0`) means something on one machine only.
  if (bare.includes('%') || parseIp(bare)?.family !== 6) return undefined
  return URL.parse(`http://[${bare}]`)?.hostname.slice(1, -1)
}
