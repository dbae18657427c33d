import type { HealthReport } from '../health/health.ts'
import type { IncomingRequest, OutgoingResponse } from './http.ts'

/** Answers a request for a document: GET and HEAD alone. */
export function sendDocument(
  request: Pick<IncomingRequest, 'method'>,
  response: OutgoingResponse,
  status: number,
  document: object,
): void {
  const { method } = request
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 })
    response.end()
    return
  }
  const body = JSON.stringify(document)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(method === 'HEAD' ? undefined : body)
}

/** Answers whether the runtime is ready: 200, or 503 with what is not. */
export function sendHealth(
  request: Pick<IncomingRequest, 'method'>,
  response: OutgoingResponse,
  { ok, dependencies }: HealthReport,
): void {
  sendDocument(request, response, ok ? 200 : 503, { status: ok ? 'ready' : 'not ready', dependencies })
}
