import type { Answer } from './answer.ts'
import type { DnssecStatus } from './dnssec/verdict.ts'
import { absolute } from './names.ts'
import { encodeQuery, readReply, type Question, type Reply } from './query.ts'
import type { DnsCodec } from './rdata.ts'
import type { Budget, Delivered, Upstream } from './upstream.ts'

/** Gets the answer to a question. */
export type AskSource = (question: Question, budget: Budget) => Promise<Answer>

/**
 * Takes answers as servers give them.
 *
 * @param trustAd whether the server's own validation (AD bit) is asked for and believed.
 */
export function createStubSource(codec: DnsCodec, upstream: Upstream, trustAd: boolean): AskSource {
  return async (question, budget) => {
    const delivered = await upstream.ask(
      {
        what: whatOf(question),
        encode: (edns) => encodeQuery(question, { authenticated: trustAd, edns }),
        read: (message) => readReply(codec, message, question),
        needsEdns: false,
      },
      budget,
    )
    const { reply, server, transport, octets } = delivered
    const { rcode, ede, path, values, final, ttl } = reply
    const security = trustAd ? byAdBit(question, delivered) : UNCHECKED
    const told = { exists: rcode === 0, security, isWithheld: false, ede, path, values, final, ttl }
    return { ...told, validUntil: Infinity, steps: [], server, transport, octets }
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
