import { X509Certificate } from 'node:crypto'
import { isIpAddress } from '../dns/addresses.ts'

/** What a report shows of a certificate. */
export interface CertificateFacts {
  /** Common name, or organisation. */
  readonly subject: string
  readonly issuer: string
  /** The names that it is for. */
  readonly names: readonly string[]
  /** ISO 8601, UTC. */
  readonly validFrom: string
  readonly validTo: string
  /** How many certificates the chain has, with what this machine could add. */
  readonly chainLength: number
  readonly fingerprint256: string
}

/** The facts of a chain, its first certificate being the server's own. */
export function certificateFacts(
  certificates: readonly X509Certificate[],
  iso: (ms: number) => string,
): CertificateFacts | undefined {
  const [leaf] = certificates
  if (!leaf) return undefined
  return {
    subject: shownName(leaf.subject),
    issuer: shownName(leaf.issuer),
    names: namesOf(leaf),
    validFrom: iso(leaf.validFromDate.getTime()),
    validTo: iso(leaf.validToDate.getTime()),
    chainLength: certificates.length,
    fingerprint256: leaf.fingerprint256,
  }
}

const MAX_TEXT = 200

/** A distinguished name as people say it: common name, with the organisation where it has one. */
export function shownName(distinguished: string): string {
  const part = (key: string): string | undefined =>
    distinguished
      .split('\n')
      .find((line) => line.startsWith(`${key}=`))
      ?.slice(key.length + 1)
  const [common, organisation] = [part('CN'), part('O')]
  const text =
    common && organisation ? `${common} (${organisation})` : (common ?? organisation ?? distinguished)
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ').slice(0, MAX_TEXT)
}

/** DNS names and addresses of the subject's alternative names. */
export const namesOf = ({ subjectAltName = '' }: X509Certificate): readonly string[] =>
  subjectAltName
    .split(', ')
    .filter((entry) => /^(DNS|IP Address):/.test(entry))
    .map((entry) => entry.replace(/^[^:]+:/, ''))

/** Whether the certificate is for a host (RFC 6125). */
export const isFor = (certificate: X509Certificate, host: string): boolean =>
  (isIpAddress(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined

/** Whether a certificate was issued by itself. */
export const isSelfSigned = (certificate: X509Certificate): boolean =>
  certificate.subject === certificate.issuer && certificate.checkIssued(certificate)

// Makers of appliances and programs that open TLS on the way; their own certificates carry such names.
const INSPECTORS =
  /zscaler|netskope|fortinet|fortigate|palo alto|blue ?coat|symantec web|sophos|mcafee web|skyhigh|cisco umbrella|check ?point|forcepoint|websense|barracuda|squid|mitmproxy|sonicwall|watchguard|trend micro|kaspersky|eset ssl|avast|bitdefender|charles proxy|fiddler|burp|iboss|menlo security|cato networks/i

/** The maker of an intercepting proxy whose name stands in the issuer. */
export function inspectorOf(certificates: readonly X509Certificate[]): string | undefined {
  for (const { issuer } of certificates) if (INSPECTORS.test(issuer)) return shownName(issuer)
  return undefined
}

/** Whether one of the authorities (PEM) issued the last certificate of a chain. */
export function isVouchedBy(
  certificates: readonly X509Certificate[],
  authorities: readonly string[],
): boolean {
  const last = certificates.at(-1)
  return (
    last !== undefined &&
    authorities.some((pem) => {
      const authority = readCertificate(pem)
      return authority !== undefined && last.checkIssued(authority) && last.verify(authority.publicKey)
    })
  )
}

/**
 * Whether the issuer of the last certificate sounds like a public authority: its own certificate can be had from a public
 * address (Authority Information Access), or its organisation is one that Node.js trusts.
 */
export function hasKnownIssuer(
  certificates: readonly X509Certificate[],
  authorities: readonly string[],
): boolean {
  const last = certificates.at(-1)
  if (!last) return false
  if (last.infoAccess?.includes('CA Issuers - URI:http')) return true
  const organisation = /^O=.+$/m.exec(last.issuer)?.[0]
  const isOf = (pem: string): boolean =>
    readCertificate(pem)
      ?.subject.split('\n')
      .includes(organisation ?? '') ?? false
  return organisation !== undefined && authorities.some(isOf)
}

/** Undefined for what is none: stores of operating systems hold all sorts of things. */
function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
