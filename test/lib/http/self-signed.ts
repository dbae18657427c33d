import { DAY_MS, issue } from '../../support/certificates.ts'

/** A key and an X.509 certificate (RFC 5280) for a host name that nobody vouches for, as PEM. */
export function selfSigned(host: string): { readonly key: string; readonly cert: string } {
  const { key, cert } = issue({ commonName: host, names: [host], to: Date.now() + DAY_MS })
  return { key, cert }
}
