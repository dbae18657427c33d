import { ERROR_TABLE, PaletteError, type ErrorCode } from '../errors.ts'
import { answerDetails } from '../http/answer-details.ts'
import type { Mask } from '../http/body-excerpt.ts'
import { safeUrl } from '../http/safe-url.ts'
import type { Exchange } from '../http/retry.ts'

/** One answered call, as its error needs it. */
export interface Answered {
  readonly method: string
  readonly url: string
  readonly exchange: Exchange
  readonly mask: Mask
  readonly nowMs: number
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'CXONE_UNAUTHORIZED',
  403: 'CXONE_FORBIDDEN',
  404: 'CXONE_NOT_FOUND',
  408: 'TIMEOUT',
  409: 'CXONE_CONFLICT',
  412: 'CXONE_CONFLICT',
  429: 'CXONE_RATE_LIMITED',
}

/** The error of an answer whose status is no success: the codes of section 4 of the contract. */
export function answerError(answered: Answered): PaletteError {
  const { status } = answered.exchange.response
  const code = CODES[status] ?? codeOfClass(status)
  const scope = code === 'CXONE_FORBIDDEN' ? neededScope(answered) : undefined
  return new PaletteError(code, messageOf(code, answered, scope), {
    details: { ...answerDetails(answered.exchange, answered), ...(scope === undefined ? {} : { scope }) },
  })
}

/** The error of a success that is not what the API promises. */
export function unexpectedAnswer(answered: Answered, why: string): PaletteError {
  return new PaletteError('CXONE_UNEXPECTED_RESPONSE', `${what(answered)}: ${why}`, {
    details: answerDetails(answered.exchange, answered),
  })
}

function codeOfClass(status: number): ErrorCode {
  if (status >= 500) return 'CXONE_SERVER_ERROR'
  return status >= 400 ? 'CXONE_BAD_REQUEST' : 'CXONE_UNEXPECTED_RESPONSE'
}

function messageOf(code: ErrorCode, answered: Answered, scope: string | undefined): string {
  const { attempts } = answered.exchange
  const tries = attempts > 1 ? ` after ${attempts} attempts` : ''
  switch (code) {
    case 'CXONE_UNAUTHORIZED':
      return `${what(answered)} also with a new token; check the tenant and area of the credentials`
    case 'CXONE_FORBIDDEN':
      return `${what(answered)}: grant the client ${scope ? `the scope \`${scope}\`` : 'the scope or role that this call needs'}`
    case 'CXONE_NOT_FOUND':
      return `${what(answered)}: nothing is there; check the id and the tenant`
    case 'CXONE_UNEXPECTED_RESPONSE':
      return `${what(answered)}: redirects are not followed; check the API base and the path`
    default:
      return `${what(answered)}${tries}: ${fixOf(code)}`
  }
}

// The catalogue's advice, within a sentence.
function fixOf(code: ErrorCode): string {
  const { fix } = ERROR_TABLE[code]
  return fix.charAt(0).toLowerCase() + fix.slice(1)
}

const what = ({ method, url, exchange }: Answered): string =>
  `${method} ${safeUrl(url)} was answered with status ${exchange.response.status}`

// RFC 6750 section 3: `WWW-Authenticate: Bearer error="insufficient_scope", scope="..."`. Else what these paths are
// known to need.
function neededScope({ method, url, exchange }: Answered): string | undefined {
  const told = /scope="([\w:./ -]{1,200})"/.exec(exchange.response.headers['www-authenticate'] ?? '')?.[1]
  if (told !== undefined) return told
  const path = URL.parse(url)?.pathname ?? ''
  if (/\/data-actions\/[^/]+\/execute$/.test(path)) return 'data-actions:execute'
  const verb = method === 'GET' || method === 'HEAD' ? 'read' : 'write'
  if (path.includes('/data-actions')) return `data-actions:${verb}`
  return path.includes('/integrations/') ? `integrations:${verb}` : undefined
}
