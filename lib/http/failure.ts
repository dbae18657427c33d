import { PaletteError } from '../errors.ts'
import { safeUrl } from './safe-url.ts'

// Retrying does not mend a certificate.
const CERTIFICATE = /^(CERT_|ERR_TLS_CERT|ERR_SSL|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/

/**
 * What the network layer threw, as `CXONE_UNREACHABLE` with `details` `{url, reason}`; `reason` is the code of the
 * system or of undici. The cause is a bare copy: the original's properties may hold bytes of the answer. A header that
 * must not be sent (line breaks) is `INPUT_INVALID`.
 */
export function networkError(error: unknown, url: string): PaletteError {
  const { code, message } = reasonOf(error)
  const where = safeUrl(url)
  if (isRefusedHere(code, message)) {
    return new PaletteError('INPUT_INVALID', `The request to ${where} cannot be sent: ${message}`, {
      details: { path: 'headers', url: where },
    })
  }
  const text = `No usable connection to ${where}: ${message}; check host name, proxy and firewall`
  return new PaletteError('CXONE_UNREACHABLE', text, {
    details: { url: where, reason: code },
    cause: Object.assign(new Error(message), { code }),
  })
}

/** Whether a failure's reason is a certificate: then another try leads to no other end. */
export const isCertificateFault = (reason: string): boolean => CERTIFICATE.test(reason)

/** Whether a repeat may help: after a time-out or a failure of the network, but not for a wrong certificate. */
export function isPassing(error: PaletteError): boolean {
  if (error.code === 'TIMEOUT') return true
  return error.code === 'CXONE_UNREACHABLE' && !isCertificateFault(String(error.details['reason']))
}

// undici checks each request before it sends it. It uses the same class for a proxy that wants other credentials.
const isRefusedHere = (code: string, message: string): boolean =>
  (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') && !message.startsWith('Proxy')

function reasonOf(error: unknown): { code: string; message: string } {
  // happy eyeballs: one error an address, and an empty message of its own
  const source: unknown = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error
  if (!(source instanceof Error)) return { code: 'UNKNOWN', message: 'unknown failure' }
  const code = 'code' in source && typeof source.code === 'string' ? source.code : source.name
  return { code, message: source.message || code }
}
