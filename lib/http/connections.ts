import type * as undici from 'undici'
import type { buildConnector, Dispatcher, Pool, ProxyAgent } from 'undici'
import { configError, type PaletteError } from '../errors.ts'
import type { ConnectTarget } from '../ports.ts'
import { MAX_TRIES } from './connect-target.ts'
import { bypassesProxy } from './no-proxy.ts'

type Undici = typeof undici

/** TLS options as node:tls takes them; `tls-config` nodes of Node-RED fill them. */
type TlsOptions = Readonly<Record<string, unknown>>

/** A forward proxy. The credentials go into `Proxy-Authorization` and nowhere else. */
interface ProxyOptions {
  readonly url: string
  readonly username?: string
  readonly password?: string
  /** Hosts that are reached directly. */
  readonly noProxy?: readonly string[]
}

/** How connections are made. */
export interface ConnectionOptions {
  readonly tls?: TlsOptions
  readonly proxy?: ProxyOptions
  /** Open connections an origin; further requests wait. Default 128. */
  readonly connectionsPerOrigin?: number
}

const CONNECT_TIMEOUT_MS = 10_000
const MAX_POOLS = 256

/** A way to an origin, by one of its addresses. */
export interface Route {
  readonly address: string
  /** Whether a connection is open: no time is needed to make one. */
  readonly isOpen: boolean
  /** The dispatcher that connects nowhere else. */
  dispatcher(): Dispatcher
}

/** The connections to an origin, or to one of its addresses. */
interface Line {
  readonly pool: Pool
  open: number
  /** The last connection could not be made. */
  isDown: boolean
}

/**
 * The keep-alive connections of one client: a pool an origin, or an origin at one pinned address; the pool that was used
 * longest ago goes when there are too many. HTTP/1.1 only: the token endpoint of CXone is reported to fail over
 * HTTP/2. No agent of undici's in between: it passes each pool's events on, which costs a tenth of a request.
 */
export class Connections {
  readonly #undici: Undici
  readonly #options: ConnectionOptions
  readonly #proxy: ProxyAgent | undefined
  readonly #lines = new Map<string, Line>()
  #last: { readonly key: string; readonly pool: Pool } | undefined

  constructor(library: Undici, options: ConnectionOptions) {
    this.#undici = library
    this.#options = options
    const { proxy, tls } = options
    if (!proxy) return
    this.#proxy = new library.ProxyAgent({
      ...this.#common(options.connectionsPerOrigin),
      uri: proxy.url,
      ...(proxy.username || proxy.password ? { token: basic(proxy) } : {}),
      requestTls: { ...tls, timeout: CONNECT_TIMEOUT_MS },
    })
  }

  /** The dispatcher for a URL whose host is looked up. */
  for(url: URL): Dispatcher {
    return this.#proxyFor(url) ?? this.#pool(url.origin, url.origin)
  }

  /**
   * The ways to a URL by addresses that were looked up before, the best one first: those that former attempts have not used, with
   * open connections, that were not down the last time; then as they are given.
   *
   * @throws `CONFIG_INVALID` where a proxy stands between, which looks names up itself.
   */
  routes(url: URL, target: ConnectTarget): readonly Route[] {
    if (this.#proxyFor(url)) throw notThroughProxy(url, this.#options.proxy?.url ?? '')
    const { origin } = url
    const { others = [], avoid = [], port } = target
    const ways = [target.address, ...others].map((address) => {
      const key = `${origin} ${address} ${port ?? ''}`
      const line = this.#lines.get(key)
      const isOpen = line !== undefined && line.open > 0
      const rank = isOpen ? 0 : line?.isDown === true ? 2 : 1
      const dispatcher = (): Dispatcher => this.#pool(key, origin, { address, port })
      return { address, isOpen, dispatcher, rank: rank + 3 * (avoid.indexOf(address) + 1) }
    })
    if (ways.length > 1) ways.sort((one, other) => one.rank - other.rank)
    return ways.length > MAX_TRIES ? ways.slice(0, MAX_TRIES) : ways
  }

  /** Ends all connections; what is in flight fails. */
  async close(): Promise<void> {
    const all: Dispatcher[] = [...this.#lines.values()].map(({ pool }) => pool)
    if (this.#proxy) all.push(this.#proxy)
    this.#lines.clear()
    this.#last = undefined
    await Promise.all(all.map((part) => part.destroy()))
  }

  #proxyFor(url: URL): ProxyAgent | undefined {
    return this.#proxy && !bypassesProxy(url, this.#options.proxy?.noProxy ?? []) ? this.#proxy : undefined
  }

  #pool(key: string, origin: string, pin?: Peer): Pool {
    if (this.#last?.key === key) return this.#last.pool
    const line = this.#lines.get(key) ?? this.#newLine(origin, pin)
    this.#lines.delete(key) // to the end: the map's order is the order of use
    this.#lines.set(key, line)
    this.#last = { key, pool: line.pool }
    if (this.#lines.size > MAX_POOLS) this.#dropOldest()
    return line.pool
  }

  #newLine(origin: string, pin: Peer | undefined): Line {
    const options = { ...this.#options.tls, allowH2: false, timeout: CONNECT_TIMEOUT_MS }
    const connect = this.#undici.buildConnector(options)
    const pool = new this.#undici.Pool(origin, {
      ...this.#common(this.#options.connectionsPerOrigin),
      connect: pin ? pinned(connect, pin) : connect,
    })
    const line: Line = { pool, open: 0, isDown: false }
    if (!pin) return line
    pool.on('connect', () => {
      line.open += 1
      line.isDown = false
    })
    pool.on('disconnect', () => void (line.open -= 1))
    pool.on('connectionError', () => void (line.isDown = true))
    return line
  }

  #common(connections = 128): Pool.Options {
    // The attempt's own timer covers everything.
    return { connections, allowH2: false, headersTimeout: 0, bodyTimeout: 0 }
  }

  #dropOldest(): void {
    for (const [key, { pool }] of this.#lines) {
      this.#lines.delete(key)
      void pool.close().catch(() => undefined) // lets its requests end
      return
    }
  }
}

/** Where a pinned connection goes. */
interface Peer {
  readonly address: string
  readonly port: number | undefined
}

// Only the address is exchanged: `host` and `servername` keep the name for TLS and the Host header.
const pinned =
  (connect: buildConnector.connector, { address, port }: Peer): buildConnector.connector =>
  (options, callback) =>
    connect({ ...options, hostname: address, port: String(port ?? options.port) }, callback)

function notThroughProxy({ hostname }: URL, proxy: string): PaletteError {
  const by = URL.parse(proxy)?.host ?? 'its proxy'
  const fix = `turn \`connectTo\` off, or add \`${hostname}\` to the hosts that are reached without proxy`
  return configError(
    'connectTo',
    `Property \`connectTo\`: \`${hostname}\` is reached through the proxy \`${by}\`, which looks names up itself; ${fix}`,
  )
}

const basic = ({ username = '', password = '' }: ProxyOptions): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
