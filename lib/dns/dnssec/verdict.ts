import type { ExtendedError } from '../faults.ts'

/** What validation can say about data (RFC 4035, section 4.3), and `unchecked` where there was none. */
export type SecurityStatus = 'secure' | 'insecure' | 'bogus' | 'indeterminate' | 'unchecked'

/** Whether an answer can be relied on, and why. */
export interface DnssecStatus {
  readonly status: SecurityStatus
  /** For people. */
  readonly reason: string
  readonly ede: ExtendedError | null
}

/** Info codes of RFC 8914 that validation gives. */
export const EDE = {
  OTHER: 0,
  UNSUPPORTED_KEY_ALGORITHM: 1,
  UNSUPPORTED_DIGEST: 2,
  INDETERMINATE: 5,
  BOGUS: 6,
  EXPIRED: 7,
  NOT_YET_VALID: 8,
  DNSKEY_MISSING: 9,
  RRSIGS_MISSING: 10,
  NO_ZONE_KEY: 11,
  NSEC_MISSING: 12,
  NO_REACHABLE_AUTHORITY: 22,
  EXPIRED_BEFORE_VALID: 25,
  NSEC3_ITERATIONS: 27,
} as const

const TEXTS = new Map<number, string>([
  [EDE.OTHER, 'Other Error'],
  [EDE.UNSUPPORTED_KEY_ALGORITHM, 'Unsupported DNSKEY Algorithm'],
  [EDE.UNSUPPORTED_DIGEST, 'Unsupported DS Digest Type'],
  [EDE.INDETERMINATE, 'DNSSEC Indeterminate'],
  [EDE.BOGUS, 'DNSSEC Bogus'],
  [EDE.EXPIRED, 'Signature Expired'],
  [EDE.NOT_YET_VALID, 'Signature Not Yet Valid'],
  [EDE.DNSKEY_MISSING, 'DNSKEY Missing'],
  [EDE.RRSIGS_MISSING, 'RRSIGs Missing'],
  [EDE.NO_ZONE_KEY, 'No Zone Key Bit Set'],
  [EDE.NSEC_MISSING, 'NSEC Missing'],
  [EDE.NO_REACHABLE_AUTHORITY, 'No Reachable Authority'],
  [EDE.EXPIRED_BEFORE_VALID, 'Signature Expired before Valid'],
  [EDE.NSEC3_ITERATIONS, 'Unsupported NSEC3 Iterations Value'],
])

/** An extended error by its code, with the registered text. */
export const ede = (code: number): ExtendedError => ({ code, text: TEXTS.get(code) ?? '' })

/** A verdict that is not `secure`. */
export interface Flaw extends DnssecStatus {
  readonly status: 'insecure' | 'bogus' | 'indeterminate'
  /** Nothing was to be checked, because no trust anchor covers the name: the data may be shown. */
  readonly isUnanchored?: true
}

/** Proven to be wrong. */
export const bogus = (code: number, reason: string): Flaw => ({ status: 'bogus', reason, ede: ede(code) })

/** Proven to be unsigned. */
export const insecure = (reason: string, code?: number): Flaw => ({
  status: 'insecure',
  reason,
  ede: code === undefined ? null : ede(code),
})

/** Neither can be found out. */
export const indeterminate = (reason: string, why: ExtendedError | null): Flaw => ({
  status: 'indeterminate',
  reason,
  ede: why,
})

/** Whether data with such a verdict must not be used: it is wrong, or somebody may keep its proof from us. */
export const isWithheld = (verdict: DnssecStatus | Flaw): boolean =>
  verdict.status === 'bogus' || (verdict.status === 'indeterminate' && !('isUnanchored' in verdict))

const RANK: Readonly<Record<SecurityStatus, number>> = {
  secure: 0,
  unchecked: 1,
  insecure: 2,
  indeterminate: 3,
  bogus: 4,
}

/** The worse of two: a chain is as good as its worst link. */
export const worse = <T extends DnssecStatus>(one: T, other: T): T =>
  RANK[other.status] > RANK[one.status] ? other : one
