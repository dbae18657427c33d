import { isLoopbackHost } from '../http/safe-url.ts'

/** How a `cxone-auth` node finds the token endpoint and the API. */
export const PROFILES = [
  'sandbox',
  'tenant',
  'base-url',
  'environment',
  'org',
  'region',
  'access-key',
  'backend-app',
  'custom',
] as const
export type Profile = (typeof PROFILES)[number]

/** The properties that name a place; which of them count depends on the profile. */
export const PLACES = [
  'tenant',
  'baseUrl',
  'environment',
  'org',
  'region',
  'area',
  'issuer',
  'tokenUrl',
  'apiBaseUrl',
] as const
export type Place = (typeof PLACES)[number]
export type Places = Readonly<Record<Place, string>>

/** The places that a profile cannot do without. */
export const NEEDED: Readonly<Record<Profile, readonly Place[]>> = {
  sandbox: [],
  tenant: ['tenant'],
  'base-url': ['baseUrl'],
  environment: ['environment'],
  org: ['org'],
  region: ['region'],
  'access-key': ['area'],
  'backend-app': ['issuer'],
  custom: ['tokenUrl', 'apiBaseUrl'],
}

/** Credentials as Node-RED stores them; which of them count depends on the profile. */
const CREDENTIALS = ['clientId', 'clientSecret', 'accessKeyId', 'accessKeySecret'] as const
export type Credential = (typeof CREDENTIALS)[number]
export type Credentials = Readonly<Record<Credential, string>>

/** The credentials that a profile cannot do without. */
export function neededCredentials(profile: Profile): readonly Credential[] {
  if (profile === 'sandbox') return []
  if (profile === 'access-key') return ['accessKeyId', 'accessKeySecret']
  return profile === 'backend-app' ? CREDENTIALS : ['clientId', 'clientSecret']
}

/** Where tokens come from, and how to ask. */
export type TokenPlan =
  | { readonly kind: 'client-credentials'; readonly tokenUrl: string; readonly apiBase: string }
  | { readonly kind: 'access-key'; readonly tokenUrl: string; readonly areaUrl: string }
  | { readonly kind: 'backend-app'; readonly issuer: string }

/**
 * The plan of a profile; its places must have been checked with {@link checkPlace}. `environment`, `region` and `area`
 * may also be whole URLs, so that each profile can be tried against the sandbox.
 *
 * @param sandboxUrl base of the running sandbox, for the profile `sandbox`.
 */
export function planTokens(profile: Profile, places: Places, sandboxUrl = ''): TokenPlan {
  const clientCredentials = (apiBase: string, path: string): TokenPlan => ({
    kind: 'client-credentials',
    tokenUrl: apiBase + path,
    apiBase,
  })
  switch (profile) {
    case 'sandbox':
      return clientCredentials(sandboxUrl, '/api/v2/oauth/token')
    case 'tenant':
      return clientCredentials(`https://${places.tenant}.api.niceincontact.com`, '/api/v2/oauth/token')
    case 'org':
      return clientCredentials(`https://${places.org}.api.nicecxone.com`, '/api/v2/oauth/token')
    case 'base-url':
      return clientCredentials(baseOf(places.baseUrl), '/oauth/token')
    case 'environment':
      return clientCredentials(baseOf(places.environment), '/oauth2/token')
    case 'region':
      return clientCredentials(baseOf(places.region), '/api/v2/oauth/token')
    case 'custom':
      return { kind: 'client-credentials', tokenUrl: places.tokenUrl, apiBase: baseOf(places.apiBaseUrl) }
    case 'backend-app':
      return { kind: 'backend-app', issuer: baseOf(places.issuer) }
    case 'access-key': {
      const areaUrl = baseOf(places.area.includes('://') ? places.area : `${places.area}.nice-incontact.com`)
      return { kind: 'access-key', tokenUrl: `${areaUrl}/authentication/v1/token/access-key`, areaUrl }
    }
  }
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i

/** The reason why the value of a place is wrong; undefined when it is right. Empty counts as right. */
export function checkPlace(place: Place, value: string): string | undefined {
  if (value === '') return undefined
  switch (place) {
    case 'tenant':
    case 'org':
      return LABEL.test(value)
        ? undefined
        : `expected one label of a host name, like \`acme\`, got \`${value}\``
    case 'area':
      return LABEL.test(value) ? undefined : urlReason(value, '`na1`')
    case 'environment':
      return urlReason(baseOf(value), '`api.nicecxone.com`')
    case 'region':
      return urlReason(baseOf(value), '`api-us-1.cxone.com`')
    case 'tokenUrl':
      return urlReason(value, '`https://...`', true)
    default:
      return urlReason(value, '`https://...`')
  }
}

/** A host name or URL as a base: with scheme, without a slash at its end. */
const baseOf = (value: string): string =>
  (value.includes('://') ? value : `https://${value}`).replace(/\/+$/, '')

/**
 * The reason why a URL must not get a token or a secret: plain http beyond this machine, user info, a query where a
 * path is to be added. Undefined when it is right.
 */
export function urlReason(value: string, example = '`https://...`', query = false): string | undefined {
  const url = URL.parse(value)
  if (!url?.hostname || !/^https?:\/\//i.test(value))
    return `expected ${example}, got \`${value.slice(0, 80)}\``
  if (url.username || url.password) return 'the URL must not hold a user name or password'
  if (url.hash || (url.search && !query)) return 'the URL must end with its path'
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname))
    return `plain http is only allowed on this machine; use https://${url.host}`
  return undefined
}
