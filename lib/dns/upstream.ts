import type { Clock } from '../ports.ts'
import { dnsFault, isDnsFault, type ExtendedError } from './faults.ts'
import type { Lifetime } from './lifetime.ts'
import { serverText, type ServerAddress, type TransportName } from './servers.ts'
import type { DnsTransports } from './transport/transport.ts'

/** The parts of an answer that decide whether it is one. */
export interface ReplyHead {
  readonly truncated: boolean
  /** 12 bits, with the upper ones of EDNS. */
  readonly rcode: number
  readonly ede: ExtendedError | null
}

/** A question, and how to read its answer. */
export interface Query<T extends ReplyHead> {
  /** For messages: `` `www.example.` (A) ``. */
  readonly what: string
  /** The message; `edns` false for servers that know no EDNS. */
  readonly encode: (edns: boolean) => Buffer
  /** Undefined: it does not answer the question and is ignored. @throws `DNS_MALFORMED` */
  readonly read: (message: Buffer) => T | undefined
  /** Without EDNS the answer would be no use. */
  readonly needsEdns: boolean
}

/** An answer with where it came from. */
export interface Delivered<T> {
  readonly reply: T
  /** `192.0.2.1:53` */
  readonly server: string
  readonly transport: TransportName
  /** Length of the message. */
  readonly octets: number
}

/** What one question may use up, and what it tells meanwhile. */
export interface Budget {
  readonly lifetime: Lifetime
  readonly signal: AbortSignal
  /** Called before each message to a server; counts it, and fails or waits when there are too many. */
  readonly beforeQuery: () => Promise<void>
  /** The same for questions that validation asks: they are bounded by themselves, and kept. */
  readonly beforeChainQuery: () => Promise<void>
}

/** How to ask. */
export interface UpstreamOptions {
  readonly servers: readonly ServerAddress[]
  readonly transport: TransportName
  readonly timeoutMs: number
  /** Take a validation failure of the server for a verdict. */
  readonly trustAd: boolean
}

const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 }
/** How often a server that is silent is asked, as long as the lifetime allows. */
const ROUNDS = 3
/** For so long a server that kept silent is asked after the others. */
const SILENT_MS = 30_000
/** RFC 8914: DNSSEC Bogus, and its refinements up to NSEC Missing. */
const isBogus = (ede: ExtendedError | null): boolean => ede !== null && ede.code >= 6 && ede.code <= 12
/** RFC 8914: DNSSEC Indeterminate. */
const INDETERMINATE = 5

/**
 * Asks recursive DNS servers in order: one that is silent, fails or refuses is passed over for the next, silent ones are
 * asked again, and last for a while. A truncated answer is fetched over TCP. All within the budget's lifetime.
 */
export class Upstream {
  readonly #ports: {
    readonly transports: DnsTransports
    readonly clock: Clock
  }
  readonly #options: UpstreamOptions
  /** Servers that kept silent, and until when (monotonic milliseconds) others are asked first. */
  readonly #silentUntil = new Map<ServerAddress, number>()

  constructor(ports: { transports: DnsTransports; clock: Clock }, options: UpstreamOptions) {
    this.#ports = ports
    this.#options = options
  }

  /**
   * @throws `DNS_TIMEOUT`, `DNS_SERVFAIL`, `DNS_REFUSED`, `DNS_MALFORMED`: the most telling of what the servers did;
   * `DNS_DNSSEC_BOGUS` when the trusted server found wrong signatures, `DNS_DNSSEC_INDETERMINATE` when it could not tell,
   * or knows no EDNS where that is needed; what `beforeQuery` throws.
   */
  async ask<T extends ReplyHead>(query: Query<T>, budget: Budget): Promise<Delivered<T>> {
    let worth = this.#inOrder()
    let failure: Error | undefined
    for (let round = 0; round < ROUNDS && worth.length > 0; round += 1) {
      const silent: ServerAddress[] = []
      for (const server of worth) {
        if (budget.lifetime.over) break
        try {
          const delivered = await this.#askServer(server, query, budget)
          this.#silentUntil.delete(server)
          return delivered
        } catch (error) {
          if (!mayAskOthers(error)) throw error
          const isSilent = error.code === 'DNS_TIMEOUT'
          if (isSilent) {
            silent.push(server)
            this.#silentUntil.set(server, this.#ports.clock.monotonic() + SILENT_MS)
          }
          // What a server said tells more than another's silence.
          if (failure === undefined || !isSilent) failure = error
        }
      }
      worth = budget.lifetime.over ? [] : silent
    }
    throw failure ?? outOfTime(query.what, budget.lifetime)
  }

  #inOrder(): readonly ServerAddress[] {
    if (this.#silentUntil.size === 0) return this.#options.servers
    const now = this.#ports.clock.monotonic()
    const isSilent = (server: ServerAddress): boolean => (this.#silentUntil.get(server) ?? 0) > now
    const { servers } = this.#options
    return [...servers.filter((server) => !isSilent(server)), ...servers.filter(isSilent)]
  }

  async #askServer<T extends ReplyHead>(
    server: ServerAddress,
    query: Query<T>,
    budget: Budget,
  ): Promise<Delivered<T>> {
    const { transport } = this.#options
    const first = await this.#exchange(server, transport, query, budget, true)
    // RFC 6891 section 7: a server that knows no EDNS says FORMERR or NOTIMP to it.
    const knowsNoEdns = first.reply.rcode === RCODE.FORMERR || first.reply.rcode === RCODE.NOTIMP
    if (knowsNoEdns && query.needsEdns) throw withoutEdns(server, query.what)
    const second = knowsNoEdns ? await this.#exchange(server, transport, query, budget, false) : first
    if (!second.reply.truncated) return this.#judge(query.what, second)
    const whole = await this.#exchange(server, streamOf(transport), query, budget, !knowsNoEdns)
    if (whole.reply.truncated) {
      throw dnsFault('DNS_MALFORMED', `${serverText(server)} truncates its answer over TCP too`)
    }
    return this.#judge(query.what, whole)
  }

  async #exchange<T extends ReplyHead>(
    server: ServerAddress,
    transport: TransportName,
    query: Query<T>,
    budget: Budget,
    edns: boolean,
  ): Promise<Delivered<T>> {
    await budget.beforeQuery()
    if (budget.lifetime.over) throw outOfTime(query.what, budget.lifetime)
    const carrier = this.#ports.transports[transport]
    if (!carrier) throw new TypeError(`no transport ${transport}`)
    return await carrier.exchange({
      server,
      query: query.encode(edns),
      read: (message) => {
        const reply = query.read(message)
        return reply && { reply, octets: message.length, server: serverText(server), transport }
      },
      timeoutMs: Math.min(this.#options.timeoutMs, budget.lifetime.leftMs),
      signal: budget.signal,
    })
  }

  #judge<T extends ReplyHead>(what: string, delivered: Delivered<T>): Delivered<T> {
    const { server, reply } = delivered
    const { rcode, ede } = reply
    if (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN) return delivered
    const where = { ede, server }
    const why = ede ? `: ${ede.text || 'extended error'} (EDE ${ede.code})` : ''
    if (rcode === RCODE.REFUSED || rcode === RCODE.NOTIMP) {
      throw dnsFault('DNS_REFUSED', `${server} refuses to answer for ${what}${why}`, { ...where, rcode })
    }
    if (this.#options.trustAd && isBogus(ede)) {
      throw dnsFault('DNS_DNSSEC_BOGUS', `${server} found wrong signatures for ${what}${why}`, where)
    }
    if (this.#options.trustAd && ede?.code === INDETERMINATE) {
      throw dnsFault('DNS_DNSSEC_INDETERMINATE', `${server} could not validate ${what}${why}`, where)
    }
    throw dnsFault('DNS_SERVFAIL', `${server} failed to resolve ${what}${why}`, { ...where, rcode })
  }
}

/** Where an answer goes that is too long for one packet. */
const streamOf = (transport: TransportName): TransportName => (transport === 'udp' ? 'tcp' : transport)

function mayAskOthers(error: unknown): error is Error & { code: string } {
  return isDnsFault(error) && error.code !== 'DNS_DNSSEC_BOGUS' && error.code !== 'DNS_RATE_LIMITED'
}

const withoutEdns = (server: ServerAddress, what: string): Error =>
  dnsFault(
    'DNS_DNSSEC_INDETERMINATE',
    `${serverText(server)} knows no EDNS, so it gives no signatures for ${what}; use another server, or do not validate`,
    { server: serverText(server) },
  )

const outOfTime = (what: string, lifetime: Lifetime): Error =>
  dnsFault('DNS_TIMEOUT', `No answer for ${what} within ${lifetime.totalMs} ms`)
