import { PaletteError } from '../errors.ts'
import type { ConnectTarget, HttpResponse } from '../ports.ts'

/** How long a connection to one address may take while there is another one: a lost first packet is sent again after 1 s. */
export const CONNECT_MS = 3000
/** Addresses that are tried for one connection or attempt: it must end within its time. */
export const MAX_TRIES = 8

/** Addresses as a request takes them. There is at least one. */
export function toTarget([address = '', ...others]: readonly string[], port?: number): ConnectTarget {
  return { address, ...(others.length === 0 ? {} : { others }), ...(port === undefined ? {} : { port }) }
}

/** The same target for the next attempt: what was tried is avoided. */
export function elsewhere(target: ConnectTarget, tried: string | undefined): ConnectTarget {
  if (tried === undefined) return target
  const { avoid = [] } = target
  return { ...target, avoid: [...avoid.filter((address) => address !== tried), tried] }
}

/** The address that an attempt went to, where it was sent to one of several. */
export function addressOf(outcome: HttpResponse | PaletteError): string | undefined {
  const address = outcome instanceof PaletteError ? outcome.details['address'] : outcome.address
  return typeof address === 'string' ? address : undefined
}
