import { PaletteError } from '../../errors.ts'
import { redactText } from '../../redact/redact-text.ts'

/** What was found out about a database before its connector is registered. */
export interface PreflightFacts {
  /** All that the host has; those beyond `address` were not needed. */
  readonly addresses: readonly string[]
  /** The one that took the connection. */
  readonly address: string
  readonly port: number
  readonly connectMs: number
  readonly tls: TlsFacts | NotChecked
  readonly login: { readonly user: string; readonly latencyMs: number } | NotChecked
  readonly query: { readonly rows: number; readonly latencyMs: number } | NotChecked
}

/** A step that was left out, and why. */
export interface NotChecked {
  readonly isChecked: false
  readonly reason: string
}

/** The encryption of a connection. */
export interface TlsFacts {
  readonly protocol: string
  readonly cipher: string
  readonly subject: string
  readonly issuer: string
  /** End of the certificate's validity, as it stands there. */
  readonly validTo: string
  /** Whether this machine trusts the certificate; else `reason` says why not. CXone may see it otherwise. */
  readonly isTrusted: boolean
  readonly reason?: string
}

/** A step of the look at a database. */
export type PreflightStep = 'resolve' | 'connect' | 'tls' | 'login' | 'query'

/** A step that was left out. */
export const notChecked = (reason: string): NotChecked => ({ isChecked: false, reason })

/** The error of a step that failed: `CONNECTOR_UNREACHABLE` with `details.step`. */
export function preflightError(
  step: PreflightStep,
  what: string,
  error: unknown,
  details: Readonly<Record<string, unknown>> = {},
): PaletteError {
  const reason = redactText(error instanceof Error ? error.message || error.name : String(error))
  return new PaletteError('CONNECTOR_UNREACHABLE', `Preflight, step \`${step}\`: ${what}: ${reason}`, {
    details: { step, reason, ...details },
    cause: error instanceof Error ? new Error(reason) : undefined,
  })
}
