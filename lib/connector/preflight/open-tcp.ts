import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { abortReason } from '../../concurrency/abort.ts'
import { within } from '../../concurrency/within.ts'
import type { Clock } from '../../ports.ts'
import { preflightError } from './facts.ts'

/** How long each step may take, in milliseconds. */
export const STEP_MS = 5000

/** An open connection. */
export interface Opened {
  readonly socket: Socket
  readonly address: string
  readonly connectMs: number
}

/** Connects to the first address that answers. @throws `CONNECTOR_UNREACHABLE`, `ABORTED` */
export async function openTcp(
  addresses: readonly string[],
  port: number,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<Opened> {
  const reasons: string[] = []
  for (const address of addresses) {
    const started = clock.monotonic()
    const socket = connect({ host: address, port })
    try {
      const late = `no answer within ${STEP_MS} ms`
      await within(once(socket, 'connect'), { clock, timeoutMs: STEP_MS, late, signal })
      return { socket, address, connectMs: Math.round((clock.monotonic() - started) * 1000) / 1000 }
    } catch (error) {
      socket.on('error', () => undefined).destroy()
      if (signal?.aborted) throw abortReason(signal)
      reasons.push(`${address}: ${(error as Error).message}`)
    }
  }
  throw preflightError('connect', `no connection to port ${port}`, reasons.join('; '), { addresses, port })
}
