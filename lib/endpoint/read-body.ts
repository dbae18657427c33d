import { abortedError, PaletteError } from '../errors.ts'
import { headerOf, type IncomingRequest } from './http.ts'

/** Bounds the bytes of bodies that are not complete: many slow callers together hold no more than this. */
export class BodyBudget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  /** False where nothing is left. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}

/** A body that is larger than the limit. */
export const bodyTooLarge = (maxBytes: number): PaletteError =>
  new PaletteError('ENDPOINT_TOO_LARGE', `Expected a body of at most ${maxBytes} bytes`, {
    details: { maxBodyBytes: maxBytes },
  })

/** The bytes that the request announces; undefined where it does not. */
export function announcedBytes(request: Pick<IncomingRequest, 'headers'>): number | undefined {
  const header = headerOf(request, 'content-length')
  if (header !== undefined) return Number(header)
  return headerOf(request, 'transfer-encoding') === undefined ? 0 : undefined
}

/**
 * The raw body. What comes after a rejection is not kept.
 *
 * @throws `ENDPOINT_TOO_LARGE`; `ENDPOINT_BUSY` where the budget is used up; `ABORTED` when the caller goes away.
 */
export function readBody(
  request: IncomingRequest,
  maxBytes: number,
  budget: Pick<BodyBudget, 'take' | 'give'>,
): Promise<Buffer> {
  const announced = announcedBytes(request)
  if (announced === 0) return Promise.resolve(Buffer.alloc(0))
  if (announced !== undefined && announced > maxBytes) return Promise.reject(bodyTooLarge(maxBytes))
  return new Promise((resolve, reject) => {
    let pieces: Buffer[] = []
    let bytes = 0
    const free = (): void => {
      budget.give(bytes)
      bytes = 0
      pieces = []
    }
    const onData = (piece: Buffer): void => {
      if (bytes + piece.length <= maxBytes && budget.take(piece.length)) {
        pieces.push(piece)
        bytes += piece.length
        return
      }
      request.off('data', onData)
      reject(bytes + piece.length > maxBytes ? bodyTooLarge(maxBytes) : busyReading())
      free()
    }
    request.on('data', onData)
    request.on('end', () => {
      const [only] = pieces
      resolve(only && pieces.length === 1 ? only : Buffer.concat(pieces))
      free()
    })
    request.on('close', () => {
      free()
      if (!request.complete) reject(abortedError('The request'))
    })
  })
}

const busyReading = (): PaletteError =>
  new PaletteError('ENDPOINT_BUSY', 'Too many large requests are being received; try again in a moment')
