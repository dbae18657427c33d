import { configError } from '../errors.ts'
import type { Anchors, Ds } from './dnssec/ds.ts'
import { ROOT, wireName, type WireName } from './dnssec/name.ts'
import { parseName } from './names.ts'

/** A DS record that the chain of trust may start from (RFC 4034, section 5). */
export interface TrustAnchor extends Ds {
  /** The zone, in comparable form; the root as ''. */
  readonly zone: string
}

/** The root's keys as IANA publishes them (https://data.iana.org/root-anchors/), of 2017 and 2024. */
export const IANA_ANCHORS = `
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16`

// `20326 8 2 E06D...`, optionally with what stands before it in a zone file: `. 86400 IN DS`. A name needs the `DS`.
const LINE =
  /^(?:(?:([^\s]+)\s+)?(?:\d+\s+)?(?:IN\s+)?DS\s+)?(\d{1,5})\s+(\d{1,3})\s+(\d{1,3})\s+([0-9a-f\s]+)$/i
/** Octets of a digest by its type: SHA-1, SHA-256, SHA-384. */
const DIGEST_OCTETS = new Map([
  [1, 20],
  [2, 32],
  [4, 48],
])
const MIN_DIGEST_OCTETS = 20

/**
 * Reads trust anchors, a DS record a line; empty lines and comments after `;` are skipped. Without a name they are for the
 * root.
 *
 * @returns the anchors, or the reason why a line is none.
 */
export function parseTrustAnchors(text: string): { anchors: TrustAnchor[] } | { reason: string } {
  const anchors: TrustAnchor[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/;.*$/, '').trim()
    if (line === '') continue
    const anchor = readLine(line)
    if (!anchor) {
      return { reason: `line ${index + 1}: expected \`key-tag algorithm digest-type digest\` in hex` }
    }
    anchors.push(anchor)
  }
  return { anchors }
}

function readLine(line: string): TrustAnchor | undefined {
  const [, owner = '.', tag, algorithm, type, hex = ''] = LINE.exec(line) ?? []
  const digest = hex.replace(/\s+/g, '').toLowerCase()
  const [keyTag, digestType] = [Number(tag), Number(type)]
  const zone = parseName(owner)
  const octets = DIGEST_OCTETS.get(digestType)
  if (tag === undefined || keyTag > 65_535 || digest.length % 2 !== 0 || !('name' in zone)) return undefined
  if (digest.length < 2 * MIN_DIGEST_OCTETS || (octets !== undefined && digest.length !== 2 * octets))
    return undefined
  return { zone: zone.name, keyTag, algorithm: Number(algorithm), digestType, digest }
}

/**
 * The anchors by their zones.
 *
 * @throws `CONFIG_INVALID` for `trustAnchors`.
 */
export function anchorsOf(text: string): Anchors {
  const parsed = parseTrustAnchors(text)
  if ('reason' in parsed) throw configError('trustAnchors', `Property \`trustAnchors\`: ${parsed.reason}`)
  const byZone = new Map<WireName, Ds[]>()
  for (const { zone, ...ds } of parsed.anchors) {
    const name = zone === '' ? ROOT : wireName(zone)
    byZone.set(name, [...(byZone.get(name) ?? []), ds])
  }
  return byZone
}
