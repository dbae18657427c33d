import { PaletteError, type ErrorCode } from '../errors.ts'

/** An extended DNS error (RFC 8914), which says why a server could not do better. */
export interface ExtendedError {
  readonly code: number
  readonly text: string
}

/** What every DNS error carries in `details`. */
export interface FaultDetails {
  readonly domain: string
  readonly ede: ExtendedError | null
  /** The aliases that were followed so far, absolute names. */
  readonly cnameChain: readonly string[]
}

/** A code of a DNS fault. */
export type DnsCode = Extract<ErrorCode, `DNS_${string}`>

/** A DNS fault as it is found at one server; {@link withChain} completes its details. */
export function dnsFault(
  code: DnsCode,
  message: string,
  details: { ede?: ExtendedError | null | undefined; server?: string; [name: string]: unknown } = {},
  cause?: unknown,
): PaletteError {
  return new PaletteError(code, message, { details: { ...details, ede: details.ede ?? null }, cause })
}

/** Whether the error is a DNS fault, and no abort or wrong configuration. */
export const isDnsFault = (error: unknown): error is PaletteError & { code: DnsCode } =>
  error instanceof PaletteError && error.code.startsWith('DNS_')

/** The same fault with what the contract promises for each: the domain that was asked for, and the chain so far. */
export function withChain(error: unknown, domain: string, cnameChain: readonly string[]): unknown {
  if (!isDnsFault(error) || error.details['domain'] !== undefined) return error
  const details: FaultDetails = { ede: null, ...error.details, domain, cnameChain }
  return new PaletteError(error.code, error.message, { details: { ...details }, cause: error.cause })
}
