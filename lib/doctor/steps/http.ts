import { abortReason } from '../../concurrency/abort.ts'
import { isPaletteError } from '../../errors.ts'
import { parseHttpDate } from '../../http/retry-after.ts'
import type { HttpResponse, HttpSend } from '../../ports.ts'
import { areaIn, isCxoneHost } from '../regions.ts'
import { finding, type Finding } from '../findings.ts'
import type { Role, Step } from '../examination.ts'
import { discoveredTarget, type Probe, type Target } from '../targets.ts'
import { step, timed, type StepCall } from './step.ts'

/** What the step needs. */
export interface HttpCall extends StepCall {
  /** Accepts any certificate: nothing secret is sent, and the TLS step has told about it. */
  readonly send: HttpSend
  /** The address that connected; undefined through a proxy. */
  readonly address: string | undefined
  /** The area that the settings name. */
  readonly area?: string | undefined
}

/** What came of it. */
export interface HttpOutcome {
  readonly step: Step
  /** Hosts that a discovery document named. */
  readonly discovered: readonly Target[]
}

/** One request and its answer. */
interface Answered {
  readonly probe: Probe
  readonly response: HttpResponse
  /** Milliseconds that the clock of this machine is ahead; null where the server names no time. */
  readonly aheadMs: number | null
}

const MAX_BYTES = 256 * 1024
const SKEW_WARNING_MS = 30_000
/** Signatures of webhooks are refused beyond this. */
const SKEW_FAILED_MS = 300_000

/** Sends a request without credentials to each place that the host is needed for, and reads what the answers tell. */
export async function httpStep(target: Target, call: HttpCall): Promise<HttpOutcome> {
  const outcomes: { readonly text: string; readonly findings: readonly Finding[] }[] = []
  const discovered: Target[] = []
  const [answers, latencyMs] = await timed(call.clock, () =>
    Promise.all(target.probes.map((probe) => ask(target, probe, call))),
  )
  for (const answered of answers) {
    if (!('response' in answered)) {
      outcomes.push({ text: answered.message, findings: [answered] })
      continue
    }
    const { probe, response } = answered
    const document = readDocument(response)
    const findings = judge(target, answered, document, call.area)
    outcomes.push({ text: `${probe.method} ${new URL(probe.url).pathname}: ${response.status}`, findings })
    discovered.push(...targetsIn(probe, document))
  }
  const told = answers.filter((answered): answered is Answered => 'response' in answered)
  const aheadMs = told.map((answered) => answered.aheadMs).find((ahead) => ahead !== null) ?? null
  const findings = [...outcomes.flatMap((outcome) => outcome.findings), ...clockFinding(target, aheadMs)]
  const text = [...new Set(outcomes.map((outcome) => outcome.text))].join('; ')
  const statuses = told.map(({ response }) => response.status)
  return { step: step('http', text, latencyMs, findings, { statuses, clockAheadMs: aheadMs }), discovered }
}

async function ask(target: Target, probe: Probe, call: HttpCall): Promise<Answered | Finding> {
  const { clock, send, timeoutMs, signal, address } = call
  const started = clock.now()
  const pinned = target.connectTo ?? (address === undefined ? undefined : { address, port: target.port })
  const { method, url, body, contentType } = probe
  try {
    const response = await send({
      method,
      url,
      headers: { Accept: 'application/json', ...(contentType ? { 'Content-Type': contentType } : {}) },
      ...(body === undefined ? {} : { body }),
      ...(pinned ? { connectTo: pinned } : {}),
      timeoutMs,
      signal,
      maxResponseBytes: MAX_BYTES,
    })
    return { probe, response, aheadMs: aheadOf(response, (started + clock.now()) / 2) }
  } catch (error) {
    if (signal.aborted) throw abortReason(signal)
    if (!isPaletteError(error)) throw error
    return finding(
      'HTTP_NO_ANSWER',
      `${target.id}: ${error.message}`,
      'Ask the network team whether a proxy or firewall cuts the connection after TLS',
    )
  }
}

function aheadOf({ headers }: HttpResponse, now: number): number | null {
  const date = parseHttpDate(headers['date'] ?? '', now)
  // The header has whole seconds, and says nothing where a cache kept the answer.
  return date === undefined || headers['age'] !== undefined ? null : Math.round(now - date - 500)
}

function clockFinding({ id }: Target, aheadMs: number | null): readonly Finding[] {
  if (aheadMs === null || Math.abs(aheadMs) < SKEW_WARNING_MS) return []
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  const way = aheadMs > 0 ? 'ahead of' : 'behind'
  return [
    finding(
      'CLOCK_SKEW',
      `The clock of this machine is ${seconds} s ${way} that of ${id}`,
      "Set this machine's clock by NTP: tokens end too early or too late, and signatures are refused",
      Math.abs(aheadMs) >= SKEW_FAILED_MS ? 'failed' : 'warning',
    ),
  ]
}

type Document = Readonly<Record<string, unknown>>

function readDocument({ status, body }: HttpResponse): Document {
  if (status !== 200) return {}
  try {
    const value = JSON.parse(body.toString()) as unknown
    return typeof value === 'object' && value !== null ? (value as Document) : {}
  } catch {
    return {}
  }
}

const textIn = (document: Document, name: string): string | undefined => {
  const value = document[name]
  return typeof value === 'string' && value.length < 300 ? value : undefined
}

const NAMED: Readonly<Partial<Record<Probe['kind'], readonly [member: string, role: 'token' | 'api']>>> = {
  openid: ['token_endpoint', 'token'],
  configuration: ['api_endpoint', 'api'],
}

function targetsIn({ kind }: Probe, document: Document): readonly Target[] {
  const named = NAMED[kind]
  const url = named && textIn(document, named[0])
  const target = named && url !== undefined ? discoveredTarget(url, named[1]) : undefined
  return target ? [target] : []
}

function judge(
  target: Target,
  answered: Answered,
  document: Document,
  area: string | undefined,
): readonly Finding[] {
  const { probe, response } = answered
  const { status } = response
  const found = redirected(target, answered) ?? portal(target, answered)
  if (found) return [found]
  if (status >= 500)
    return [
      finding(
        'HTTP_SERVER_ERROR',
        `${target.id} answers ${status}`,
        'Try again later; if it stays, tell the owner of the host',
      ),
    ]
  if (status === 429)
    return [
      finding(
        'HTTP_RATE_LIMITED',
        `${target.id} answers 429`,
        'Wait, and look for what else calls from this address',
      ),
    ]
  // The document is an offer on hosts that also give tokens: some give it only with a tenant's id.
  const isWanted = probe.kind === 'token' || probe.kind === 'openid'
  if (isWanted && (status === 404 || status === 405 || status === 410))
    return [notHere(target, probe, status)]
  if (probe.kind === 'openid' && textIn(document, 'token_endpoint') === undefined)
    return [notHere(target, probe, status)]
  return probe.kind === 'configuration' ? otherArea(target, document, area) : []
}

function notHere({ id, from }: Target, { kind, url }: Probe, status: number): Finding {
  const what = kind === 'token' ? 'token endpoint' : 'discovery document'
  return finding(
    'REGION_NOT_HERE',
    `${id} has no ${what} at ${new URL(url).pathname} (${status})`,
    `Check the profile${from === undefined ? '' : ` and the ${from}`}: this host belongs to another region, or to another way to log in`,
  )
}

function redirected(target: Target, { response }: Answered): Finding | undefined {
  const { status, headers } = response
  const location =
    status >= 300 && status < 400 ? URL.parse(headers['location'] ?? '', `https://${target.id}/`) : null
  if (!location || location.hostname === target.host) return undefined
  const to = location.host
  if (isCxoneHost(target.host) && !isCxoneHost(location.hostname))
    return captive(target, `sends callers to ${to} (${status})`)
  const isNeeded = needsAnswer(target.roles)
  return finding(
    'REGION_REDIRECT',
    `${target.id} sends callers to ${to} (${status}), which the palette does not follow: tokens go to no other host`,
    `Check the region: ${areaIn(location.hostname) ?? to} seems to be the right one. Enter it in cxone-auth`,
    isNeeded ? undefined : 'note',
  )
}

const needsAnswer = (roles: readonly Role[]): boolean =>
  roles.some((role) => role === 'token' || role === 'discovery')

/** Pages where an API was asked for: of a portal that wants a login (RFC 6585: 511), or of a filter. */
function portal(target: Target, { probe, response }: Answered): Finding | undefined {
  const { status, headers } = response
  if (status === 511) return captive(target, 'answers 511 (Network Authentication Required)')
  const isPage = /^text\/html\b/i.test(headers['content-type'] ?? '')
  const isOdd = status === 200 || status === 403 || status === 407
  if (probe.kind === 'any' || !isPage || !isOdd) return undefined
  return captive(target, `answers with a web page (${status}) where an API should`)
}

const captive = ({ id }: Target, what: string): Finding =>
  finding(
    'HTTP_CAPTIVE_PORTAL',
    `${id} ${what}`,
    `Log in to the network's portal, or ask the network team why its filter answers in place of ${id}`,
  )

function otherArea({ id }: Target, document: Document, area: string | undefined): readonly Finding[] {
  const said = textIn(document, 'area')?.toLowerCase()
  if (said === undefined || area === undefined || said === area) return []
  return [
    finding(
      'REGION_OTHER_AREA',
      `${id} says that its area is \`${said}\`, not \`${area}\``,
      `Enter the area \`${said}\` in cxone-auth, or ask whose tenant it is`,
    ),
  ]
}
