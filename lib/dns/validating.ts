import type { Clock } from '../ports.ts'
import type { Answer } from './answer.ts'
import type { Inquiry, LinkMemo } from './dnssec/chain.ts'
import type { Anchors } from './dnssec/ds.ts'
import { readStrict, type StrictMessage, type StrictRecord } from './dnssec/message.ts'
import { shownName, textOf, wireName, type WireName } from './dnssec/name.ts'
import { typeName } from './dnssec/type-names.ts'
import { Validator, type Validated } from './dnssec/validator.ts'
import { Work } from './dnssec/work.ts'
import { dnsFault } from './faults.ts'
import { encodeQuestion, type Question } from './query.ts'
import { readRdata, type DnsCodec } from './rdata.ts'
import { RECORD_TYPE_CODES } from './record-types.ts'
import type { AskSource } from './stub.ts'
import type { Budget, Delivered, Query, ReplyHead, Upstream } from './upstream.ts'
import { FLAGS, isAnswerTo } from './wire.ts'

/** A day: a forged or careless TTL must not pin an answer. */
const MAX_TTL_S = 86_400

/** An answer, read for validation. */
export interface StrictReply extends ReplyHead {
  readonly message: StrictMessage
}

/** Gets the answer to a question of validation, unchecked. */
export type FetchStrict = (name: WireName, type: number, budget: Budget) => Promise<Delivered<StrictReply>>

/** Asks servers. They are told not to check (CD bit): what they think does not count. */
export const fetchFrom =
  (upstream: Upstream): FetchStrict =>
  (name, type, budget) =>
    upstream.ask(new StrictQuery(name, type), budget)

/** Takes answers with their signatures and validates them from the trust anchors on. */
export function createValidatingSource(
  ports: {
    readonly codec: DnsCodec
    readonly clock: Pick<Clock, 'now'>
    readonly memo: LinkMemo
    readonly fetch: FetchStrict
  },
  anchors: Anchors,
): AskSource {
  const { fetch, clock, memo, codec } = ports
  const validator = new Validator({ clock, anchors, memo })
  return async (question, budget) => {
    const asked = { name: wireName(question.name), type: RECORD_TYPE_CODES[question.type] }
    const delivered = await fetch(asked.name, asked.type, budget)
    const inquiry: Inquiry = {
      work: new Work(),
      signal: budget.signal,
      fetch: async (name, type, signal) => {
        const chainBudget = { ...budget, signal, beforeQuery: budget.beforeChainQuery }
        return (await fetch(name, type, chainBudget)).reply.message
      },
    }
    const validated = await validator.validate(asked, delivered.reply.message, inquiry)
    return toAnswer(codec, question, delivered, validated)
  }
}

function toAnswer(
  codec: DnsCodec,
  question: Question,
  { reply, server, transport, octets }: Delivered<StrictReply>,
  validated: Validated,
): Answer {
  const { security, isWithheld, path, records, exists, final, ttl, validUntil, steps } = validated
  const { status, reason, ede } = security
  return {
    exists,
    security: { status, reason, ede },
    isWithheld,
    ede: reply.ede,
    path: path.map(textOf),
    values: isWithheld ? [] : readValues(codec, question, records),
    final,
    ttl: Math.min(MAX_TTL_S, ttl),
    validUntil,
    steps,
    server,
    transport,
    octets: octets + steps.length * STEP_OCTETS,
  }
}

/** Signed records that an answer holds in memory for its proof; those of zones are shared. */
const STEP_OCTETS = 200

function readValues(codec: DnsCodec, question: Question, records: readonly StrictRecord[]): unknown[] {
  try {
    return records.map(({ type, rdata }) => {
      // Where decoders expect it: RDLENGTH, then the RDATA.
      const octets = Buffer.alloc(2 + rdata.length)
      octets.writeUInt16BE(rdata.length)
      rdata.copy(octets, 2)
      return readRdata(codec, octets, { name: '', type, class: 1, ttl: 0, at: 2, length: rdata.length })
    })
  } catch (cause) {
    const what = `\`${question.name}.\` (${question.type})`
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw dnsFault('DNS_MALFORMED', `The answer for ${what} cannot be read: ${reason}`, {}, cause)
  }
}

/** A question whose answer will be validated. */
class StrictQuery implements Query<StrictReply> {
  readonly needsEdns = true
  readonly #name: WireName
  readonly #type: number

  constructor(name: WireName, type: number) {
    this.#name = name
    this.#type = type
  }

  get what(): string {
    return `\`${shownName(this.#name)}\` (${typeName(this.#type)})`
  }

  encode(): Buffer {
    return encodeStrictQuery(this.#name, this.#type)
  }

  read(message: Buffer): StrictReply | undefined {
    return isAnswerTo(message, this.#name, this.#type) ? readStrictReply(message, () => this.what) : undefined
  }
}

/** RD and CD; an OPT record with DO (RFC 4035, section 4.1). The id is the transport's. */
export const encodeStrictQuery = (name: WireName, type: number): Buffer =>
  encodeQuestion({ name, type, flags: FLAGS.RD | FLAGS.CD, edns: { dnssecOk: true } })

function readStrictReply(message: Buffer, what: () => string): StrictReply {
  try {
    const read = readStrict(message)
    const { flags, rcode, ede } = read
    return { message: read, truncated: (flags & FLAGS.TC) !== 0, rcode, ede }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw dnsFault('DNS_MALFORMED', `The answer for ${what()} cannot be read: ${reason}`, {}, cause)
  }
}
