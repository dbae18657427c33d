import { correlationOf } from '../correlation/correlation.ts'
import type { Clock } from '../ports.ts'
import { failureAnswer } from './answer.ts'
import type { IncomingRequest, OutgoingResponse } from './http.ts'
import { Visit, type VisitReport } from './visit.ts'

/** What {@link refuse} needs. */
interface RefusePorts {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>
  readonly newId: () => string
}

/** Answers with 503 for an endpoint that is not set up. */
export function refuse(
  request: IncomingRequest,
  response: OutgoingResponse,
  error: unknown,
  { clock, newId }: RefusePorts,
): VisitReport {
  const correlationId = correlationOf(request.headers) ?? newId()
  const startedAt = clock.monotonic()
  const visit = new Visit({
    request,
    response,
    correlationId,
    isSimulated: false,
    startedAt,
    dueAt: startedAt,
    onDue: () => undefined,
  })
  const answer = { ...failureAnswer(error, { correlationId }), status: 503, sentStatus: 503 }
  visit.send(answer, clock)
  return {
    correlationId,
    status: 503,
    code: answer.code,
    latencyMs: 0,
    isReplayed: false,
    isSimulated: false,
  }
}
