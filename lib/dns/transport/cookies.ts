import type { Clock, Random } from '../../ports.ts'
import { serverKey, type ServerAddress } from '../servers.ts'
import { afterName, HEADER, QUESTION_TAIL } from '../wire.ts'
import type { CookieState } from './transport.ts'

const COOKIE = 10
const OPT = 41
const CLIENT_OCTETS = 8
/** Client and server part together (RFC 7873, section 4). */
const WHOLE = { min: 16, max: 40 }
/** A server that shows no cookies, or chokes on them, is asked without for so long. */
const WITHOUT_MS = 3_600_000
/** A server that had cookies and shows none for so long has stopped to do them. */
const REGRESSION_MS = 120_000
/** Servers whose cookies are kept; a node has 16 at most. */
const MAX_SERVERS = 64

/** The cookies of one server, as seen from one address of this machine. */
export class ServerCookies {
  readonly local: string
  readonly #client: Uint8Array
  readonly #clock: Pick<Clock, 'monotonic'>
  /** What goes into queries: option code, length, client and server cookie. */
  #option: Buffer
  #isKnown = false
  /** Where the answer that was checked last has another server cookie than is known; -1: the same, or none. */
  #newAt = -1
  #missingSince: number | undefined
  #withoutUntil = -Infinity

  constructor(ports: { clock: Pick<Clock, 'monotonic'>; random: Random }, local: string) {
    this.local = local
    this.#clock = ports.clock
    this.#client = ports.random.bytes(CLIENT_OCTETS)
    this.#option = optionOf(this.#client)
  }

  /** The cookie option for the next query; undefined: ask without. */
  option(): Buffer | undefined {
    // Nearly always -Infinity: the clock is not read for nothing.
    if (this.#withoutUntil > 0 && this.#clock.monotonic() < this.#withoutUntil) return undefined
    return this.#option
  }

  /**
   * What the answer to a query with our cookie says. `wrong`: an illegal length or another client cookie than was sent;
   * such an answer is to be ignored, it is forged (RFC 7873, section 5.3).
   */
  check(message: Buffer): CookieState | 'wrong' {
    this.#newAt = -1
    const at = findCookie(message)
    if (at < 0) return this.#isKnown ? 'missing' : 'unknown'
    const octets = message.readUInt16BE(at - 2)
    const option = this.#option
    // Nearly always what was sent.
    if (octets + 4 === option.length && message.compare(option, 4, octets + 4, at, at + octets) === 0) {
      return 'right'
    }
    if (octets !== CLIENT_OCTETS && (octets < WHOLE.min || octets > WHOLE.max)) return 'wrong'
    for (let n = 0; n < CLIENT_OCTETS; n += 1) if (message[at + n] !== this.#client[n]) return 'wrong'
    if (octets >= WHOLE.min) this.#newAt = at
    return 'right'
  }

  /** Takes in what the answer says that was checked last, because it was accepted. */
  learn(state: CookieState, message: Buffer): void {
    if (state === 'right') this.#remember(message)
    else if (state === 'unknown') this.leaveOut()
    else if (state === 'missing') this.#miss()
  }

  /** Asks without cookies for a while, unless the server is known to do them: it may choke on them. */
  leaveOut(): void {
    if (!this.#isKnown) this.#withoutUntil = this.#clock.monotonic() + WITHOUT_MS
  }

  #remember(message: Buffer): void {
    this.#missingSince = undefined
    const at = this.#newAt
    if (at < 0) return
    this.#isKnown = true
    this.#option = optionOf(message.subarray(at, at + message.readUInt16BE(at - 2)))
  }

  #miss(): void {
    const now = this.#clock.monotonic()
    this.#missingSince ??= now
    if (now - this.#missingSince < REGRESSION_MS) return
    this.#isKnown = false
    this.#missingSince = undefined
    this.#option = optionOf(this.#client)
    this.leaveOut()
  }
}

/** Keeps the cookies of servers, a client cookie of its own for each (RFC 9018, section 3). */
export class Cookies {
  readonly #ports: { readonly clock: Clock; readonly random: Random }
  readonly #servers = new Map<string, ServerCookies>()

  constructor(ports: { readonly clock: Clock; readonly random: Random }) {
    this.#ports = ports
  }

  /** @param local this machine's address on the way there: a new one has a new cookie, so that nobody is followed by it. */
  of(server: ServerAddress, local: string): ServerCookies {
    const key = serverKey(server)
    const known = this.#servers.get(key)
    if (known?.local === local) return known
    const made = new ServerCookies(this.#ports, local)
    const [oldest] = this.#servers.keys()
    if (!known && this.#servers.size >= MAX_SERVERS && oldest !== undefined) this.#servers.delete(oldest)
    this.#servers.set(key, made)
    return made
  }
}

function optionOf(cookie: Uint8Array): Buffer {
  const option = Buffer.alloc(4 + cookie.length)
  option.writeUInt16BE(COOKIE, 0)
  option.writeUInt16BE(cookie.length, 2)
  option.set(cookie, 4)
  return option
}

/** Whether the query ends with an OPT record that has no options yet, as ours do. */
export const takesCookie = (query: Buffer): boolean =>
  query.length > HEADER + 11 &&
  query.readUInt16BE(10) === 1 &&
  query.readUInt16BE(query.length - 10) === OPT &&
  query.readUInt16BE(query.length - 2) === 0

/** Where the octets of the first COOKIE option of a message begin, their length in the two before; -1 when it has none. */
export function findCookie(message: Buffer): number {
  try {
    return findOption(message)
  } catch {
    return -1 // it is cut off: reading it will tell
  }
}

function findOption(message: Buffer): number {
  let at = HEADER
  for (let left = message.readUInt16BE(4); left > 0; left -= 1) at = afterName(message, at) + QUESTION_TAIL
  let left = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10)
  for (; left > 0; left -= 1) {
    at = afterName(message, at)
    const end = at + 10 + message.readUInt16BE(at + 8)
    if (message.readUInt16BE(at) === OPT && end <= message.length) return findIn(message, at + 10, end)
    at = end
  }
  return -1
}

function findIn(message: Buffer, start: number, end: number): number {
  for (let at = start; at + 4 <= end;) {
    const next = at + 4 + message.readUInt16BE(at + 2)
    if (message.readUInt16BE(at) === COOKIE && next <= end) return at + 4
    at = next
  }
  return -1
}
