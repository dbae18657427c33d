import { planTokens, urlReason, type Places, type Profile } from '../auth/endpoints.ts'
import type { ConnectTarget } from '../ports.ts'
import type { Role } from './examination.ts'

/** One request that shows what a host is. It carries no credentials. */
export interface Probe {
  readonly kind: 'token' | 'openid' | 'configuration' | 'any'
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly contentType?: string
  readonly body?: string
}

/** A host to be examined. */
export interface Target {
  /** `host:port`, which tells targets apart. */
  readonly id: string
  readonly roles: readonly Role[]
  /** Without brackets. */
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** Who will call it: this machine, or CXone. */
  readonly caller: 'machine' | 'cxone'
  readonly probes: readonly Probe[]
  /** Where it really is, for the names of the sandbox. */
  readonly connectTo?: ConnectTarget
  /** What a wrong value may have made of the name: `area \`na9\``. */
  readonly from?: string
}

/** The targets of a profile, and what is expected of them. */
export interface TargetPlan {
  readonly targets: readonly Target[]
  /** The area that the settings name, where they name one. */
  readonly area?: string
}

/** A target for a URL. @returns undefined for what is no http(s) URL, or has a user name in it. */
export function targetOf(
  url: string,
  role: Role,
  probes: readonly Probe[],
  more: Partial<Pick<Target, 'connectTo' | 'from'>> = {},
): Target | undefined {
  const parsed = URL.parse(url)
  const isTls = parsed?.protocol === 'https:'
  if (!parsed?.hostname || (!isTls && parsed.protocol !== 'http:')) return undefined
  if (parsed.username || parsed.password) return undefined
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  const port = parsed.port === '' ? (isTls ? 443 : 80) : Number(parsed.port)
  const caller = role === 'action' ? 'cxone' : 'machine'
  return { id: placeText(host, port), roles: [role], host, port, isTls, caller, probes, ...more }
}

/** `host:port`, IPv6 in brackets. */
export const placeText = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/**
 * The hosts that a profile needs: token endpoint or issuer, and API where it is known without a token. Hosts that turn up in
 * discovery documents come later.
 *
 * @param sandboxUrl base of the running sandbox, for the profile `sandbox`.
 */
export function planTargets(profile: Profile, places: Places, sandboxUrl = ''): TargetPlan {
  const plan = planTokens(profile, places, sandboxUrl)
  const more = originOf(profile, places)
  const made = (target: Target | undefined): readonly Target[] => (target ? [target] : [])
  const api = (base: string): readonly Target[] => made(apiTarget(base, more))
  if (plan.kind === 'client-credentials') {
    return merged([
      ...made(targetOf(plan.tokenUrl, 'token', [tokenProbe(plan.tokenUrl)], more)),
      ...api(plan.apiBase),
    ])
  }
  const configured = places.apiBaseUrl === '' ? [] : api(places.apiBaseUrl)
  if (plan.kind === 'backend-app') {
    const probes = [openidProbe(plan.issuer), configurationProbe(plan.issuer)]
    return merged([...made(targetOf(plan.issuer, 'discovery', probes, more)), ...configured])
  }
  const probes = [tokenProbe(plan.tokenUrl, true), configurationProbe(plan.areaUrl)]
  const token = made(targetOf(plan.tokenUrl, 'token', probes, more))
  const area = places.area.includes('://') ? undefined : places.area.toLowerCase()
  if (area === undefined) return merged([...token, ...configured])
  // Two domains: a firewall may let one of them through only.
  const usual = configured.length > 0 ? configured : api(`https://api-${area}.niceincontact.com`)
  return { ...merged([...token, ...usual]), area }
}

/** The host of an API base. */
const apiTarget = (base: string, more: Partial<Pick<Target, 'from'>> = {}): Target | undefined =>
  targetOf(base, 'api', [{ kind: 'any', method: 'GET', url: base }], more)

/** The host of a data action's endpoint. Its own path is not called: that may do something. */
export function actionTarget(url: string, sandboxPort?: number): Target | undefined {
  const host = URL.parse(url)?.hostname ?? ''
  if (sandboxPort === undefined || !host.endsWith('.sandbox.test'))
    return targetOf(url, 'action', [headProbe(url)])
  // The sandbox owns these names, and speaks no TLS.
  const connectTo = { address: '127.0.0.1', port: sandboxPort }
  return targetOf(`http://${host}/`, 'action', [headProbe(`http://${host}/`)], { connectTo })
}

/** Any host, by `name`, `name:port` or URL. */
export function hostTarget(text: string): Target | undefined {
  const url = text.includes('://') ? text : `https://${text}`
  return targetOf(url, 'host', [headProbe(url)])
}

/** The host of a token endpoint that a discovery document names. @returns undefined for one that must not get a secret. */
export const discoveredTarget = (url: string, role: 'token' | 'api'): Target | undefined => {
  if (urlReason(url, undefined, role === 'token') !== undefined) return undefined
  return role === 'token' ? targetOf(url, role, [tokenProbe(url)]) : apiTarget(url)
}

/** One target for roles at the same host and port. */
export function merge(one: Target, other: Target): Target {
  const roles = [...new Set([...one.roles, ...other.roles])]
  // A host that has to show more than that it answers need not show that too.
  const telling = [...one.probes, ...other.probes].filter(({ kind }) => kind !== 'any')
  const probes = telling.length > 0 ? telling : one.probes
  return { ...one, roles, probes }
}

function merged(targets: readonly Target[]): TargetPlan {
  const byId = new Map<string, Target>()
  for (const target of targets) {
    const known = byId.get(target.id)
    byId.set(target.id, known ? merge(known, target) : target)
  }
  return { targets: [...byId.values()] }
}

// Without credentials: a token endpoint says 400 or 401 to it, and nobody's account is locked.
const tokenProbe = (url: string, isJson = false): Probe => ({
  kind: 'token',
  method: 'POST',
  url,
  contentType: isJson ? 'application/json' : 'application/x-www-form-urlencoded',
  body: isJson ? '{}' : 'grant_type=client_credentials',
})
const openidProbe = (issuer: string): Probe => ({
  kind: 'openid',
  method: 'GET',
  url: `${issuer}/.well-known/openid-configuration`,
})
const configurationProbe = (issuer: string): Probe => ({
  kind: 'configuration',
  method: 'GET',
  url: `${issuer}/.well-known/cxone-configuration`,
})
const headProbe = (url: string): Probe => ({
  kind: 'any',
  method: 'HEAD',
  url: URL.parse('/', url)?.href ?? url,
})

const PLACE_OF = {
  tenant: 'tenant',
  org: 'org',
  region: 'region',
  environment: 'environment',
  'access-key': 'area',
} as const

function originOf(profile: Profile, places: Places): { readonly from?: string } {
  const place = profile in PLACE_OF ? PLACE_OF[profile as keyof typeof PLACE_OF] : undefined
  return place === undefined ? {} : { from: `${place} \`${places[place]}\`` }
}
