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
export const namedBase = (apiBase: string, { name }: PinRules = STANDARD): string =>
  name === undefined ? apiBase : partsOf(apiBase).prefix + name + partsOf(apiBase).rest

/**
 * Where a pinned call connects to.
 *
 * @throws `PIN_MISMATCH`, `PIN_REFUSED`
 */
export function targetOf(pin: Pin, apiBase: string, rules: PinRules = STANDARD): ConnectTarget {
  const { isTls, hostname } = partsOf(apiBase)
  const check = isTls && rules.isVerified ? 'certificate' : 'none'
  return toTarget(pinnedAddresses(pin, rules.name ?? hostname, check))
}

interface Parts {
  readonly isTls: boolean
  readonly hostname: string
  /** What stands before and behind the host name. */
  readonly prefix: string
  readonly rest: string
}

let last: { readonly apiBase: string; readonly parts: Parts } | undefined

function partsOf(apiBase: string): Parts {
  if (last?.apiBase === apiBase) return last.parts
  const { protocol, hostname, port, pathname } = new URL(apiBase)
  const rest = (port === '' ? '' : `:${port}`) + (pathname === '/' ? '' : pathname)
  const parts = { isTls: protocol === 'https:', hostname, prefix: `${protocol}//`, rest }
  last = { apiBase, parts }
  return parts
}
