import type * as undici from 'undici'
import type { buildConnector, Dispatcher, Pool, ProxyAgent } from 'undici'
import type { ConnectTarget } from '../ports.ts'
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
const PINNED_CONNECTIONS = 8

/**
 * The keep-alive connections of one client: a pool an origin, or an origin at a pinned address; the pool that was used
 * longest ago goes when there are too many. HTTP/1.1 only: the token endpoint of CXone is reported to fail over
 * HTTP/2. No agent of undici's in between: it passes each pool's events on, which costs a tenth of a request.
 */
export class Connections {
  readonly #undici: Undici
  readonly #options: ConnectionOptions
  readonly #proxy: ProxyAgent | undefined
  readonly #pools = new Map<string, Pool>()
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

  /** The dispatcher for a URL; for a pinned address, one that connects nowhere else. */
  for(url: URL, target: ConnectTarget | undefined): Dispatcher {
    if (!target && this.#proxy && !bypassesProxy(url, this.#options.proxy?.noProxy ?? [])) return this.#proxy
    const key = target ? `${url.origin} ${target.address} ${target.port ?? ''}` : url.origin
    if (this.#last?.key === key) return this.#last.pool
    const known = this.#pools.get(key)
    this.#pools.delete(key) // to the end: the map's order is the order of use
    const pool = known ?? this.#newPool(url.origin, target)
    this.#pools.set(key, pool)
    this.#last = { key, pool }
    if (this.#pools.size > MAX_POOLS) this.#dropOldest()
    return pool
  }

  /** Ends all connections; what is in flight fails. */
  async close(): Promise<void> {
    const all: Dispatcher[] = [...this.#pools.values()]
    if (this.#proxy) all.push(this.#proxy)
    this.#pools.clear()
    this.#last = undefined
    await Promise.all(all.map((part) => part.destroy()))
  }

  #newPool(origin: string, target: ConnectTarget | undefined): Pool {
    const connections = target ? PINNED_CONNECTIONS : this.#options.connectionsPerOrigin
    const options = { ...this.#options.tls, allowH2: false, timeout: CONNECT_TIMEOUT_MS }
    const connect = this.#undici.buildConnector(options)
    return new this.#undici.Pool(origin, {
      ...this.#common(connections),
      connect: target ? pinned(connect, target) : connect,
    })
  }

  #common(connections = 128): Pool.Options {
    // The attempt's own timer covers everything.
    return { connections, allowH2: false, headersTimeout: 0, bodyTimeout: 0 }
  }

  #dropOldest(): void {
    for (const [key, pool] of this.#pools) {
      this.#pools.delete(key)
      void pool.close().catch(() => undefined) // lets its requests end
      return
    }
  }
}

// Only the address is exchanged: `host` and `servername` keep the name for TLS and the Host header.
const pinned =
  (connect: buildConnector.connector, target: ConnectTarget): buildConnector.connector =>
  (options, callback) =>
    connect({ ...options, hostname: target.address, port: String(target.port ?? options.port) }, callback)

const basic = ({ username = '', password = '' }: ProxyOptions): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
