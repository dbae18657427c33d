import { ERROR_TABLE, inputError, PaletteError, type ErrorCode } from '../errors.ts'
import { failureAnswer, type Answer, type ErrorStatus } from './answer.ts'
import { exchangeIdOf, type Exchange, type Exchanges, type MaybeAnswer } from './exchange.ts'
import { resultAnswer, type ResultLimits } from './result-json.ts'

/** How messages are made into answers. */
export interface AnswerSettings extends ResultLimits {
  readonly errorStatus: ErrorStatus
}

/** A message that ends an exchange. */
interface Ending extends MaybeAnswer {
  readonly payload?: unknown
  /** Set by a Catch node. */
  readonly error?: unknown
}

/** What became of a message: `late` where its request was answered before. */
export interface Ended {
  readonly state: 'answered' | 'late'
  /** The code of a failure that was answered. */
  readonly code?: ErrorCode | undefined
}

/**
 * Answers the request that a message belongs to: with its payload, or as a failure where it comes from a Catch node
 * (`msg.error`).
 *
 * @throws `INPUT_INVALID` for a message of no request; `ENDPOINT_RESPONSE_TOO_LARGE` and `ENDPOINT_RESULT_INVALID`, once the
 * caller has been told.
 */
export function answerMessage(msg: Ending, exchanges: Exchanges, settings: AnswerSettings): Ended {
  const exchange = exchanges.of(msg)
  if (!exchange) {
    if (exchangeIdOf(msg) !== undefined) return { state: 'late' }
    throw inputError(
      'msg.cxone.endpoint.id',
      'Expected a message that began at an `action-in` node: `msg.cxone.endpoint.id` is missing',
    )
  }
  const { error } = msg
  if (error !== undefined && error !== null)
    return end(exchange, failureAnswer(caughtError(error, msg), tell(exchange, settings)))
  return end(exchange, resultOrFailure(msg.payload, exchange, settings))
}

/** How a node's status tells it. */
export function describeEnd({ state, code }: Ended): [text: string, kind: 'ready' | 'degraded'] {
  if (state === 'late') return ['answered before', 'degraded']
  return code === undefined ? ['answered', 'ready'] : [code, 'degraded']
}

const tell = ({ correlationId }: Exchange, { errorStatus }: AnswerSettings) => ({
  correlationId,
  errorStatus,
})

function end(exchange: Exchange, answer: Answer): Ended {
  exchange.answer(answer)
  return { state: 'answered', code: answer.code }
}

function resultOrFailure(result: unknown, exchange: Exchange, settings: AnswerSettings): Answer {
  try {
    return resultAnswer(result, settings)
  } catch (error) {
    exchange.answer(failureAnswer(error, tell(exchange, settings)))
    throw error
  }
}

/** The error that a Catch node tells of; our wrapper leaves the details beside it. */
function caughtError(error: unknown, { cxone }: MaybeAnswer): unknown {
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_TABLE, code)) return error
  const beside = (cxone as { error?: { code?: unknown; details?: unknown } } | undefined)?.error
  const details = beside?.code === code ? (beside.details as Record<string, unknown> | undefined) : undefined
  return new PaletteError(code as ErrorCode, '', { details: details ?? {} })
}
