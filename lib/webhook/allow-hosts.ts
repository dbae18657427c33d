import { inRange, parseIp, parseRange } from '../dns/addresses.ts'

/** Hosts and addresses that are allowed whatever their kind. */
export interface AllowedHosts {
  readonly hasName: (host: string) => boolean
  readonly hasAddress: (address: string) => boolean
}

// A name, or `*.` and a domain: then all names below it, but not the domain itself.
const NAME = /^(?:\*\.)?[\w-]+(?:\.[\w-]+)*$/

/** Tells why an entry of `allowHosts` is wrong; undefined when it is right. */
export function checkAllowedHost(entry: unknown): string | undefined {
  if (typeof entry === 'string' && (parseRange(entry) || NAME.test(entry))) return undefined
  return 'expected a host name, `*.` and a domain, an address, or a block as `10.1.0.0/16`'
}

/** Reads a list of names, `*.suffix` patterns, addresses and blocks. */
export function readAllowedHosts(entries: readonly string[]): AllowedHosts {
  const blocks = entries.map(parseRange).filter((block) => block !== undefined)
  const names = entries.filter((entry) => !parseRange(entry)).map((entry) => entry.toLowerCase())
  return {
    hasName: (host) =>
      names.some((name) => (name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name)),
    hasAddress: (address) => {
      const ip = parseIp(address)
      return ip !== undefined && blocks.some((block) => inRange(ip, block))
    },
  }
}
