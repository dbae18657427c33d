import { activeTrace } from '../../lib/correlation/active-trace.ts'
import {
  arrivingCorrelationId,
  newCorrelationId,
  readCorrelationId,
} from '../../lib/correlation/correlation.ts'
import { inputError, show } from '../../lib/errors.ts'
import type { Message } from './types.ts'

/** Gives the message its correlation id, unless it has one. @throws `INPUT_INVALID` for a wrong `msg.cxone`. */
export function correlate(msg: Message): string {
  const place: unknown = msg.cxone
  if (place === undefined) {
    const made = firstCorrelationId(msg)
    msg.cxone = { correlationId: made }
    return made
  }
  if (typeof place !== 'object' || place === null || Array.isArray(place)) {
    throw inputError('msg.cxone', `Expected \`msg.cxone\` to be an object, got ${show(place)}`)
  }
  const cxone = place as Record<string, unknown>
  const known = readCorrelationId(cxone['correlationId']) ?? firstCorrelationId(msg)
  cxone['correlationId'] = known
  return known
}

// The one that it came with from another system, or that its trace has already.
const firstCorrelationId = (msg: Message): string =>
  arrivingCorrelationId(msg) ?? activeTrace()?.correlationId ?? newCorrelationId()
