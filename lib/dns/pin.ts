import { PaletteError } from '../errors.ts'
import { addressKind } from './addresses.ts'
import { parseName } from './names.ts'

/** The addresses that an earlier look-up found for a name, to connect to instead of looking the name up again. */
export interface Pin {
  /** The name that was looked up: lower-case ASCII, without trailing dot. */
  readonly name: string
  /** At least one; IPv4 and IPv6 take turns, public ones come first. */
  readonly addresses: readonly string[]
}

/** What stands between a forged address and the caller's credentials. */
export type PeerCheck =
  /** TLS checks that the peer is who the name says. */
  | 'certificate'
  /** A guard of the caller's judges each address. */
  | 'guard'
  /** Nothing does: the connection is not encrypted, or TLS is told not to check. */
  | 'none'

/**
 * The addresses of a pin for a connection to a host.
 *
 * @param host of the connection, as a URL or a setting has it.
 * @throws `PIN_MISMATCH` when another name was looked up. `PIN_REFUSED` when nothing checks who answers, and an address is not one
 * of this machine: a message could then lead credentials anywhere.
 */
export function pinnedAddresses(pin: Pin, host: string, check: PeerCheck): readonly string[] {
  const { name, addresses } = pin
  const parsed = parseName(host)
  if (!('name' in parsed))
    throw mismatch(name, host, 'is no name that could be looked up: turn `connectTo` off')
  if (parsed.name !== name)
    throw mismatch(name, host, 'is another one: look that up, or turn `connectTo` off')
  const outside = check === 'none' ? outsideOf(pin) : undefined
  if (outside !== undefined)
    throw new PaletteError(
      'PIN_REFUSED',
      `Nothing checks that \`${outside}\` is \`${name}\`: use TLS that verifies certificates, or turn \`connectTo\` off`,
      { details: { name, address: outside } },
    )
  return addresses
}

const strangers = new WeakMap<Pin, { readonly address: string | undefined }>()

// The same pin serves many messages.
function outsideOf(pin: Pin): string | undefined {
  const known = strangers.get(pin)
  if (known) return known.address
  const address = pin.addresses.find((each) => addressKind(each) !== 'loopback')
  strangers.set(pin, { address })
  return address
}

function mismatch(name: string, host: string, why: string): PaletteError {
  const shown = host.slice(0, 260)
  return new PaletteError(
    'PIN_MISMATCH',
    `The addresses are those of \`${name}\`, but the host to connect to, \`${shown}\`, ${why}`,
    { details: { name, host: shown } },
  )
}
