import { show } from '../errors.ts'
import { isoTime } from '../system.ts'
import { parseUuid } from './format.ts'

/** What is known about a text that should be a UUID. */
export interface UuidReport {
  readonly valid: boolean
  /** 1 to 8; 0 for the nil and 15 for the max UUID; null where there is none. */
  readonly version: number | null
  /** The variant bits as a number: 2 is RFC 9562, 0 NCS, 6 Microsoft, 7 reserved; null where there is none. */
  readonly variant: number | null
  /** Versions 1, 6 and 7: when it was made, as it says itself (ISO 8601). */
  readonly timestamp?: string
  /** Versions 1 and 6: the node as a MAC address. */
  readonly node?: string
  /** Why it is not valid. */
  readonly reason?: string
}

const RFC_VARIANT = 2
/** 100 ns ticks from the start of the Gregorian calendar (15 October 1582) to Unix time 0. */
const GREGORIAN_TICKS = 122_192_928_000_000_000n
const TICKS_A_MS = 10_000n

/**
 * Judges a UUID in any of the four text forms by RFC 9562. What is malformed is an answer, not an error.
 */
export function inspectUuid(value: unknown): UuidReport {
  const bytes = typeof value === 'string' ? parseUuid(value) : undefined
  if (!bytes) return { valid: false, version: null, variant: null, reason: malformed(value) }
  if (bytes.every((byte) => byte === 0)) return { valid: true, version: 0, variant: 0 }
  if (bytes.every((byte) => byte === 0xff)) return { valid: true, version: 15, variant: 7 }
  const variant = variantOf(bytes[8] as number)
  if (variant !== RFC_VARIANT)
    return { valid: false, version: null, variant, reason: `variant ${variant} is not that of RFC 9562 (2)` }
  const version = (bytes[6] as number) >> 4
  if (version < 1 || version > 8)
    return { valid: false, version, variant, reason: `version ${version} is not defined by RFC 9562` }
  return { valid: true, version, variant, ...originOf(bytes, version) }
}

function malformed(value: unknown): string {
  if (typeof value !== 'string') return `expected text, got ${show(value)}`
  return `expected a UUID in canonical, hex, URN or base64url form, got ${show(value)}`
}

// One to three bits (RFC 9562, 4.1), read as java.util.UUID and others do.
function variantOf(byte: number): number {
  if (byte < 0x80) return 0
  return byte < 0xc0 ? RFC_VARIANT : byte >> 5
}

function originOf(bytes: Buffer, version: number): Pick<UuidReport, 'timestamp' | 'node'> {
  if (version === 7) return { timestamp: isoTime(bytes.readUIntBE(0, 6)) }
  if (version !== 1 && version !== 6) return {}
  const ticks = version === 1 ? ticksOfV1(bytes) : ticksOfV6(bytes)
  const node = bytes.toString('hex', 10).replace(/..(?=.)/g, '$&:')
  return { timestamp: isoTime(Number((ticks - GREGORIAN_TICKS) / TICKS_A_MS)), node }
}

const ticksOfV1 = (bytes: Buffer): bigint =>
  (BigInt(bytes.readUInt16BE(6) & 0xfff) << 48n) |
  (BigInt(bytes.readUInt16BE(4)) << 32n) |
  BigInt(bytes.readUInt32BE(0))

const ticksOfV6 = (bytes: Buffer): bigint =>
  (BigInt(bytes.readUIntBE(0, 6)) << 12n) | BigInt(bytes.readUInt16BE(6) & 0xfff)
