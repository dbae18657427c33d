import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const CLIENT_OCTETS = 8
const SERVER_OCTETS = { min: 8, max: 32 }
/** RFC 9018 names SipHash as method 1; 240 is for private use: ours is HMAC-SHA-256, cut to 8 octets. */
const VERSION = 240
const HEAD_OCTETS = 8
const HASH_OCTETS = 8
/** For how long a cookie is good, and how far the clock may have been set back (RFC 9018, section 4.3). */
const VALID_S = 3600
const FUTURE_S = 300

/** What a server thinks of the COOKIE option of a query. */
export interface CookieVerdict {
  /** `malformed`: no legal length; `new`: no server cookie, or one that is not (or no longer) good. */
  readonly kind: 'malformed' | 'new' | 'good'
  /** The option for the answer: the client's cookie, and a fresh one of the server. */
  readonly option: Buffer
}

/** Makes and checks the server's DNS cookies (RFC 7873, section 5.2; RFC 9018), without a memory of clients. */
export class SandboxCookies {
  readonly #secret = randomBytes(16)
  readonly #now: () => number

  /** @param now Unix seconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** @param cookie the option of the query; `address`: where it came from. */
  check(cookie: Buffer, address: string): CookieVerdict {
    const server = cookie.subarray(CLIENT_OCTETS)
    const isLegal =
      cookie.length === CLIENT_OCTETS ||
      (server.length >= SERVER_OCTETS.min && server.length <= SERVER_OCTETS.max)
    if (!isLegal) return { kind: 'malformed', option: Buffer.alloc(0) }
    const client = cookie.subarray(0, CLIENT_OCTETS)
    const option = Buffer.concat([client, this.#make(client, address, this.#now())])
    return { kind: this.#isGood(client, server, address) ? 'good' : 'new', option }
  }

  #isGood(client: Buffer, server: Buffer, address: string): boolean {
    if (server.length !== HEAD_OCTETS + HASH_OCTETS) return false
    const made = server.readUInt32BE(4)
    const age = (Math.floor(this.#now()) - made) | 0
    return age <= VALID_S && age >= -FUTURE_S && timingSafeEqual(server, this.#make(client, address, made))
  }

  #make(client: Buffer, address: string, seconds: number): Buffer {
    const head = Buffer.alloc(HEAD_OCTETS)
    head.writeUInt8(VERSION, 0)
    head.writeUInt32BE(Math.floor(seconds) >>> 0, 4)
    const hash = createHmac('sha256', this.#secret).update(client).update(head).update(address).digest()
    return Buffer.concat([head, hash.subarray(0, HASH_OCTETS)])
  }
}
