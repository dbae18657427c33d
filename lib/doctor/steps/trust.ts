import type { X509Certificate } from 'node:crypto'
import { isoTime } from '../../system.ts'
import {
  hasKnownIssuer,
  inspectorOf,
  isFor,
  isSelfSigned,
  isVouchedBy,
  namesOf,
  shownName,
} from '../certificates.ts'
import { finding, type Finding } from '../findings.ts'
import type { SecureFacts } from '../network/tls.ts'
import type { Target } from '../targets.ts'

/** Certificates (PEM) that others than the server's chain may be found among. */
export interface Authorities {
  /** Those that Node.js trusts: its own, and those of NODE_EXTRA_CA_CERTS. */
  readonly trusted: () => readonly string[]
  /** Those of the operating system. */
  readonly system: () => readonly string[]
  /** Those that the settings add. */
  readonly own: readonly string[]
}

const DAY_MS = 86_400_000
const SOON_MS = 14 * DAY_MS

/** What is wrong with the certificate of a server. All of it: an expired one may be for another name too. */
export function judgeCertificate(
  target: Target,
  { certificates, distrust }: SecureFacts,
  authorities: Authorities,
  now: number,
): readonly Finding[] {
  const [leaf] = certificates
  if (!leaf) return []
  const chain = { target, leaf, certificates }
  return [...judgeDates(chain, now), ...judgeName(chain), ...judgeIssuer(chain, distrust, authorities)]
}

interface Chain {
  readonly target: Target
  readonly leaf: X509Certificate
  readonly certificates: readonly X509Certificate[]
}

function judgeDates({ target: { id, host, caller }, leaf }: Chain, now: number): readonly Finding[] {
  const [from, to] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()]
  const owner = caller === 'cxone' ? `the owner of ${host}` : 'the network team'
  const look = `ask ${owner} to look at the certificate of ${id}; a proxy on the way may show one of its own`
  const day = isoTime(to).slice(0, 10)
  if (now > to) {
    const advice = `Check the date of this machine. If it is right, ${look}`
    return [finding('TLS_CERTIFICATE_EXPIRED', `The certificate of ${id} expired on ${day}`, advice)]
  }
  if (now < from) {
    const text = `The certificate of ${id} is valid only from ${isoTime(from)}`
    return [
      finding(
        'TLS_CERTIFICATE_NOT_YET_VALID',
        text,
        `Check the clock of this machine. If it is right, ${look}`,
      ),
    ]
  }
  if (to - now >= Math.min(SOON_MS, (to - from) / 3)) return []
  const advice = `Ask ${caller === 'cxone' ? `the owner of ${host}` : 'NICE'} whether it will be renewed in time`
  return [finding('TLS_CERTIFICATE_EXPIRES_SOON', `The certificate of ${id} expires on ${day}`, advice)]
}

function judgeName({ target: { id, host }, leaf }: Chain): readonly Finding[] {
  if (isFor(leaf, host)) return []
  const names = namesOf(leaf).slice(0, 5).join(', ') || shownName(leaf.subject)
  return [
    finding(
      'TLS_CERTIFICATE_WRONG_NAME',
      `The certificate of ${id} is for ${names}, not for ${host}`,
      'Check the host name and the region; a captive portal, a proxy or a wrong DNS answer leads to another server too',
    ),
  ]
}

// What is told elsewhere: these say nothing about the issuer.
const NOT_OF_ISSUER: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])
const UNKNOWN_ISSUER: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

function judgeIssuer(chain: Chain, distrust: string | null, authorities: Authorities): readonly Finding[] {
  const { target, certificates } = chain
  const { id } = target
  const inspector = inspectorOf(certificates)
  const isKnown =
    distrust === null || (NOT_OF_ISSUER.has(distrust) && isTrusted(chain, distrust, authorities))
  if (isKnown) {
    if (inspector === undefined) return []
    const text = `${inspector} opens the TLS of ${id} on the way; this machine trusts it`
    return [
      finding('TLS_INSPECTED', text, 'What was seen of certificate and cipher suite is that of the proxy'),
    ]
  }
  if (inspector !== undefined) {
    const text = `${inspector} opens the TLS of ${id} on the way, with a certificate that Node.js does not trust`
    return [finding('TLS_INTERCEPTED', text, bypass(target))]
  }
  if (!UNKNOWN_ISSUER.has(distrust) && !NOT_OF_ISSUER.has(distrust)) {
    const text = `Node.js does not accept the certificate of ${id} (${distrust})`
    return [finding('TLS_UNKNOWN_ISSUER', text, bypass(target))]
  }
  return [unknownIssuer(chain, authorities)]
}

/** Of several faults OpenSSL tells one: behind a wrong date there may be an unknown issuer too. Names it compares last. */
const isTrusted = ({ certificates }: Chain, distrust: string, { trusted, own }: Authorities): boolean =>
  distrust === 'ERR_TLS_CERT_ALTNAME_INVALID' || isVouchedBy(certificates, [...trusted(), ...own])

const bypass = ({ id }: Target): string =>
  `Ask the network team to leave ${id} out of TLS inspection, or for the certificate of its authority: give that to Node-RED by NODE_EXTRA_CA_CERTS or a tls-config node`

function unknownIssuer({ target, leaf, certificates }: Chain, authorities: Authorities): Finding {
  const { id, host, caller } = target
  const issuer = shownName(certificates.at(-1)?.issuer ?? '')
  const publicOne = `ask the owner of ${host} for a certificate of a public authority: CXone accepts no other`
  if (isVouchedBy(certificates, authorities.system())) {
    const text = `The operating system trusts ${issuer}, who issued the certificate of ${id}, but Node.js does not look there`
    const advice =
      'Start Node-RED with NODE_USE_SYSTEM_CA=1, or name the file of the authority in NODE_EXTRA_CA_CERTS'
    return finding('TLS_UNKNOWN_ISSUER', text, advice)
  }
  if (isSelfSigned(leaf)) {
    const text = `The certificate of ${id} vouches for itself (${shownName(leaf.subject)})`
    const advice = caller === 'cxone' ? `A${publicOne.slice(1)}` : bypass(target)
    return finding('TLS_CERTIFICATE_SELF_SIGNED', text, advice)
  }
  const isRootSent = certificates.some((certificate) => isSelfSigned(certificate))
  if (!isRootSent && hasKnownIssuer(certificates, [...authorities.trusted(), ...authorities.own])) {
    const text = `The server of ${id} does not send the certificate of ${issuer}, which its own needs (${certificates.length} sent)`
    const advice = `Ask the owner of ${host} to install the whole chain: browsers fetch what is missing, Node.js and servers such as CXone do not`
    return finding('TLS_CHAIN_INCOMPLETE', text, advice)
  }
  const text = `The certificate of ${id} comes from ${issuer}, whom nobody knows here: an intercepting proxy, or a private authority`
  const advice =
    caller === 'cxone'
      ? `Compare with another network. If it is the same there, ${publicOne}`
      : bypass(target)
  return finding('TLS_INTERCEPTED', text, advice)
}
