import type { Answer } from './answer.ts'
import { wireName, type WireName } from './dnssec/name.ts'
import type { DnssecStatus } from './dnssec/verdict.ts'
import { absolute } from './names.ts'
import { encodeQuery, readReply, type Question, type Reply } from './query.ts'
import type { DnsCodec } from './rdata.ts'
import type { Budget, Delivered, Query, Upstream } from './upstream.ts'

/** Gets the answer to a question. */
export type AskSource = (question: Question, budget: Budget) => Promise<Answer>

/**
 * Takes answers as servers give them.
 *
 * @param trustAd whether the server's own validation (AD bit) is asked for and believed.
 */
export function createStubSource(codec: DnsCodec, upstream: Upstream, trustAd: boolean): AskSource {
  return async (question, budget) => {
    const delivered = await upstream.ask(new StubQuery(codec, question, trustAd), budget)
    const { reply, server, transport, octets } = delivered
    const { rcode, ede, path, values, final, ttl } = reply
    return {
      exists: rcode === 0,
      security: trustAd ? byAdBit(question, delivered) : UNCHECKED,
      isWithheld: false,
      ede,
      path,
      values,
      final,
      ttl,
      validUntil: Infinity,
      steps: [],
      server,
      transport,
      octets,
    }
  }
}

/** A question to a server whose answer is taken as it is. */
class StubQuery implements Query<Reply> {
  readonly needsEdns = false
  readonly #codec: DnsCodec
  readonly #question: Question
  readonly #name: WireName
  readonly #authenticated: boolean

  constructor(codec: DnsCodec, question: Question, authenticated: boolean) {
    this.#codec = codec
    this.#question = question
    this.#name = wireName(question.name)
    this.#authenticated = authenticated
  }

  get what(): string {
    return whatOf(this.#question)
  }

  encode(edns: boolean): Buffer {
    return encodeQuery(this.#question, { authenticated: this.#authenticated, edns }, this.#name)
  }

  read(message: Buffer): Reply | undefined {
    return readReply(this.#codec, message, this.#question, this.#name)
  }
}

/** A question as errors show it. */
const whatOf = ({ name, type }: Question): string => `\`${absolute(name)}\` (${type})`

const UNCHECKED: DnssecStatus = { status: 'unchecked', reason: 'DNSSEC is off', ede: null }

function byAdBit(question: Question, { reply, server }: Delivered<Reply>): DnssecStatus {
  if (reply.authenticated) return { status: 'secure', reason: `validated by ${server} (AD bit)`, ede: null }
  const reason = `${server} gave the answer for ${whatOf(question)} without the AD bit`
  return { status: 'insecure', reason, ede: null }
}
