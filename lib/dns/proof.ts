import { createHash } from 'node:crypto'
import { canonicalJson } from '../audit/canonical-json.ts'
import { isoTime } from '../system.ts'
import type { Step } from './dnssec/chain.ts'
import { textOf, type WireName } from './dnssec/name.ts'
import { typeName } from './dnssec/type-names.ts'
import { parseTrustAnchors } from './trust-anchors.ts'

/** An RRset with the signature that was found right. */
export interface ProofSet {
  /** Absolute, with escapes as in zone files. */
  readonly name: string
  readonly type: string
  /** Seconds, as signed. */
  readonly ttl: number
  /** Base64 of each record's RDATA. */
  readonly rdata: readonly string[]
  /** Base64 of the RRSIG's RDATA. */
  readonly signature: string
}

/** A question of the validation and the signed records that settled it. */
export interface ProofStep {
  readonly name: string
  readonly type: string
  readonly records: readonly ProofSet[]
}

/** All that it takes to validate an answer again without asking anybody. Plain JSON. */
export interface DnsProof {
  readonly v: 1
  /** When it was valid (ISO 8601, UTC). */
  readonly time: string
  readonly domain: string
  /** What the records below are to prove, as in the result. */
  readonly records: Readonly<Record<string, readonly unknown[]>>
  /** DS records that the chain starts from. */
  readonly trustAnchors: readonly string[]
  readonly steps: readonly ProofStep[]
  /** SHA-256 (hex) of the rest in canonical JSON (RFC 8785): shows damage, proves nothing. */
  readonly digest: string
}

/** What a secure result rests on. */
export interface Evidence {
  /** Unix milliseconds. */
  readonly at: number
  readonly domain: string
  readonly records: DnsProof['records']
  readonly steps: readonly Step[]
  /** As `trustAnchors` have it. */
  readonly anchors: string
}

// Beside the results, not in them: most are never asked for their proof, and to write one takes time.
const evidenceOf = new WeakMap<object, Evidence>()
const proofs = new WeakMap<Evidence, DnsProof>()

/** Keeps what a result rests on, until the result is gone. Its records must be others than flows get, who change theirs. */
export function rememberEvidence(result: object, evidence: Evidence): void {
  evidenceOf.set(result, evidence)
}

/** Gives a copy of a result the same proof. */
export function shareEvidence(from: object, to: object): void {
  const evidence = evidenceOf.get(from)
  if (evidence) evidenceOf.set(to, evidence)
}

/** The proof of a secure result that was validated here; undefined for any other. */
export function proofOf(result: object): DnsProof | undefined {
  const evidence = evidenceOf.get(result)
  if (!evidence) return undefined
  const known = proofs.get(evidence)
  if (known) return structuredClone(known)
  const made = writeProof(evidence)
  proofs.set(evidence, made)
  return structuredClone(made)
}

/** The digest of a proof, see {@link DnsProof}. */
export function proofDigest(proof: Omit<DnsProof, 'digest'>): string {
  return createHash('sha256').update(canonicalJson(proof)).digest('hex')
}

const shown = (name: WireName): string => `${textOf(name)}.`

function writeProof({ at, domain, records, steps, anchors }: Evidence): DnsProof {
  const unique = new Map(steps.map((step) => [`${step.type} ${step.name}`, step]))
  const parsed = parseTrustAnchors(anchors)
  const body = {
    v: 1,
    time: isoTime(at),
    domain,
    records,
    trustAnchors:
      'reason' in parsed
        ? []
        : parsed.anchors.map(({ zone, keyTag, algorithm, digestType, digest }) =>
            [`${zone}.`, 'IN', 'DS', keyTag, algorithm, digestType, digest].join(' '),
          ),
    steps: [...unique.values()].map(writeStep),
  } as const
  return { ...body, digest: proofDigest(body) }
}

const writeStep = ({ name, type, sets }: Step): ProofStep => ({
  name: shown(name),
  type: typeName(type),
  records: sets.map(({ set, signature }) => ({
    name: shown(set.owner),
    type: typeName(set.type),
    ttl: signature.originalTtl,
    rdata: set.records.map(({ rdata }) => rdata.toString('base64')),
    signature: signature.rdata.toString('base64'),
  })),
})
