/** A DS record that the chain of trust may start from (RFC 4034, section 5). */
export interface TrustAnchor {
  readonly keyTag: number
  readonly algorithm: number
  readonly digestType: number
  /** Lower-case hex. */
  readonly digest: string
}

// `20326 8 2 E06D...`, optionally with what stands before it in a zone file: `. 86400 IN DS`.
const LINE = /^(?:\.\s+)?(?:\d+\s+)?(?:IN\s+)?(?:DS\s+)?(\d{1,5})\s+(\d{1,3})\s+(\d{1,3})\s+([0-9a-f\s]+)$/i

/**
 * Reads trust anchors, a DS record a line; empty lines and comments after `;` are skipped.
 *
 * @returns the anchors, or the reason why a line is none.
 */
export function parseTrustAnchors(text: string): { anchors: TrustAnchor[] } | { reason: string } {
  const anchors: TrustAnchor[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/;.*$/, '').trim()
    if (line === '') continue
    const match = LINE.exec(line)
    const digest = match?.[4]?.replace(/\s+/g, '').toLowerCase() ?? ''
    const keyTag = Number(match?.[1])
    if (!match || digest.length % 2 !== 0 || digest.length < 40 || keyTag > 65_535) {
      return { reason: `line ${index + 1}: expected \`key-tag algorithm digest-type digest\` in hex` }
    }
    anchors.push({ keyTag, algorithm: Number(match[2]), digestType: Number(match[3]), digest })
  }
  return { anchors }
}
