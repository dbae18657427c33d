/** How bad a finding is: `note` is worth knowing and nothing more. */
export type Level = 'failed' | 'warning' | 'note'

/** What went wrong, for those who decide whom to ask. */
export type FindingKind = 'name' | 'blocked' | 'tls' | 'region' | 'clock' | 'credentials' | 'server'

/** A row of the catalogue. */
interface FindingEntry {
  readonly kind: FindingKind
  readonly level: Level
  readonly summary: string
}

const entry = (kind: FindingKind, level: Level, summary: string): FindingEntry => ({ kind, level, summary })

/** Every code that the doctor finds. Codes are never renamed nor reused; `docs/doctor.md` lists them. */
export const FINDINGS = {
  HOST_NXDOMAIN: entry('name', 'failed', 'The name does not exist'),
  HOST_NO_ADDRESS: entry('name', 'failed', 'The name exists, but has no address'),
  HOST_ALIAS_LOOP: entry('name', 'failed', 'The aliases of the name lead nowhere'),
  DNS_UNREACHABLE: entry('name', 'failed', 'No DNS server of this machine answers'),
  DNS_FAILED: entry('name', 'failed', 'The DNS servers answer, but cannot or will not look the name up'),
  DNSSEC_BOGUS: entry('name', 'warning', 'The signatures of the name are wrong: forged, or broken'),
  DNSSEC_UNAVAILABLE: entry('name', 'note', 'The DNS servers pass no signatures on'),
  HOST_LOOKUP_DIFFERS: entry('name', 'note', 'This machine resolves the name otherwise than DNS does'),
  HOST_PRIVATE_ADDRESS: entry('name', 'warning', 'A name of the Internet has a private address'),
  HOST_TIMEOUT: entry('blocked', 'failed', 'No answer to a TCP connection: dropped on the way'),
  HOST_REFUSED: entry('blocked', 'failed', 'The TCP connection is refused'),
  HOST_RESET: entry('blocked', 'failed', 'The TCP connection is cut'),
  HOST_UNREACHABLE: entry('blocked', 'failed', 'The network knows no way to the address'),
  IPV6_BROKEN: entry('blocked', 'warning', 'IPv4 works, IPv6 does not'),
  IPV4_BROKEN: entry('blocked', 'warning', 'IPv6 works, IPv4 does not'),
  ADDRESS_DOWN: entry('blocked', 'warning', 'Some addresses of the name do not answer'),
  PROXY_UNREACHABLE: entry('blocked', 'failed', 'The proxy cannot be reached'),
  PROXY_CREDENTIALS: entry('credentials', 'failed', 'The proxy wants a login (407)'),
  PROXY_REFUSED: entry('blocked', 'failed', 'The proxy does not let the connection through'),
  PROXY_UNUSED: entry('blocked', 'note', 'The environment names a proxy that is not used'),
  TLS_TIMEOUT: entry('blocked', 'failed', 'TCP connects, but the TLS handshake gets no answer'),
  TLS_RESET: entry('blocked', 'failed', 'TCP connects, but the TLS handshake is cut'),
  TLS_NOT_SPOKEN: entry('blocked', 'failed', 'Something answers on the port, but not with TLS'),
  TLS_INTERCEPTED: entry('blocked', 'failed', 'A proxy on the way opens TLS with a certificate of its own'),
  TLS_INSPECTED: entry('blocked', 'note', 'A proxy that this machine trusts opens TLS'),
  TLS_OLD_VERSION: entry('tls', 'failed', 'The server speaks only TLS versions before 1.2'),
  TLS_WEAK_CIPHER: entry('tls', 'failed', 'The server agrees only to cipher suites that are no longer safe'),
  TLS_CLIENT_CERTIFICATE: entry('tls', 'failed', 'The server wants a client certificate'),
  TLS_HANDSHAKE_FAILED: entry('tls', 'failed', 'The TLS handshake fails'),
  TLS_CERTIFICATE_EXPIRED: entry('tls', 'failed', 'The certificate has expired'),
  TLS_CERTIFICATE_NOT_YET_VALID: entry('tls', 'failed', 'The certificate is not valid yet'),
  TLS_CERTIFICATE_WRONG_NAME: entry('tls', 'failed', 'The certificate is for other names'),
  TLS_CERTIFICATE_SELF_SIGNED: entry('tls', 'failed', 'The certificate vouches for itself'),
  TLS_CHAIN_INCOMPLETE: entry('tls', 'failed', 'The server leaves an intermediate certificate out'),
  TLS_UNKNOWN_ISSUER: entry('tls', 'failed', 'Node.js does not know who issued the certificate'),
  TLS_CERTIFICATE_EXPIRES_SOON: entry('tls', 'warning', 'The certificate expires soon'),
  TLS_NO_CXONE_CIPHER: entry('tls', 'failed', 'No cipher suite that CXone documents, and no TLS 1.3'),
  TLS_CXONE_CIPHER_UNSURE: entry('tls', 'warning', 'TLS 1.3, but no cipher suite that CXone documents'),
  HTTP_NO_ANSWER: entry('server', 'failed', 'The connection stands, but HTTP gets no answer'),
  HTTP_CAPTIVE_PORTAL: entry('blocked', 'failed', 'A captive portal or block page answers instead'),
  HTTP_SERVER_ERROR: entry('server', 'warning', 'The server is out of order (5xx)'),
  HTTP_RATE_LIMITED: entry('server', 'warning', 'The server wants fewer requests (429)'),
  REGION_REDIRECT: entry('region', 'failed', 'The server sends callers to another host'),
  REGION_NOT_HERE: entry('region', 'failed', 'The host answers, but what the profile expects is not there'),
  REGION_OTHER_AREA: entry('region', 'failed', 'The server says that it, or the tenant, is of another area'),
  REGION_TOKEN_REFUSED: entry('region', 'failed', 'The API refuses a token that is new'),
  CREDENTIALS_REFUSED: entry('credentials', 'failed', 'The token endpoint refuses the credentials'),
  LOGIN_FAILED: entry('server', 'failed', 'The token endpoint gives no token'),
  ACTION_UNKNOWN: entry('server', 'failed', 'The host of the data action cannot be found out'),
  CLOCK_SKEW: entry('clock', 'warning', 'The clocks of this machine and of the server differ'),
} as const satisfies Record<string, FindingEntry>

/** A stable code of a finding. */
export type FindingCode = keyof typeof FINDINGS

/** Something that a person should know about a host. */
export interface Finding extends Pick<FindingEntry, 'kind' | 'level'> {
  readonly code: FindingCode
  /** What was seen. */
  readonly message: string
  /** What to do, or whom to ask for what. */
  readonly advice: string
}

/** Makes a finding; `level` where it weighs otherwise than usual here. */
export function finding(code: FindingCode, message: string, advice: string, level?: Level): Finding {
  const { kind, level: usual } = FINDINGS[code]
  return { code, kind, level: level ?? usual, message, advice }
}

const WEIGHT: Readonly<Record<Level, number>> = { note: 0, warning: 1, failed: 2 }

/** The worst first; equal ones in their order. */
export const worstFirst = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((one, other) => WEIGHT[other.level] - WEIGHT[one.level])

/** How a step or host did, from what was found. */
export function verdictOf(findings: readonly Finding[]): 'ok' | 'warning' | 'failed' {
  const [worst] = worstFirst(findings)
  return worst === undefined || worst.level === 'note' ? 'ok' : worst.level
}
