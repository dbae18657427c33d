import { readFile } from 'node:fs/promises'
import type { DnsProof } from '../lib/dns/proof.ts'
import { IANA_ANCHORS, parseTrustAnchors, type TrustAnchor } from '../lib/dns/trust-anchors.ts'
import { verifyProof } from '../lib/dns/verify-proof.ts'
import { systemClock } from '../lib/system.ts'

/** What `cxone-flows dns verify` takes. */
export interface DnsVerifyCommand {
  readonly file: string
  /** DS records, a line each, or a file of them. */
  readonly trustAnchor?: string
}

/**
 * `cxone-flows dns verify`: validates a proof of `dns-resolve` again, at the time that it was made, without a network.
 * The file holds the proof itself, or a message with it (`cxone.dns.proof`).
 *
 * @returns whether it is secure.
 */
export async function verifyDnsProof(
  { file, trustAnchor }: DnsVerifyCommand,
  print: (line: string) => void,
): Promise<boolean> {
  const proof = findProof(JSON.parse(await readFile(file, 'utf8')))
  const anchors = trustAnchor === undefined ? undefined : await readAnchors(trustAnchor)
  const { default: codec } = await import('dns-packet')
  const { status, reason, ede } = await verifyProof(proof, { codec, clock: systemClock }, anchors)
  const isSecure = status === 'secure'
  print(`${status.toUpperCase()}${ede ? ` (EDE ${ede.code} ${ede.text})` : ''}: ${reason}`)
  if (!isSecure) return false
  const { domain, time, records, trustAnchors } = proof as DnsProof
  print(`  domain   ${domain}`)
  print(`  time     ${time}`)
  for (const [type, values] of Object.entries(records)) print(`  ${type.padEnd(8)} ${JSON.stringify(values)}`)
  const isIana = trustAnchors.every((line) => IANA.includes(anchorKey(line)))
  for (const line of trustAnchors) print(`  anchor   ${line}`)
  if (anchors === undefined && !isIana) {
    print(
      '  This is not the root of the Internet: compare the anchor with yours, or give yours by --trust-anchor.',
    )
  }
  return true
}

const anchorsIn = (text: string): TrustAnchor[] => {
  const parsed = parseTrustAnchors(text)
  return 'anchors' in parsed ? parsed.anchors : []
}
const anchorKey = (line: string): string => JSON.stringify(anchorsIn(line)[0] ?? '')
const IANA = anchorsIn(IANA_ANCHORS).map((anchor) => JSON.stringify(anchor))

function findProof(value: unknown): unknown {
  const message = value as {
    cxone?: { dns?: { proof?: unknown } }
    dns?: { proof?: unknown }
    proof?: unknown
  } | null
  return message?.cxone?.dns?.proof ?? message?.dns?.proof ?? message?.proof ?? value
}

async function readAnchors(given: string): Promise<string> {
  const parsed = parseTrustAnchors(given)
  return 'anchors' in parsed && parsed.anchors.length > 0 ? given : await readFile(given, 'utf8')
}
