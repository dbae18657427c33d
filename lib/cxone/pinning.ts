import { pinnedAddresses, type Pin } from '../dns/pin.ts'
import { toTarget } from '../http/connect-target.ts'
import type { ConnectTarget } from '../ports.ts'

/** How the calls of one access are pinned to addresses. */
export interface PinRules {
  /** Whether TLS checks who answers. */
  readonly isVerified: boolean
  /** The name of an API base that is given by its address: that of the sandbox. */
  readonly name?: string
}

const STANDARD: PinRules = { isVerified: true }

/** The API base of a pinned call, by its name: that is what `Host` says. */
export function namedBase(apiBase: string, { name }: PinRules = STANDARD): string {
  if (name === undefined) return apiBase
  const url = new URL(apiBase)
  url.hostname = name
  return url.href.replace(/\/$/, '')
}

/**
 * Where a pinned call connects to.
 *
 * @throws `PIN_MISMATCH`, `PIN_REFUSED`
 */
export function targetOf(pin: Pin, apiBase: string, rules: PinRules = STANDARD): ConnectTarget {
  const { protocol, hostname } = new URL(apiBase)
  const check = protocol === 'https:' && rules.isVerified ? 'certificate' : 'none'
  return toTarget(pinnedAddresses(pin, rules.name ?? hostname, check))
}
