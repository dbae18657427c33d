import type { Socket } from 'node:net'
import { bypassesProxy } from '../../http/no-proxy.ts'
import { isIpAddress } from '../../dns/addresses.ts'
import { openTcp, type TcpAttempt, type TcpFailure } from './tcp.ts'
import type { TlsSettings } from './tls.ts'
import { openTunnel, type DoctorProxy } from './tunnel.ts'
import type { StepCall } from '../steps/step.ts'
import { placeText, type Target } from '../targets.ts'

/** The way to hosts: TLS settings, and the proxy if there is one. */
export interface RouteOptions {
  readonly tls?: TlsSettings
  readonly proxy?: DoctorProxy
}

/** The proxy that a target is reached through, as host and port. */
export interface ProxyPlace {
  readonly proxy: DoctorProxy
  readonly host: string
  readonly port: number
}

/** Whether a target is reached through the proxy, by the rules of the palette's own connections. */
export function proxyFor(target: Target, proxy: DoctorProxy | undefined): ProxyPlace | undefined {
  const url = new URL(`${target.isTls ? 'https' : 'http'}://${target.id}`)
  if (!proxy || target.connectTo || bypassesProxy(url, proxy.noProxy ?? [])) return undefined
  const place = URL.parse(proxy.url)
  if (!place) return undefined
  const port = place.port === '' ? (place.protocol === 'https:' ? 443 : 80) : Number(place.port)
  return { proxy, host: place.hostname.replace(/^\[|\]$/g, ''), port }
}

/** An open connection to a target, or how it failed. */
export type Opened =
  | { readonly socket: Socket; readonly attempt: TcpAttempt; readonly status?: number }
  | { readonly failure: TcpFailure | 'proxy'; readonly attempt: TcpAttempt; readonly status: number | null }

/** Opens a connection to a target at one of its addresses, or through the proxy. Never rejects. */
export async function openWay(
  target: Target,
  address: string,
  by: ProxyPlace | undefined,
  { clock, timeoutMs, signal }: StepCall,
): Promise<Opened> {
  const common = { clock, timeoutMs, signal }
  if (!by) {
    const port = target.connectTo?.port ?? target.port
    const { attempt, socket } = await openTcp({ ...common, address, port })
    if (socket) return { socket, attempt }
    return { failure: failureOf(attempt), attempt, status: null }
  }
  const { socket, attempt, status } = await openTunnel({
    ...common,
    address: by.host,
    port: by.port,
    proxy: by.proxy,
    // The proxy looks the name up.
    target: placeText(target.host, target.port),
  })
  if (socket) return { socket, attempt, ...(status === null ? {} : { status }) }
  const failure = attempt.outcome === 'connected' ? 'proxy' : failureOf(attempt)
  return { failure, attempt, status }
}

const failureOf = ({ outcome }: TcpAttempt): TcpFailure => (outcome === 'connected' ? 'other' : outcome)

/** Whether an address is one of IPv6. */
export const isIpv6 = (address: string): boolean => isIpAddress(address) && address.includes(':')
