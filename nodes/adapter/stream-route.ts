import type { AdminResponse } from './admin-route.ts'
import { toPaletteError } from './on-input.ts'
import type { NodeAPI } from './types.ts'

/** The parts of an Express request and response that such a route uses. */
interface StreamRequest {
  readonly body: unknown
}
interface StreamResponse extends AdminResponse {
  write(chunk: string): void
  end(): void
  on(event: 'close', listener: () => void): void
}

/**
 * An admin route that tells what it finds while it works: each item is a line of JSON (NDJSON). An error before the first
 * is status 400 with `{code, message, details}`; a later one is the last line, `{error: {code, message, details}}`. The signal
 * aborts when the editor no longer listens.
 */
export function streamRoute(
  RED: NodeAPI,
  path: string,
  permission: string,
  handler: (body: unknown, signal: AbortSignal) => AsyncIterable<unknown>,
): void {
  const respond = async ({ body }: StreamRequest, response: StreamResponse): Promise<void> => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    let isBegun = false
    try {
      for await (const item of handler(body, gone.signal)) {
        if (!isBegun) response.type('application/x-ndjson')
        isBegun = true
        response.write(`${JSON.stringify(item)}\n`)
      }
    } catch (error) {
      const { code, message, details } = toPaletteError(error)
      if (!isBegun) {
        response.status(400).json({ code, message, details })
        return
      }
      response.write(`${JSON.stringify({ error: { code, message, details } })}\n`)
    }
    response.end()
  }
  RED.httpAdmin.post(path, RED.auth.needsPermission(permission), (request, response) => {
    void respond(request, response)
  })
}
