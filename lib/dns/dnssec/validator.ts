import type { Clock } from '../../ports.ts'
import { Chain, type Inquiry, type LinkMemo, type Step, type TrustedZone } from './chain.ts'
import { proveDenial, proveWildcard, verifyDenials, type DenialRecords } from './denial.ts'
import type { Anchors } from './ds.ts'
import type { StrictMessage, StrictRecord } from './message.ts'
import { isWithin, parentOf, shownName, type WireName } from './name.ts'
import { readAnswer, type Reading, type WireQuestion } from './reading.ts'
import { TYPE, type RrSet } from './records.ts'
import { typeName } from './type-names.ts'
import {
  bogus,
  EDE,
  indeterminate,
  insecure,
  isWithheld,
  worse,
  type DnssecStatus,
  type Flaw,
} from './verdict.ts'
import { verifySet, type VerifiedSet } from './verify.ts'
import { WorkExceeded } from './work.ts'

/** What an answer says, and what that is worth. */
export interface Validated {
  readonly security: DnssecStatus
  /** The data must not be used. */
  readonly isWithheld: boolean
  /** The asked name and each alias of it in the answer; a loop ends with the repeated name. */
  readonly path: readonly WireName[]
  /** Records of the asked type at the last name of the path. */
  readonly records: readonly StrictRecord[]
  /** False: the last name of the path does not exist. */
  readonly exists: boolean
  /** False: the answer stops at an alias, and is to be asked on from there. */
  readonly final: boolean
  /** Seconds that it may be kept; 0 when it may not. */
  readonly ttl: number
  /** Unix milliseconds: when the first of the signatures expires. */
  readonly validUntil: number
  /** The questions and signed records that prove a secure answer. */
  readonly steps: readonly Step[]
}

/** The verdict on one RRset or one denial. */
interface Part {
  readonly security: DnssecStatus
  readonly ttl: number
  readonly validUntil: number
  /** The signed records themselves. */
  readonly sets: readonly VerifiedSet[]
  /** The way to the keys that they are signed with. */
  readonly steps: readonly Step[]
  /** Of a denial. */
  readonly exists?: boolean
}

const SECURE: DnssecStatus = {
  status: 'secure',
  reason: 'signed, and every signature is right from the trust anchor on',
  ede: null,
}
/** Zones whose signatures of one RRset are looked at. */
const MAX_SIGNERS = 3

/** Validates answers (RFC 4035, section 5) from trust anchors on. */
export class Validator {
  readonly #clock: Pick<Clock, 'now'>
  readonly #chain: Chain

  constructor(ports: { clock: Pick<Clock, 'now'>; anchors: Anchors; memo: LinkMemo }) {
    this.#clock = ports.clock
    this.#chain = new Chain(ports)
  }

  /**
   * Takes the answer to a question apart and validates what it is made of: each alias, and records or their denial.
   * Aliases that loop are not worth it.
   *
   * @throws `ABORTED`
   */
  async validate(question: WireQuestion, message: StrictMessage, inquiry: Inquiry): Promise<Validated> {
    const reading = readAnswer(question, message)
    const judge = new Judge({ chain: this.#chain, clock: this.#clock, question, reading, inquiry })
    try {
      return await judge.judge()
    } catch (error) {
      if (!(error instanceof WorkExceeded)) throw error
      return judge.outcome([flawed(error.flaw)])
    }
  }
}

const flawed = (security: Flaw): Part => ({ security, ttl: 0, validUntil: Infinity, sets: [], steps: [] })

const isFatal = ({ security }: Part): boolean => isWithheld(security)

/** Judges one answer. */
class Judge {
  readonly #chain: Chain
  readonly #clock: Pick<Clock, 'now'>
  readonly #question: WireQuestion
  readonly #reading: Reading
  readonly #inquiry: Inquiry
  readonly #denials = new Map<WireName, Promise<DenialRecords>>()

  constructor(given: {
    chain: Chain
    clock: Pick<Clock, 'now'>
    question: WireQuestion
    reading: Reading
    inquiry: Inquiry
  }) {
    this.#chain = given.chain
    this.#clock = given.clock
    this.#question = given.question
    this.#reading = given.reading
    this.#inquiry = given.inquiry
  }

  async judge(): Promise<Validated> {
    const { loops, isAmbiguous, used, records, path, stopsAtAlias } = this.#reading
    if (loops) return this.outcome([flawed(indeterminate('the aliases form a loop', null))])
    if (isAmbiguous) {
      const where = `\`${shownName(path.at(-1) ?? '')}\``
      return this.outcome([
        flawed(bogus(EDE.BOGUS, `the alias at ${where} cannot be followed: it is not one name`)),
      ])
    }
    const parts: Part[] = []
    for (const set of used) {
      const part = await this.#positive(set)
      parts.push(part)
      if (isFatal(part)) return this.outcome(parts)
    }
    if (records) return this.outcome(parts)
    if (stopsAtAlias) return this.outcome(parts, false)
    const denial = await this.#negative()
    // A server may leave the proof out behind an alias; asked for the target itself it must give it.
    if (isFatal(denial) && path.length > 1) return this.outcome(parts, false)
    return this.outcome([...parts, denial])
  }

  outcome(parts: readonly Part[], final = true): Validated {
    const { path, records, saysNxdomain, loops } = this.#reading
    const security = parts.map((part) => part.security).reduce(worse, SECURE)
    const own = { ...this.#question, sets: parts.flatMap(({ sets }) => sets) }
    const says = parts.at(-1)?.exists ?? !saysNxdomain
    return {
      security,
      isWithheld: isWithheld(security) && !loops,
      path,
      records: records ?? [],
      exists: !final || records !== undefined || says,
      final,
      ttl: Math.min(...parts.map(({ ttl }) => ttl)),
      validUntil: Math.min(...parts.map(({ validUntil }) => validUntil)),
      steps: security.status === 'secure' ? [...parts.flatMap(({ steps }) => steps), own] : [],
    }
  }

  /** Records that are there: signed by a zone with proven keys, or proven to be in an unsigned one. */
  async #positive(set: RrSet): Promise<Part> {
    const zoneOf = set.type === TYPE.DS ? parentOf(set.owner) : set.owner
    let flaw: Flaw | undefined
    for (const signer of signersOf([set], zoneOf)) {
      const { trust, steps } = await this.#chain.walk(signer, this.#inquiry)
      if (trust.status !== 'secure') return unsigned(trust, set.ttl)
      if (trust.name !== signer) {
        flaw = notAZone(signer, set)
        continue
      }
      const verified = await verifySet(set, trust, this.#clock.now(), this.#inquiry.work)
      if (verified.status === 'secure') return await this.#complete(verified, trust, steps)
      flaw = verified
    }
    if (flaw) return await this.#unlessUnsigned(flaw, zoneOf, set.ttl)
    const { trust } = await this.#chain.walk(zoneOf, this.#inquiry)
    if (trust.status !== 'secure') return unsigned(trust, set.ttl)
    const what = `\`${shownName(set.owner)}\` (${typeName(set.type)})`
    return flawed(
      bogus(
        EDE.RRSIGS_MISSING,
        `${what} has no signature, though its zone \`${shownName(trust.name)}\` is signed`,
      ),
    )
  }

  /** Records of a wildcard take a proof that nothing closer exists. */
  async #complete(verified: VerifiedSet, zone: TrustedZone, steps: readonly Step[]): Promise<Part> {
    const { set, wildcard, ttl, validUntil } = verified
    if (wildcard === undefined) return { security: SECURE, ttl, validUntil, sets: [verified], steps }
    const records = await this.#denialRecords(zone)
    const proof = proveWildcard(set.owner, wildcard, records, this.#inquiry.work)
    if (proof.status === 'insecure') return unsigned(proof, ttl)
    if (proof.status !== 'denied') return flawed(proof)
    const sets = [verified, ...records.sets]
    return { ...life(sets), security: proof.optOut ? optedOut(zone) : SECURE, sets, steps }
  }

  async #negative(): Promise<Part> {
    const { authority, path, saysNxdomain } = this.#reading
    const { type } = this.#question
    const name = path.at(-1) ?? this.#question.name
    const zoneOf = type === TYPE.DS ? parentOf(name) : name
    const denying = authority.filter(({ type: of }) => DENYING.has(of))
    const [signer] = signersOf(denying, zoneOf)
    const { trust, steps } = await this.#chain.walk(signer ?? zoneOf, this.#inquiry)
    const negativeTtl = ttlOfDenial(authority)
    const absent = { exists: !saysNxdomain }
    if (trust.status !== 'secure') return { ...unsigned(trust, negativeTtl ?? 0), ...absent }
    const what = `\`${shownName(name)}\` (${typeName(type)})`
    if (signer === undefined) {
      const reason = `${what} is denied without proof, though the zone \`${shownName(trust.name)}\` is signed`
      return flawed(bogus(denying.length > 0 ? EDE.RRSIGS_MISSING : EDE.NSEC_MISSING, reason))
    }
    const records = await this.#denialRecords(trust)
    const isZone = trust.name === signer
    const proof = isZone ? proveDenial(name, type, records, this.#inquiry.work) : notAZone(signer, denying[0])
    if (proof.status === 'insecure') return { ...unsigned(proof, negativeTtl ?? 0), ...absent }
    if (proof.status !== 'denied') {
      const flaw = { ...proof, reason: `${what} is denied: ${proof.reason}` }
      return { ...(await this.#unlessUnsigned(flaw, zoneOf, negativeTtl ?? 0)), ...absent }
    }
    const { sets } = records
    const lived = life(sets)
    const ttl = Math.min(lived.ttl, negativeTtl ?? lived.ttl)
    const security = proof.optOut ? optedOut(trust) : SECURE
    return { ...lived, ttl, security, sets, steps, exists: proof.exists }
  }

  /** Below an unsigned delegation nothing has to be signed: signatures of whomever say nothing there. */
  async #unlessUnsigned(flaw: Flaw, zoneOf: WireName, ttl: number): Promise<Part> {
    if (flaw.status !== 'bogus') return flawed(flaw)
    const { trust } = await this.#chain.walk(zoneOf, this.#inquiry)
    return trust.status === 'insecure' ? unsigned(trust, ttl) : flawed(flaw)
  }

  #denialRecords(zone: TrustedZone): Promise<DenialRecords> {
    const known = this.#denials.get(zone.name)
    if (known) return known
    const { authority } = this.#reading
    const made = verifyDenials(authority, zone, this.#clock.now(), this.#inquiry.work)
    this.#denials.set(zone.name, made)
    return made
  }
}

const DENYING: ReadonlySet<number> = new Set([TYPE.NSEC, TYPE.NSEC3, TYPE.SOA])

/** The zones that have signed, as far as they can be the zone of the data; the deepest first. */
const signersOf = (sets: readonly RrSet[], zoneOf: WireName): WireName[] =>
  [...new Set(sets.flatMap(({ signatures }) => signatures.map(({ signer }) => signer)))]
    .filter((signer) => isWithin(zoneOf, signer))
    .toSorted((one, other) => other.length - one.length)
    .slice(0, MAX_SIGNERS)

const unsigned = (security: Flaw, ttl: number): Part => ({ ...flawed(security), ttl })

const optedOut = (zone: TrustedZone): Flaw =>
  insecure(`\`${shownName(zone.name)}\` proves only that nothing signed is there (opt-out)`)

const notAZone = (signer: WireName, set: RrSet | undefined): Flaw =>
  bogus(
    EDE.BOGUS,
    `\`${shownName(set?.owner ?? signer)}\` is signed in the name of \`${shownName(signer)}\`, which is no zone`,
  )

const life = (sets: readonly VerifiedSet[]): { ttl: number; validUntil: number } => ({
  ttl: Math.min(...sets.map(({ ttl }) => ttl)),
  validUntil: Math.min(...sets.map(({ validUntil }) => validUntil)),
})

/** RFC 2308, section 5: the lesser of the SOA's own TTL and its last field. */
function ttlOfDenial(authority: readonly RrSet[]): number | undefined {
  const soa = authority.find(({ type }) => type === TYPE.SOA)
  const rdata = soa?.records[0]?.rdata
  if (!soa || !rdata || rdata.length < 22) return undefined
  return Math.min(soa.ttl, rdata.readUInt32BE(rdata.length - 4))
}
