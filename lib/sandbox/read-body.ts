import type { IncomingMessage } from 'node:http'
import { refusal } from './http-types.ts'

const MAX_BYTES = 1024 * 1024
/** What is read and thrown away of a body that is too large, so that the caller gets to read the refusal. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024

/** The whole body. Refuses with 413 above 1 MiB; rejects when the caller goes away. */
export function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let bytes = 0
    incoming.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= MAX_BYTES) pieces.push(piece)
      else pieces.length = 0
      if (bytes > MAX_DISCARDED_BYTES) incoming.destroy()
    })
    incoming.on('end', () => {
      if (bytes > MAX_BYTES)
        reject(refusal(413, 'too_large', `Expected a body of at most ${MAX_BYTES} bytes`))
      else resolve(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces))
    })
    incoming.on('error', reject)
    incoming.on('close', () => {
      if (!incoming.complete) reject(new Error('the caller went away'))
    })
  })
}
