import { connect, type Socket } from 'node:net'
import type { Clock } from '../../ports.ts'

/** Where to connect, and how long to try. */
export interface TcpCall {
  readonly address: string
  readonly port: number
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/** How a connection failed. */
export type TcpFailure = 'timeout' | 'refused' | 'reset' | 'unreachable' | 'other'

/** How one attempt to connect went. */
export interface TcpAttempt {
  readonly address: string
  readonly port: number
  readonly outcome: 'connected' | TcpFailure
  /** Milliseconds, one decimal. */
  readonly latencyMs: number
  /** The address of this machine that it went out from. */
  readonly localAddress: string | null
  /** Code of the system, where it failed. */
  readonly code: string | null
}

/** Connects; the socket is there when the outcome is `connected`. Never rejects. */
export function openTcp(call: TcpCall): Promise<{ readonly attempt: TcpAttempt; readonly socket?: Socket }> {
  const { address, port, clock, timeoutMs, signal } = call
  const started = clock.monotonic()
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    socket.on('error', () => undefined) // a later one is the user's
    const end = (outcome: TcpAttempt['outcome'], code: string | null = null): void => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
      const localAddress = socket.localAddress ?? null
      const latencyMs = tenths(clock.monotonic() - started)
      const attempt = { address, port, outcome, latencyMs, localAddress, code }
      if (outcome === 'connected') resolve({ attempt, socket })
      else {
        socket.destroy()
        resolve({ attempt })
      }
    }
    const onAbort = (): void => end('other', 'ABORTED')
    const cancel = clock.after(timeoutMs, () => end('timeout', 'ETIMEDOUT'))
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('connect', () => end('connected'))
    socket.once('error', (error) => end(...failureOf(error)))
    if (signal?.aborted) onAbort()
  })
}

const OUTCOMES: Readonly<Record<string, TcpFailure>> = {
  ETIMEDOUT: 'timeout',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EINVAL: 'unreachable', // a link-local address without a zone
}

function failureOf(error: Error): [TcpFailure, string] {
  const code = 'code' in error ? String(error.code) : error.name
  return [OUTCOMES[code] ?? 'other', code]
}

/** Milliseconds with one decimal. */
export const tenths = (ms: number): number => Math.round(ms * 10) / 10
