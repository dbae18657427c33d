import type * as undici from 'undici'
import type { Agent, buildConnector, Dispatcher, Pool, ProxyAgent } from 'undici'
import type { ConnectTarget } from '../ports.ts'
import { bypassesProxy } from './no-proxy.ts'

type Undici = typeof undici

/** TLS options as node:tls takes them; `tls-config` nodes of Node-RED fill them. */
export type TlsOptions = Readonly<Record<string, unknown>>

/** A forward proxy. The credentials go into `Proxy-Authorization` and nowhere else. */
export interface ProxyOptions {
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
const MAX_PINNED = 64
const PINNED_CONNECTIONS = 8

/**
 * The keep-alive connections of one client: an agent with a pool an origin, a proxy where one is set, and small pools
 * for pinned addresses, of which the one that was used longest ago goes when there are too many. HTTP/1.1 only: the
 * token endpoint of CXone is reported to fail over HTTP/2.
 */
export class Connections {
  readonly #undici: Undici
  readonly #options: ConnectionOptions
  readonly #direct: Agent
  readonly #proxy: ProxyAgent | undefined
  readonly #pinned = new Map<string, Pool>()

  constructor(library: Undici, options: ConnectionOptions) {
    this.#undici = library
    this.#options = options
    const common = {
      connections: options.connectionsPerOrigin ?? 128,
      allowH2: false,
      headersTimeout: 0, // the attempt's own timer covers everything
      bodyTimeout: 0,
    }
    const connect = { ...options.tls, timeout: CONNECT_TIMEOUT_MS }
    this.#direct = new library.Agent({ ...common, connect })
    const { proxy } = options
    if (!proxy) return
    this.#proxy = new library.ProxyAgent({
      ...common,
      uri: proxy.url,
      ...(proxy.username || proxy.password ? { token: basic(proxy) } : {}),
      requestTls: connect,
    })
  }

  /** The dispatcher for a URL; for a pinned address, one that connects nowhere else. */
  for(url: URL, target: ConnectTarget | undefined): Dispatcher {
    if (target) return this.#pinnedTo(url, target)
    if (this.#proxy && !bypassesProxy(url, this.#options.proxy?.noProxy ?? [])) return this.#proxy
    return this.#direct
  }

  /** Ends all connections; what is in flight fails. */
  async close(): Promise<void> {
    const all: Dispatcher[] = [this.#direct, ...this.#pinned.values()]
    if (this.#proxy) all.push(this.#proxy)
    this.#pinned.clear()
    await Promise.all(all.map((part) => part.destroy()))
  }

  #pinnedTo(url: URL, target: ConnectTarget): Pool {
    const key = `${url.origin} ${target.address} ${target.port ?? ''}`
    const known = this.#pinned.get(key)
    this.#pinned.delete(key) // to the end: the map's order is the order of use
    const pool = known ?? this.#newPinned(url, target)
    this.#pinned.set(key, pool)
    if (this.#pinned.size > MAX_PINNED) this.#dropOldest()
    return pool
  }

  #newPinned(url: URL, target: ConnectTarget): Pool {
    const make = this.#undici.buildConnector({
      ...this.#options.tls,
      allowH2: false,
      timeout: CONNECT_TIMEOUT_MS,
    })
    // Only the address is exchanged: `host` and `servername` keep the name for TLS and the Host header.
    const connect: buildConnector.connector = (options, callback) =>
      make({ ...options, hostname: target.address, port: String(target.port ?? options.port) }, callback)
    return new this.#undici.Pool(url.origin, {
      connect,
      connections: PINNED_CONNECTIONS,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  #dropOldest(): void {
    for (const [key, pool] of this.#pinned) {
      this.#pinned.delete(key)
      void pool.close().catch(() => undefined) // lets its requests end
      return
    }
  }
}

const basic = ({ username = '', password = '' }: ProxyOptions): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
