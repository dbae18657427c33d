import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls'
import type { Connection } from './connection.ts'

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const CANCEL_CODE = 80_877_102

/**
 * Asks the server to cancel what runs on a connection (CancelRequest, over a connection of its own, through TLS where
 * the first one uses it). Resolves once the server has passed it on, which it tells by closing; rejects where it cannot
 * be reached. The connection must be held until then, or the cancel would hit the next user's query.
 */
export function requestCancel(connection: Connection, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const { peer, tls } = connection
    if (!peer) {
      reject(new Error('The connection is gone'))
      return
    }
    const socket = connect(peer)
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('No answer to the cancel request')))
    socket.once('error', reject)
    socket.once('connect', () => {
      if (tls) encrypt(socket, tls, (secure) => finish(secure, connection, resolve, reject), reject)
      else finish(socket, connection, resolve, reject)
    })
  })
}

function encrypt(
  socket: Socket,
  tls: TlsOptions,
  use: (secure: Socket) => void,
  reject: (error: Error) => void,
): void {
  socket.write(SSL_REQUEST)
  socket.once('data', (answer) => {
    if (answer[0] !== 0x53) {
      socket.destroy(new Error('The server takes no cancel request through TLS'))
      return
    }
    const secure = connectTls({ ...tls, socket })
    secure.once('error', reject)
    secure.once('secureConnect', () => use(secure))
  })
}

function finish(
  socket: Socket,
  { key }: Connection,
  resolve: () => void,
  reject: (error: Error) => void,
): void {
  const message = Buffer.alloc(16)
  message.writeInt32BE(16, 0)
  message.writeInt32BE(CANCEL_CODE, 4)
  message.writeInt32BE(key.processID, 8)
  message.writeInt32BE(key.secretKey, 12)
  socket.once('error', reject)
  socket.once('close', () => resolve())
  socket.resume()
  socket.write(message)
}
