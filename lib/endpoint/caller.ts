import type { AuthMode } from './authenticate.ts'
import type { IncomingRequest } from './http.ts'

/**
 * Tells callers apart. All who passed an authentication of ours hold the same credential and are one; without one, the address
 * counts, and whatever a guard in front of the endpoint may have looked at.
 */
export function callerOf(request: IncomingRequest, authMode: AuthMode): string {
  if (authMode !== 'none') return ''
  const address = request.ip ?? request.socket.remoteAddress ?? ''
  const { authorization = '', cookie = '' } = request.headers
  return `${address}\n${String(authorization)}\n${String(cookie)}`
}
