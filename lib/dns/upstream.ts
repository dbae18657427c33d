import type { Clock } from '../ports.ts'
import { dnsFault, isDnsFault, type ExtendedError } from './faults.ts'
import type { Lifetime } from './lifetime.ts'
import { absolute } from './names.ts'
import { encodeQuery, readReply, type Question, type Reply } from './query.ts'
import type { DnsCodec } from './rdata.ts'
import { serverText, type ServerAddress } from './servers.ts'
import type { DnsTransport } from './transport/transport.ts'

/** How a question reached its server. */
export type TransportName = 'udp' | 'tcp'

/** What a DNS server said to one question, ready to be kept. */
export interface Answer {
  /** False: the last name of the path does not exist (NXDOMAIN). */
  readonly exists: boolean
  readonly authenticated: boolean
  readonly ede: ExtendedError | null
  readonly path: Reply['path']
  readonly values: Reply['values']
  readonly final: boolean
  /** Seconds. */
  readonly ttl: number
  /** `192.0.2.1:53` */
  readonly server: string
  readonly transport: TransportName
  /** Rough size in memory. */
  readonly octets: number
}

/** What one question may use up, and what it tells meanwhile. */
export interface Budget {
  readonly lifetime: Lifetime
  readonly signal: AbortSignal
  /** Called before each message to a server; counts it, and fails or waits when there are too many. */
  readonly beforeQuery: () => Promise<void>
}

/** How to ask. */
export interface UpstreamOptions {
  readonly servers: readonly ServerAddress[]
  readonly transport: TransportName
  readonly timeoutMs: number
  /** Send AD=1, and take a validation failure of the server for a verdict. */
  readonly trustAd: boolean
}

const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 }
/** How often a server that is silent is asked, as long as the lifetime allows. */
const ROUNDS = 3
/** RFC 8914: DNSSEC Bogus, and its refinements up to NSEC Missing. */
const isBogus = (ede: ExtendedError | null): boolean => ede !== null && ede.code >= 6 && ede.code <= 12
/** RFC 8914: DNSSEC Indeterminate. */
const INDETERMINATE = 5

/**
 * Asks recursive DNS servers in order: one that is silent, fails or refuses is passed over for the next, silent ones are
 * asked again. A truncated answer is fetched over TCP. All within the budget's lifetime.
 */
export class Upstream {
  readonly #ports: {
    readonly codec: DnsCodec
    readonly transports: Readonly<Record<TransportName, DnsTransport>>
    readonly clock: Clock
  }
  readonly #options: UpstreamOptions

  constructor(
    ports: { codec: DnsCodec; transports: Readonly<Record<TransportName, DnsTransport>>; clock: Clock },
    options: UpstreamOptions,
  ) {
    this.#ports = ports
    this.#options = options
  }

  /**
   * @throws `DNS_TIMEOUT`, `DNS_SERVFAIL`, `DNS_REFUSED`, `DNS_MALFORMED`: the most telling of what the servers did;
   * `DNS_DNSSEC_BOGUS` when the trusted server found wrong signatures, `DNS_DNSSEC_INDETERMINATE` when it could not tell; what `beforeQuery` throws.
   */
  async ask(question: Question, budget: Budget): Promise<Answer> {
    let worth = this.#options.servers
    let failure: Error | undefined
    for (let round = 0; round < ROUNDS && worth.length > 0; round += 1) {
      const silent: ServerAddress[] = []
      for (const server of worth) {
        if (budget.lifetime.over) break
        try {
          return await this.#askServer(server, question, budget)
        } catch (error) {
          if (!mayAskOthers(error)) throw error
          const isSilent = error.code === 'DNS_TIMEOUT'
          if (isSilent) silent.push(server)
          // What a server said tells more than another's silence.
          if (failure === undefined || !isSilent) failure = error
        }
      }
      worth = budget.lifetime.over ? [] : silent
    }
    throw failure ?? outOfTime(question, budget.lifetime)
  }

  async #askServer(server: ServerAddress, question: Question, budget: Budget): Promise<Answer> {
    const { transport } = this.#options
    const first = await this.#exchange(server, transport, question, budget, true)
    // RFC 6891 section 7: a server that knows no EDNS says FORMERR or NOTIMP to it.
    const knowsNoEdns = first.reply.rcode === RCODE.FORMERR || first.reply.rcode === RCODE.NOTIMP
    const second = knowsNoEdns ? await this.#exchange(server, transport, question, budget, false) : first
    if (!second.reply.truncated) return this.#judge(server, transport, question, second)
    const whole = await this.#exchange(server, 'tcp', question, budget, !knowsNoEdns)
    if (whole.reply.truncated) {
      throw dnsFault('DNS_MALFORMED', `${serverText(server)} truncates its answer over TCP too`)
    }
    return this.#judge(server, 'tcp', question, whole)
  }

  async #exchange(
    server: ServerAddress,
    transport: TransportName,
    question: Question,
    budget: Budget,
    edns: boolean,
  ): Promise<{ reply: Reply; octets: number }> {
    const { codec, transports } = this.#ports
    await budget.beforeQuery()
    if (budget.lifetime.over) throw outOfTime(question, budget.lifetime)
    return await transports[transport].exchange({
      server,
      query: encodeQuery(codec, question, { authenticated: this.#options.trustAd, edns }),
      read: (message) => {
        const reply = readReply(codec, message, question)
        return reply && { reply, octets: message.length }
      },
      timeoutMs: Math.min(this.#options.timeoutMs, budget.lifetime.leftMs),
      signal: budget.signal,
    })
  }

  #judge(
    server: ServerAddress,
    transport: TransportName,
    question: Question,
    { reply, octets }: { reply: Reply; octets: number },
  ): Answer {
    const { rcode, ede, authenticated, path, values, final, ttl } = reply
    const where = { ede, server: serverText(server) }
    const what = `\`${absolute(question.name)}\` (${question.type})`
    const why = ede ? `: ${ede.text || 'extended error'} (EDE ${ede.code})` : ''
    if (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN) {
      const told = { exists: rcode === RCODE.NOERROR, authenticated, ede, path, values, final, ttl }
      return { ...told, server: where.server, transport, octets }
    }
    if (rcode === RCODE.REFUSED || rcode === RCODE.NOTIMP) {
      throw dnsFault('DNS_REFUSED', `${where.server} refuses to answer for ${what}${why}`, {
        ...where,
        rcode,
      })
    }
    if (this.#options.trustAd && isBogus(ede)) {
      throw dnsFault('DNS_DNSSEC_BOGUS', `${where.server} found wrong signatures for ${what}${why}`, where)
    }
    if (this.#options.trustAd && ede?.code === INDETERMINATE) {
      throw dnsFault('DNS_DNSSEC_INDETERMINATE', `${where.server} could not validate ${what}${why}`, where)
    }
    throw dnsFault('DNS_SERVFAIL', `${where.server} failed to resolve ${what}${why}`, { ...where, rcode })
  }
}

function mayAskOthers(error: unknown): error is Error & { code: string } {
  return isDnsFault(error) && error.code !== 'DNS_DNSSEC_BOGUS' && error.code !== 'DNS_RATE_LIMITED'
}

const outOfTime = (question: Question, lifetime: Lifetime): Error =>
  dnsFault(
    'DNS_TIMEOUT',
    `No answer for \`${absolute(question.name)}\` (${question.type}) within ${lifetime.totalMs} ms`,
  )
