import type { UuidFormat } from './settings.ts'

/** The size of a UUID in bytes. */
export const UUID_BYTES = 16

const PREFIX = 'urn:uuid:'
const CANONICAL = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i
const HEX = /^[\da-f]{32}$/i
// 22 characters hold 132 bits: the last one carries only two.
const BASE64URL = /^[\w-]{21}[AQgw]$/

// Where the 16 bytes stand in the canonical text.
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const
const DIGITS = Buffer.from('0123456789abcdef', 'latin1')
const canonical = Buffer.alloc(36, '-')

/**
 * A UUID as text, lower case: `canonical` (RFC 9562, 4), `hex` (32 digits), `urn` (`urn:uuid:` and the canonical form),
 * `base64url` (22 characters, RFC 4648, 5, without padding).
 *
 * @param bytes 16 bytes.
 */
export function formatUuid(bytes: Buffer, format: UuidFormat): string {
  switch (format) {
    case 'canonical':
      return formatCanonical(bytes)
    case 'urn':
      return PREFIX + formatCanonical(bytes)
    default:
      return bytes.toString(format)
  }
}

// Written into one buffer: twice as fast as joining texts, and what comes out is one flat string of 36 bytes.
function formatCanonical(bytes: Buffer): string {
  for (let i = 0; i < UUID_BYTES; i++) {
    const byte = bytes[i] as number
    const place = PLACES[i] as number
    canonical[place] = DIGITS[byte >> 4] as number
    canonical[place + 1] = DIGITS[byte & 15] as number
  }
  return canonical.toString('latin1')
}

/** The 16 bytes of a UUID in any of the four text forms, hex digits in either case; undefined where it is none. */
export function parseUuid(text: string): Buffer | undefined {
  if (BASE64URL.test(text)) return Buffer.from(text, 'base64url')
  const plain = text.slice(0, PREFIX.length).toLowerCase() === PREFIX ? text.slice(PREFIX.length) : text
  if (CANONICAL.test(plain)) return Buffer.from(plain.replaceAll('-', ''), 'hex')
  return plain === text && HEX.test(text) ? Buffer.from(text, 'hex') : undefined
}
