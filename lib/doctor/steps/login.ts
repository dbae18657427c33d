import { abortReason } from '../../concurrency/abort.ts'
import type { Claims } from '../../auth/grant.ts'
import { isPaletteError, type PaletteError } from '../../errors.ts'
import { finding, type Finding } from '../findings.ts'
import type { Step } from '../examination.ts'
import { areaIn } from '../regions.ts'
import { actionTarget, discoveredTarget, type Target } from '../targets.ts'
import { step, timed, type StepCall } from './step.ts'

/** What a login tells; never the token. */
export interface LoginFacts {
  readonly tokenHost: string
  readonly apiBase: string
  /** ISO 8601, UTC. */
  readonly expiresAt: string
  readonly claims: Claims
}

/** Credentials at work: without them the doctor looks no further than the answers to strangers. */
export interface LoginPorts {
  readonly login: (signal: AbortSignal) => Promise<LoginFacts>
  /** URL of a data action's endpoint; null where it has none. */
  readonly endpointOf: (actionId: string, signal: AbortSignal) => Promise<string | null>
  /** Set for the sandbox, whose names are all at one port. */
  readonly sandboxPort?: number
}

/** What came of it, and the hosts that turned up. */
export interface LoginOutcome {
  readonly step: Step
  readonly isIn: boolean
  readonly discovered: readonly Target[]
}

/** Gets a token: tells a wrong secret from a wrong region. @throws `ABORTED` */
export async function loginStep(
  { login }: LoginPorts,
  area: string | undefined,
  call: StepCall,
): Promise<LoginOutcome> {
  const [outcome, latencyMs] = await timed(call.clock, () => tried(() => login(call.signal), call.signal))
  if ('error' in outcome) {
    const { code, message } = outcome.error
    const text = `no token: ${code}`
    return { step: step('login', text, latencyMs, [refusal(code, message)]), isIn: false, discovered: [] }
  }
  const { apiBase, expiresAt, claims, tokenHost } = outcome.value
  const api = discoveredTarget(apiBase, 'api')
  const who = [claims.tenant ?? claims.tenantId, claims.area].filter((part) => part !== undefined).join(', ')
  const text = `token${who === '' ? '' : ` of ${who}`}, valid until ${expiresAt.slice(0, 16).replace('T', ' ')} UTC`
  const findings = otherArea(claims, apiBase, area)
  const facts = { tokenHost, apiBase, expiresAt, claims }
  return { step: step('login', text, latencyMs, findings, facts), isIn: true, discovered: api ? [api] : [] }
}

/** Finds the host of a data action, which needs a token. @throws `ABORTED` */
export async function actionStep(
  ports: LoginPorts,
  actionId: string,
  call: StepCall,
): Promise<{ readonly step: Step; readonly discovered: readonly Target[] }> {
  const work = (): Promise<string | null> => ports.endpointOf(actionId, call.signal)
  const [outcome, latencyMs] = await timed(call.clock, () => tried(work, call.signal))
  const fail = (problem: Finding) => ({
    step: step('action', `${actionId}: ${problem.code}`, latencyMs, [problem]),
    discovered: [],
  })
  if ('error' in outcome) return fail(lookupProblem(actionId, outcome.error))
  const target = outcome.value === null ? undefined : actionTarget(outcome.value, ports.sandboxPort)
  if (!target)
    return fail(
      finding(
        'ACTION_UNKNOWN',
        `The data action \`${actionId}\` has no endpoint URL`,
        'Complete the data action in CXone',
      ),
    )
  return { step: step('action', `${actionId} calls ${target.id}`, latencyMs), discovered: [target] }
}

async function tried<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly value: T } | { readonly error: PaletteError }> {
  try {
    return { value: await work() }
  } catch (error) {
    if (signal.aborted) throw abortReason(signal)
    if (isPaletteError(error)) return { error }
    throw error
  }
}

function refusal(code: string, message: string): Finding {
  if (code === 'AUTH_REJECTED')
    return finding(
      'CREDENTIALS_REFUSED',
      message,
      'Check id and secret. If they are right, they belong to another tenant or region: check the profile',
    )
  return finding('LOGIN_FAILED', message, 'See the steps above; if they are all well, try again later')
}

function lookupProblem(actionId: string, { code, message }: PaletteError): Finding {
  if (code === 'CXONE_UNAUTHORIZED')
    return finding(
      'REGION_TOKEN_REFUSED',
      message,
      'The token is good elsewhere: check that token endpoint and API belong to the same region and tenant',
    )
  const advice =
    code === 'CXONE_FORBIDDEN'
      ? 'Grant the client the permission to read data actions'
      : `Check the id \`${actionId}\` and the tenant, or give the URL of the endpoint`
  return finding('ACTION_UNKNOWN', message, advice)
}

function otherArea(claims: Claims, apiBase: string, area: string | undefined): readonly Finding[] {
  const real = claims.area?.toLowerCase()
  if (real === undefined) return []
  const named = area ?? areaIn(new URL(apiBase).hostname)
  if (named === undefined || named === real) return []
  return [
    finding(
      'REGION_OTHER_AREA',
      `The token is for the area \`${real}\`, but the settings lead to \`${named}\``,
      `Enter the area \`${real}\` in cxone-auth`,
    ),
  ]
}
