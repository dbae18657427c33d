import { configError, show } from '../errors.ts'

/** Routes of the sandbox for which faults can be scripted. */
export const FAULT_ROUTES = [
  'token',
  'discovery',
  'lookup',
  'execute',
  'connector',
  'webhook',
  'request',
] as const

/** A route of the sandbox for which faults can be scripted. */
export type FaultRoute = (typeof FAULT_ROUTES)[number]

/** How the body of an answer is spoilt. */
export type BodyFault =
  | { readonly kind: 'bad-json' | 'html' | 'empty' }
  | { readonly kind: 'slow-body'; readonly ms: number }
  | { readonly kind: 'huge-body'; readonly bytes: number }

/** What happens to one request. Without any property the request is answered as usual. */
export interface FaultStep {
  /** Answered without doing the work. Left out: the usual answer. */
  readonly status?: number
  /** Seconds, seconds until an HTTP date, or a text that is sent as it stands. */
  readonly retryAfter?: { readonly kind: 'seconds' | 'date'; readonly s: number } | { readonly text: string }
  /** Milliseconds before anything else happens. */
  readonly delayMs?: number
  /** `drop`: the connection is cut before the work; `drop-mid-body`: after the work, in the midst of the answer. */
  readonly drop?: 'drop' | 'drop-mid-body'
  readonly body?: BodyFault
  /** The `Location` of a redirect (307 unless a status says otherwise). */
  readonly redirect?: string
  /** `expires_in` of a token answer: as text, left out, or this number of seconds. */
  readonly expiresIn?: 'string' | 'missing' | number
}

/** A step and how many requests it applies to; `Infinity` for all that follow. */
export interface FaultEntry extends FaultStep {
  readonly times: number
}

/** The faults of one route, in order. */
export interface FaultScript {
  readonly route: FaultRoute
  readonly steps: readonly FaultEntry[]
}

const DEFAULT_SLOW_MS = 5000
const DEFAULT_HUGE_BYTES = 32 * 1024 * 1024
const MAX_MS = 600_000
const MAX_BYTES = 1024 ** 3
const MAX_TIMES = 1_000_000
const GRAMMAR = '`execute:429,429/2,200` (see docs/sandbox.md)'

/**
 * Reads a fault script: `route:step,step,...`. A step is one part or several joined by `+`, and `*n` or `*forever`
 * repeats it.
 *
 * Parts: a status (`503`; `200` is the usual answer), `429/2`, `429/date`, `429/date=60`, `429/text=soon`
 * (`Retry-After`), `delay=500`, `drop`, `drop-mid-body`, `bad-json`, `html`, `empty`, `slow-body[=ms]`,
 * `huge-body[=bytes]`, `redirect=url`, `expires-in=string|missing|seconds`.
 *
 * @throws `CONFIG_INVALID` with `details.field` `faults`, naming the part that is wrong.
 */
export function parseFaultScript(text: string): FaultScript {
  const colon = text.indexOf(':')
  const route = text.slice(0, Math.max(colon, 0)).trim()
  if (colon < 0) throw wrong(`a script like ${GRAMMAR}`, text)
  if (!isRoute(route)) throw wrong(`a route, one of ${FAULT_ROUTES.join(', ')}`, route)
  return {
    route,
    steps: text
      .slice(colon + 1)
      .split(',')
      .map(parseStep),
  }
}

/** Writes a script in the form that {@link parseFaultScript} reads. */
export function formatFaultScript({ route, steps }: FaultScript): string {
  return `${route}:${steps.map(formatStep).join(',')}`
}

const isRoute = (text: string): text is FaultRoute => (FAULT_ROUTES as readonly string[]).includes(text)

const wrong = (expected: string, got: string): Error =>
  configError('faults', `Fault script: expected ${expected}, got ${show(got)}`)

function parseStep(text: string): FaultEntry {
  const [, parts = '', repeat] = /^(.*?)(?:\*(\d+|forever))?$/s.exec(text.trim()) ?? []
  let step: FaultStep = {}
  for (const part of parts.split('+')) {
    const read = parsePart(part.trim())
    const twice = Object.keys(read).find((key) => key in step)
    if (twice !== undefined) throw wrong(`one part of a kind in a step`, text)
    step = { ...step, ...read }
  }
  if (step.drop === 'drop' && Object.keys(step).some((key) => key !== 'drop' && key !== 'delayMs')) {
    throw wrong('`drop` alone or with `delay`', text)
  }
  return { ...step, times: readTimes(repeat, text) }
}

function readTimes(repeat: string | undefined, text: string): number {
  if (repeat === undefined) return 1
  return repeat === 'forever' ? Infinity : integer(repeat, 1, MAX_TIMES, text)
}

function parsePart(part: string): FaultStep {
  if (/^\d/.test(part)) return parseStatus(part)
  const [, name = '', value] = /^([a-z-]*)(?:=(.*))?$/s.exec(part) ?? []
  const bare = value === undefined
  if ((name === 'drop' || name === 'drop-mid-body') && bare) return { drop: name }
  if ((name === 'bad-json' || name === 'html' || name === 'empty') && bare) return { body: { kind: name } }
  if (name === 'delay') return { delayMs: integer(value ?? '', 0, MAX_MS, part) }
  if (name === 'slow-body') {
    return { body: { kind: name, ms: bare ? DEFAULT_SLOW_MS : integer(value, 0, MAX_MS, part) } }
  }
  if (name === 'huge-body') {
    return { body: { kind: name, bytes: bare ? DEFAULT_HUGE_BYTES : integer(value, 0, MAX_BYTES, part) } }
  }
  if (name === 'redirect') return { redirect: location(value ?? '', part) }
  if (name === 'expires-in') return { expiresIn: expiry(value ?? '', part) }
  throw wrong(`a step like ${GRAMMAR}`, part)
}

function parseStatus(part: string): FaultStep {
  const [, digits = '', after] = /^(\d+)(?:\/(.*))?$/s.exec(part) ?? []
  const status = integer(digits, 200, 599, part)
  // 200 means: do the work and answer as usual. Any other status is answered in its stead.
  const base = status === 200 ? {} : { status }
  if (after === undefined) return base
  if (/^\d+$/.test(after))
    return { ...base, retryAfter: { kind: 'seconds', s: integer(after, 0, 86_400, part) } }
  if (after === 'date') return { ...base, retryAfter: { kind: 'date', s: 2 } }
  const [, kind, value = ''] = /^(date|text)=(.*)$/s.exec(after) ?? []
  if (kind === 'date') return { ...base, retryAfter: { kind, s: integer(value, -86_400, 86_400, part) } }
  if (kind === 'text' && /^[\w.:-]+$/.test(value)) return { ...base, retryAfter: { text: value } }
  throw wrong('`/seconds`, `/date`, `/date=seconds` or `/text=word` after the status', part)
}

function integer(text: string, min: number, max: number, part: string): number {
  const number = /^-?\d+$/.test(text) ? Number(text) : NaN
  if (number >= min && number <= max) return number
  throw wrong(`an integer from ${min} to ${max} in the step`, part)
}

function location(url: string, part: string): string {
  if (/^[\x21-\x7e]+$/.test(url) && (url.startsWith('/') || URL.canParse(url))) return url
  throw wrong('`redirect=` with a URL or a path (write `,` as %2C and `+` as %2B)', part)
}

function expiry(value: string, part: string): 'string' | 'missing' | number {
  return value === 'string' || value === 'missing' ? value : integer(value, 0, 86_400, part)
}

function formatStep(step: FaultEntry): string {
  const parts = [
    step.delayMs === undefined ? '' : `delay=${step.delayMs}`,
    step.status === undefined && step.retryAfter === undefined ? '' : formatStatus(step),
    step.drop ?? '',
    step.body === undefined ? '' : formatBody(step.body),
    step.redirect === undefined ? '' : `redirect=${step.redirect}`,
    step.expiresIn === undefined ? '' : `expires-in=${step.expiresIn}`,
  ].filter((part) => part !== '')
  const times = step.times === Infinity ? '*forever' : `*${step.times}`
  return `${parts.join('+') || '200'}${step.times === 1 ? '' : times}`
}

function formatStatus({ status = 200, retryAfter }: FaultStep): string {
  if (!retryAfter) return String(status)
  if ('text' in retryAfter) return `${status}/text=${retryAfter.text}`
  return retryAfter.kind === 'seconds' ? `${status}/${retryAfter.s}` : `${status}/date=${retryAfter.s}`
}

function formatBody(body: BodyFault): string {
  if (body.kind === 'slow-body') return `slow-body=${body.ms}`
  return body.kind === 'huge-body' ? `huge-body=${body.bytes}` : body.kind
}
