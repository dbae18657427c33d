import type { WireName } from './name.ts'

/** A DS record (RFC 4034, section 5), or a trust anchor. */
export interface Ds {
  readonly keyTag: number
  readonly algorithm: number
  readonly digestType: number
  /** Lower-case hex. */
  readonly digest: string
}

/** DS records that a chain of trust may start from, by the zone that they stand for. */
export type Anchors = ReadonlyMap<WireName, readonly Ds[]>
