import { PaletteError } from '../errors.ts'
import { addressKind, parseIp, type AddressKind } from '../dns/addresses.ts'
import { pinnedAddresses, type Pin } from '../dns/pin.ts'
import type { LookupAddresses } from '../ports.ts'
import { readAllowedHosts } from './allow-hosts.ts'

/** Which addresses a webhook may go to. */
export interface GuardOptions {
  /** Allows loopback, private, carrier-grade NAT and link-local addresses. */
  readonly allowPrivate: boolean
  /** Hosts that may have any address: `name`, `*.suffix`, an address or a block (`10.1.0.0/16`). */
  readonly allowHosts: readonly string[]
}

/** Checks where a URL leads before anything is sent. With a pin, its addresses are checked instead of those of a look-up. */
export type AddressGuard = (url: URL, signal?: AbortSignal, pin?: Pin) => Promise<readonly string[]>

// Never reached by `allowPrivate` alone: no receiver lives there, and the credentials of the machine do.
const NEVER: ReadonlySet<AddressKind> = new Set<AddressKind>([
  'cloud metadata',
  'multicast',
  'unspecified',
  'reserved',
])

/**
 * Makes the guard against requests into the own network (SSRF). All addresses of a host are checked, whatever way they are
 * written in (hex, IPv4-mapped, NAT64), and given back to be connected to: looking the name up again might give others.
 *
 * The guard fails with `WEBHOOK_BLOCKED_ADDRESS`, `PIN_MISMATCH`, and with what `lookup` throws.
 */
export function createAddressGuard(lookup: LookupAddresses, options: GuardOptions): AddressGuard {
  const allowed = readAllowedHosts(options.allowHosts)
  const find = async (host: string, signal?: AbortSignal): Promise<readonly string[]> =>
    parseIp(host) ? [host] : await lookup(host, signal)
  return async (url, signal, pin) => {
    const host = hostOf(url)
    const addresses = pin ? pinnedAddresses(pin, host, 'guard') : await find(host, signal)
    // Without TLS nothing ties an address of a message to the name that is allowed.
    const nameIsAllowed = allowed.hasName(host) && !(pin && url.protocol === 'http:')
    for (const address of addresses) {
      if (nameIsAllowed || allowed.hasAddress(address)) continue
      const kind = addressKind(address) ?? 'reserved'
      if (kind === 'public' || (options.allowPrivate && !NEVER.has(kind))) continue
      throw blocked(host, address, kind)
    }
    if (url.protocol === 'http:' && !nameIsAllowed) refusePlainHttp(host, addresses)
    return addresses
  }
}

/** The host of a URL without brackets and trailing dot, as it is looked up and compared. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

function blocked(host: string, address: string, kind: AddressKind): PaletteError {
  const what = host === address ? `\`${address}\`` : `\`${host}\` (${address})`
  return new PaletteError(
    'WEBHOOK_BLOCKED_ADDRESS',
    `The address of ${what} is ${kind}; if the receiver is yours, add it to \`allowHosts\``,
    { details: { host, address, kind } },
  )
}

function refusePlainHttp(host: string, addresses: readonly string[]): void {
  if (addresses.every((address) => addressKind(address) !== 'public')) return
  throw new PaletteError(
    'WEBHOOK_BLOCKED_ADDRESS',
    `\`${host}\` would get the event unencrypted over the Internet; use https, or add it to \`allowHosts\``,
    { details: { host, kind: 'plain http' } },
  )
}
