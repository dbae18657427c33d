import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../ports.ts'
import { unixTime } from '../system.ts'
import { canonicalRdata, type StrictMessage, type StrictRecord } from './dnssec/message.ts'
import { ROOT, wireName, type WireName } from './dnssec/name.ts'
import { TYPE } from './dnssec/records.ts'
import { typeNumber } from './dnssec/type-names.ts'
import { bogus, EDE, type DnssecStatus } from './dnssec/verdict.ts'
import { dnsFault } from './faults.ts'
import { Lifetime } from './lifetime.ts'
import { createMemo } from './memo.ts'
import { parseName } from './names.ts'
import { proofDigest, type DnsProof, type ProofStep } from './proof.ts'
import type { DnsCodec } from './rdata.ts'
import { isRecordType } from './record-types.ts'
import { anchorsOf } from './trust-anchors.ts'
import type { Budget } from './upstream.ts'
import { createValidatingSource, type FetchStrict } from './validating.ts'
import { walk } from './walk.ts'

const MAX_HOPS = 100
const LIFETIME_MS = 60_000

/**
 * Validates a proof again, at the time that it was made, without asking anybody.
 *
 * @param proof parsed JSON of any kind; what is no proof is `bogus`.
 * @param trustAnchors what the chain must start from; left out: what the proof says, which is only worth as much as they are.
 * @returns never throws for what is in the proof.
 */
export async function verifyProof(
  proof: unknown,
  ports: { readonly codec: DnsCodec; readonly clock: Clock },
  trustAnchors?: string,
): Promise<DnssecStatus> {
  try {
    return await verify(proof as DnsProof, ports, trustAnchors)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return bogus(EDE.BOGUS, `the proof does not hold: ${reason}`)
  }
}

async function verify(
  proof: DnsProof,
  ports: { readonly codec: DnsCodec; readonly clock: Clock },
  trustAnchors: string | undefined,
): Promise<DnssecStatus> {
  const { digest, ...body } = proof
  if (proofDigest(body) !== digest) return bogus(EDE.BOGUS, 'the proof was changed: its digest does not fit')
  const now = unixTime(proof.time)
  if (Number.isNaN(now)) return bogus(EDE.BOGUS, 'the proof names no time')
  const name = parseName(proof.domain)
  if (!('name' in name)) return bogus(EDE.BOGUS, `the proof names no domain: ${name.reason}`)
  const clock = { ...ports.clock, now: () => now }
  const ask = createValidatingSource(
    { codec: ports.codec, clock, memo: (await createMemo(1000))(''), fetch: fetchFromProof(proof) },
    anchorsOf(trustAnchors ?? proof.trustAnchors.join('\n')),
  )
  const budget = budgetOf(ports.clock)
  for (const [type, claimed] of Object.entries(proof.records)) {
    if (!isRecordType(type)) return bogus(EDE.BOGUS, `the proof is of an unknown type ${type}`)
    const walked = await walk({ name: name.name, type }, MAX_HOPS, async (question) => {
      const answer = await ask(question, budget)
      return { answer, expiresAt: answer.validUntil, cached: false }
    })
    const flawed = walked.links.find(({ answer }) => answer.security.status !== 'secure')
    if (flawed) return flawed.answer.security
    if (!isDeepStrictEqual(walked.values, claimed)) {
      return bogus(EDE.BOGUS, `the signed records of type ${type} are not those that the proof shows`)
    }
  }
  return {
    status: 'secure',
    reason: 'every signature was right at that time, from the trust anchor on',
    ede: null,
  }
}

/** There is nothing to be saved: nobody is asked. */
function budgetOf(clock: Clock): Budget {
  const free = (): undefined => undefined
  const lifetime = new Lifetime(clock, LIFETIME_MS)
  return { lifetime, signal: new AbortController().signal, beforeQuery: free, beforeChainQuery: free }
}

/** Answers the questions of a validation out of the proof. */
function fetchFromProof(proof: DnsProof): FetchStrict {
  const messages = new Map(proof.steps.map((step) => [stepKey(step), messageOf(step)]))
  return (name, type) => {
    const message = messages.get(`${type} ${name}`)
    if (!message) return Promise.reject(dnsFault('DNS_SERVFAIL', 'the proof lacks a step', { ede: null }))
    const reply = { message, truncated: false, rcode: 0, ede: null }
    return Promise.resolve({ reply, server: 'proof', transport: 'udp', octets: 0, cookie: 'none' })
  }
}

const ownerOf = (name: string): WireName => (name === '.' ? ROOT : wireName(name.slice(0, -1)))

const stepKey = ({ name, type }: ProofStep): string => `${typeNumber(type)} ${ownerOf(name)}`

function messageOf(step: ProofStep): StrictMessage {
  const records = step.records.flatMap(({ name, type, ttl, rdata, signature }) => [
    ...rdata.map((octets) => record(name, typeNumber(type), ttl, octets)),
    record(name, TYPE.RRSIG, ttl, signature),
  ])
  const isDenying = ({ type, rdata }: StrictRecord): boolean => {
    const of = type === TYPE.RRSIG ? rdata.readUInt16BE(0) : type
    return of === TYPE.NSEC || of === TYPE.NSEC3
  }
  return {
    flags: 0,
    rcode: 0,
    question: undefined,
    answers: records.filter((each) => !isDenying(each)),
    authorities: records.filter(isDenying),
    edns: undefined,
    ede: null,
    cookie: undefined,
  }
}

function record(name: string, type: number, ttl: number, octets: string): StrictRecord {
  const rdata = Buffer.from(octets, 'base64')
  return { owner: ownerOf(name), type, ttl, rdata, canonical: canonicalRdata(type, rdata) }
}
