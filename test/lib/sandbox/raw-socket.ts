import { connect } from 'node:net'

/** What came back on a connection until its end, and whether it ended by a reset. */
export interface RawAnswer {
  readonly text: string
  readonly reset: boolean
}

/** Sends bytes on a connection of its own and reads until the other side closes. */
export function sendRaw(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const pieces: Buffer[] = []
    let reset = false
    socket.on('data', (piece) => pieces.push(piece))
    socket.on('error', () => {
      reset = true
    })
    socket.on('close', () => resolve({ text: Buffer.concat(pieces).toString('latin1'), reset }))
  })
}
