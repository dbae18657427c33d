import type { Clock } from '../ports.ts'
import { dnsFault, isDnsFault, type ExtendedError } from './faults.ts'
import type { Lifetime } from './lifetime.ts'
import { serverText, type ServerAddress, type TransportName } from './servers.ts'
import type { CookieState, DnsTransports } from './transport/transport.ts'

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
  encode(edns: boolean): Buffer
  /** Undefined: it does not answer the question and is ignored. @throws `DNS_MALFORMED` */
  read(message: Buffer): T | undefined
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
  /** What vouches for where it came from. */
  readonly cookie: CookieState
}

/** What one question may use up, and what it tells meanwhile. */
export interface Budget {
  readonly lifetime: Lifetime
  readonly signal: AbortSignal
  /** Called before each message to a server; counts it, and throws or gives what to wait for when there are too many. */
  readonly beforeQuery: () => Promise<void> | undefined
  /** The same for questions that validation asks: they are bounded by themselves, and kept. */
  readonly beforeChainQuery: () => Promise<void> | undefined
}

/** How to ask. */
export interface UpstreamOptions {
  readonly servers: readonly ServerAddress[]
  readonly transport: TransportName
  readonly timeoutMs: number
  /** Take a validation failure of the server for a verdict. */
  readonly trustAd: boolean
}

const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADCOOKIE: 23 }
/** How often a server that is silent is asked, as long as the lifetime allows. */
const ROUNDS = 3
/** For so long a server that kept silent is asked after the others. */
const SILENT_MS = 30_000
/** RFC 8914: DNSSEC Bogus, and its refinements up to NSEC Missing. */
const isBogus = (ede: ExtendedError | null): boolean => ede !== null && ede.code >= 6 && ede.code <= 12
/** RFC 8914: DNSSEC Indeterminate. */
const INDETERMINATE = 5

/** A server that is asked. */
interface Target {
  readonly server: ServerAddress
  readonly text: string
}

/** A question under way: what is asked, and what it may cost. */
interface Asking<T extends ReplyHead> {
  readonly query: Query<T>
  readonly budget: Budget
}

/**
 * Asks recursive DNS servers in order: one that is silent, fails or refuses is passed over for the next, silent ones are
 * asked again, and last for a while. A truncated answer is fetched over TCP, and so is one without the cookie that it
 * should have. All within the budget's lifetime.
 */
export class Upstream {
  readonly #transports: DnsTransports
  readonly #clock: Clock
  readonly #options: UpstreamOptions
  readonly #targets: readonly Target[]
  /** Servers that kept silent, and until when (monotonic milliseconds) others are asked first. */
  readonly #silentUntil = new Map<Target, number>()

  constructor(ports: { transports: DnsTransports; clock: Clock }, options: UpstreamOptions) {
    this.#transports = ports.transports
    this.#clock = ports.clock
    this.#options = options
    this.#targets = options.servers.map((server) => ({ server, text: serverText(server) }))
  }

  /**
   * @throws `DNS_TIMEOUT`, `DNS_SERVFAIL`, `DNS_REFUSED`, `DNS_MALFORMED`: the most telling of what the servers did;
   * `DNS_DNSSEC_BOGUS` when the trusted server found wrong signatures, `DNS_DNSSEC_INDETERMINATE` when it could not tell,
   * or knows no EDNS where that is needed; what `beforeQuery` throws.
   */
  async ask<T extends ReplyHead>(query: Query<T>, budget: Budget): Promise<Delivered<T>> {
    const asking = { query, budget }
    let worth = this.#inOrder()
    let failure: Error | undefined
    for (let round = 0; round < ROUNDS && worth.length > 0; round += 1) {
      const silent: Target[] = []
      for (const target of worth) {
        if (failure !== undefined && budget.lifetime.over) break
        try {
          const first = await this.#exchange(target, this.#options.transport, asking, true)
          const delivered = isPlain(first) ? first : await this.#insist(target, asking, first)
          if (this.#silentUntil.size > 0) this.#silentUntil.delete(target)
          return delivered
        } catch (error) {
          if (!mayAskOthers(error)) throw error
          const isSilent = error.code === 'DNS_TIMEOUT'
          if (isSilent) {
            silent.push(target)
            this.#silentUntil.set(target, this.#clock.monotonic() + SILENT_MS)
          }
          // What a server said tells more than another's silence.
          if (failure === undefined || !isSilent) failure = error
        }
      }
      worth = budget.lifetime.over ? [] : silent
    }
    throw failure ?? outOfTime(query.what, budget.lifetime)
  }

  #inOrder(): readonly Target[] {
    if (this.#silentUntil.size === 0) return this.#targets
    const now = this.#clock.monotonic()
    const isSilent = (target: Target): boolean => (this.#silentUntil.get(target) ?? 0) > now
    return [...this.#targets.filter((target) => !isSilent(target)), ...this.#targets.filter(isSilent)]
  }

  /** Asks a server again whose first answer will not do: otherwise, or over TCP. */
  async #insist<T extends ReplyHead>(
    target: Target,
    asking: Asking<T>,
    first: Delivered<T>,
  ): Promise<Delivered<T>> {
    const { transport } = this.#options
    let answer = first
    // It may choke on the cookie only, which is left out from now on.
    if (isPuzzled(answer) && answer.cookie === 'unknown') {
      answer = await this.#exchange(target, transport, asking, true)
    }
    // RFC 7873, section 5.3: once more with the cookie that came with it, then over TCP.
    if (answer.reply.rcode === RCODE.BADCOOKIE) {
      answer = await this.#exchange(target, transport, asking, true)
    }
    // RFC 6891 section 7: a server that knows no EDNS says FORMERR or NOTIMP to it.
    const edns = !isPuzzled(answer)
    if (!edns) {
      if (asking.query.needsEdns) throw withoutEdns(target, asking.query.what)
      answer = await this.#exchange(target, transport, asking, false)
    }
    if (needsStream(answer)) answer = await this.#exchange(target, streamOf(transport), asking, edns)
    if (answer.reply.truncated) {
      throw dnsFault('DNS_MALFORMED', `${target.text} truncates its answer over TCP too`)
    }
    return this.#judge(asking.query.what, answer)
  }

  #exchange<T extends ReplyHead>(
    target: Target,
    transport: TransportName,
    asking: Asking<T>,
    edns: boolean,
  ): Promise<Delivered<T>> {
    const waiting = asking.budget.beforeQuery()
    if (waiting) return waiting.then(() => this.#send(target, transport, asking, edns))
    return this.#send(target, transport, asking, edns)
  }

  #send<T extends ReplyHead>(
    { server, text }: Target,
    transport: TransportName,
    { query, budget }: Asking<T>,
    edns: boolean,
  ): Promise<Delivered<T>> {
    const { leftMs } = budget.lifetime
    if (leftMs === 0) throw outOfTime(query.what, budget.lifetime)
    const carrier = this.#transports[transport]
    if (!carrier) throw new TypeError(`no transport ${transport}`)
    return carrier.exchange({
      server,
      query: query.encode(edns),
      read: (message, cookie) => {
        const reply = cookie === 'missing' ? readIfPossible(query, message) : query.read(message)
        return reply && { reply, server: text, transport, octets: message.length, cookie }
      },
      timeoutMs: Math.min(this.#options.timeoutMs, leftMs),
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

/** An answer with nothing to be said against. */
const isPlain = ({ reply: { rcode, truncated }, cookie }: Delivered<ReplyHead>): boolean =>
  (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN) && !truncated && cookie !== 'missing'

/** The server did not understand the message. */
const isPuzzled = ({ reply: { rcode }, cookie }: Delivered<ReplyHead>): boolean =>
  (rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP) && cookie !== 'missing'

/** It is cut off, or only a connection can tell that it is from the server. */
const needsStream = ({ reply: { rcode, truncated }, cookie }: Delivered<ReplyHead>): boolean =>
  truncated || cookie === 'missing' || rcode === RCODE.BADCOOKIE

/** A message that is not believed must not end the exchange either, if it cannot be read. */
function readIfPossible<T extends ReplyHead>(query: Query<T>, message: Buffer): T | undefined {
  try {
    return query.read(message)
  } catch {
    return undefined
  }
}

/** Where an answer goes that is too long for one packet. */
const streamOf = (transport: TransportName): TransportName => (transport === 'udp' ? 'tcp' : transport)

function mayAskOthers(error: unknown): error is Error & { code: string } {
  return isDnsFault(error) && error.code !== 'DNS_DNSSEC_BOGUS' && error.code !== 'DNS_RATE_LIMITED'
}

const withoutEdns = ({ text }: Target, what: string): Error =>
  dnsFault(
    'DNS_DNSSEC_INDETERMINATE',
    `${text} knows no EDNS, so it gives no signatures for ${what}; use another server, or do not validate`,
    { server: text },
  )

const outOfTime = (what: string, lifetime: Lifetime): Error =>
  dnsFault('DNS_TIMEOUT', `No answer for ${what} within ${lifetime.totalMs} ms`)
