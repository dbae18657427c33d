import { toPaletteError } from './on-input.ts'
import type { NodeAPI } from './types.ts'

/** The parts of an Express request and response that admin routes use. */
interface AdminRequest {
  readonly params: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
}
export interface AdminResponse {
  status(code: number): AdminResponse
  type(name: string): AdminResponse
  json(body: unknown): void
  send(body: string): void
}

/**
 * An admin route of the editor behind one of Node-RED's permissions. The handler's value is answered as JSON (text
 * when it is a string); an error as `{code, message, details}` with status 400.
 */
export function adminRoute(
  RED: NodeAPI,
  method: 'get' | 'post',
  path: string,
  permission: string,
  handler: (request: AdminRequest) => Promise<unknown>,
): void {
  const respond = async (request: AdminRequest, response: AdminResponse): Promise<void> => {
    try {
      const answer = await handler(request)
      if (typeof answer === 'string') response.type('text/plain').send(answer)
      else response.json(answer)
    } catch (error) {
      const { code, message, details } = toPaletteError(error)
      response.status(400).json({ code, message, details })
    }
  }
  RED.httpAdmin[method](path, RED.auth.needsPermission(permission), (request, response) => {
    void respond(request, response)
  })
}
