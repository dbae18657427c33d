import type { Socket } from 'node:net'
import { openTcp, type TcpAttempt, type TcpCall } from './tcp.ts'

/** A forward proxy; the credentials go into `Proxy-Authorization` and nowhere else. */
export interface DoctorProxy {
  readonly url: string
  readonly username?: string
  readonly password?: string
  readonly noProxy?: readonly string[]
}

/** How a tunnel through a proxy was opened. */
export interface TunnelAttempt {
  readonly attempt: TcpAttempt
  /** Status of the proxy's answer to CONNECT; null without one. */
  readonly status: number | null
}

/** Where to, through which proxy. The address of the call is the proxy's. */
export interface TunnelCall extends TcpCall {
  readonly proxy: DoctorProxy
  readonly target: string
}

const MAX_HEAD = 16_384

/** Opens a tunnel (RFC 9110, 9.3.6); the socket is there when the status is 2xx. Never rejects. */
export async function openTunnel(call: TunnelCall): Promise<TunnelAttempt & { readonly socket?: Socket }> {
  const { attempt, socket } = await openTcp(call)
  if (!socket) return { attempt, status: null }
  socket.write(connectRequest(call))
  const status = await readStatus(socket, call)
  const isOpen = status !== null && status >= 200 && status < 300
  if (isOpen) return { attempt, status, socket }
  socket.destroy()
  return { attempt, status }
}

function connectRequest({ target, proxy }: TunnelCall): string {
  const { username = '', password = '' } = proxy
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  const authorization = username || password ? `Proxy-Authorization: Basic ${basic}\r\n` : ''
  return `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`
}

function readStatus(socket: Socket, { clock, timeoutMs, signal }: TunnelCall): Promise<number | null> {
  return new Promise((resolve) => {
    let head = ''
    const end = (status: number | null): void => {
      cancel()
      socket.off('data', onData).off('close', onClose)
      signal?.removeEventListener('abort', onClose)
      socket.pause()
      resolve(status)
    }
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n') && head.length < MAX_HEAD) return
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]
      end(status === undefined ? null : Number(status))
    }
    const onClose = (): void => end(null)
    const cancel = clock.after(timeoutMs, () => end(null))
    socket.on('data', onData).once('close', onClose)
    signal?.addEventListener('abort', onClose, { once: true })
    if (signal?.aborted) onClose()
  })
}
