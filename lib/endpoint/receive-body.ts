import { configError } from '../errors.ts'
import { decodeBody } from './decode-body.ts'
import { headerOf, type IncomingRequest } from './http.ts'
import { announcedBytes, bodyTooLarge, readBody, type BodyBudget } from './read-body.ts'
import { readVariables, variablesOf, type Variables } from './variables.ts'

/** How a body is received. */
interface ReceiveOptions {
  readonly maxBytes: number
  readonly budget: Pick<BodyBudget, 'take' | 'give'>
  /** Whether `check` looks at the body. */
  readonly needsRawBody: boolean
  /** Looks at the raw body before anything is made of it. */
  readonly check: (raw: Buffer) => void
}

/** What a body says. */
interface Received {
  readonly text: string
  readonly variables: Variables
}

/**
 * Reads the body of a request, or takes what a body parser before us has left of it.
 *
 * @throws as `readBody`, `decodeBody`, `readVariables` and `check` do; `CONFIG_INVALID` where the raw body is needed and gone.
 */
export async function receiveBody(request: IncomingRequest, options: ReceiveOptions): Promise<Received> {
  const { maxBytes, budget, check } = options
  if (request.readableDidRead) return takeBody(request, options)
  const raw = await readBody(request, maxBytes, budget)
  check(raw)
  return understand(await decodeBody(raw, request, maxBytes), request)
}

const understand = (text: string, request: IncomingRequest): Received => ({
  text,
  variables: readVariables(text, headerOf(request, 'content-type')),
})

async function takeBody(request: IncomingRequest, options: ReceiveOptions): Promise<Received> {
  const { maxBytes, needsRawBody, check } = options
  const { body, rawBody } = request
  const kept = rawBody ?? body
  if (typeof kept === 'string' || kept instanceof Uint8Array) {
    const raw = Buffer.from(kept as Uint8Array)
    if (raw.length > maxBytes) throw bodyTooLarge(maxBytes)
    check(raw)
    const headers = { ...request.headers, 'content-encoding': undefined } // whoever has read it has undone it
    return understand(await decodeBody(raw, { headers }, maxBytes), request)
  }
  if ((announcedBytes(request) ?? 0) > maxBytes) throw bodyTooLarge(maxBytes)
  if (needsRawBody)
    throw configError(
      'authMode',
      'Property `authMode`: a signature needs the raw body, but something before this node has parsed it',
    )
  check(Buffer.alloc(0))
  const given = body ?? {}
  return { text: JSON.stringify(given), variables: variablesOf(given) }
}
