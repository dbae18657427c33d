import {
  checkPlace,
  NEEDED,
  PLACES,
  PROFILES,
  type Credentials,
  type Place,
  type Profile,
} from '../../lib/auth/endpoints.ts'
import {
  integer,
  json,
  nodeId,
  oneOf,
  parseFields,
  text,
  type Field,
  type Parsed,
} from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import type { CxoneAccess } from '../../lib/cxone/access.ts'
import { expandPath } from '../../lib/cxone/path.ts'
import { configError, show } from '../../lib/errors.ts'

type Paths = CxoneAccess['paths']

/** The path templates of the seed API. */
export const DEFAULT_PATHS: Paths = {
  dataAction: '/api/v2/data-actions/{id}',
  execute: '/api/v2/data-actions/{id}/execute',
  connector: '/api/v1/integrations/connectors/{id}',
}

const place = text({ max: 2048 })

/** The properties of `cxone-auth`. Which of the places count depends on the profile: see {@link placeReason}. */
export const fields = {
  version: version(),
  profile: oneOf(PROFILES, 'sandbox'),
  tenant: place,
  baseUrl: place,
  environment: place,
  org: place,
  region: place,
  area: place,
  issuer: place,
  tokenUrl: place,
  apiBaseUrl: place,
  clientAuth: oneOf(['body', 'basic'], 'body'),
  scopes: text({ max: 4096, pattern: /^[\x20-\x7e]*$/, form: 'scopes with spaces between them' }),
  refreshBufferS: integer({ min: 0, max: 86_400, default: 30 }),
  timeoutMs: integer({ min: 1, max: 600_000, default: 10_000 }),
  maxRetries: integer({ min: 0, max: 20, default: 3 }),
  baseDelayMs: integer({ min: 0, max: 600_000, default: 500 }),
  maxDelayMs: integer({ min: 0, max: 3_600_000, default: 30_000 }),
  paths: pathsField(),
  tls: nodeId(),
  proxy: nodeId(),
  state: nodeId(),
}

function pathsField(): Field<Paths> {
  const inner = json<Paths>(DEFAULT_PATHS, checkPaths)
  return { ...inner, parse: (value) => ({ ...DEFAULT_PATHS, ...inner.parse(value) }) }
}

function checkPaths(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `expected an object of paths, got ${show(value)}`
  for (const [name, path] of Object.entries(value)) {
    if (!Object.hasOwn(DEFAULT_PATHS, name))
      return `expected paths of ${Object.keys(DEFAULT_PATHS).join(', ')}, got ${show(name)}`
    if (typeof path !== 'string' || !isTemplate(path))
      return `expected \`${name}\` to be a path with {id}, like ${DEFAULT_PATHS[name as keyof Paths]}, got ${show(path)}`
  }
  return undefined
}

// The very rule that a call applies.
function isTemplate(path: string): boolean {
  if (!/^\/[\x21-\x7e]*$/.test(path) || !path.includes('{id}')) return false
  try {
    return expandPath(path, { id: 'x' }) !== ''
  } catch {
    return false
  }
}

// The API base of these is discovered, but may be set by hand.
const OPTIONAL: Readonly<Partial<Record<Profile, readonly Place[]>>> = {
  'access-key': ['apiBaseUrl'],
  'backend-app': ['apiBaseUrl'],
}

/** Whether a profile has a use for a place. */
export const usesPlace = (profile: Profile, name: Place): boolean =>
  NEEDED[profile].includes(name) || (OPTIONAL[profile]?.includes(name) ?? false)

/** The reason why a place is wrong for a profile; undefined when it is right or plays no part. */
export function placeReason(profile: Profile, name: Place, value: unknown): string | undefined {
  if (!usesPlace(profile, name)) return undefined
  const stored = typeof value === 'string' ? value.trim() : ''
  if (stored === '' && NEEDED[profile].includes(name))
    return `the profile \`${profile}\` needs it, but it is empty`
  return place.check(value) ?? checkPlace(name, stored)
}

/** What a `cxone-auth` node is set to. */
export type CxoneAuthConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export function parseConfig(stored: object): CxoneAuthConfig {
  const profile = parseFields({ profile: fields.profile }, stored).profile
  // What an earlier choice of profile left behind does not matter.
  const unused = PLACES.filter((name) => !usesPlace(profile, name))
  const config = parseFields(fields, { ...stored, ...Object.fromEntries(unused.map((name) => [name, ''])) })
  const trimmed: Record<string, string> = {}
  for (const name of PLACES) {
    const reason = placeReason(profile, name, config[name])
    if (reason !== undefined) throw configError(name, `Property \`${name}\`: ${reason}`)
    trimmed[name] = config[name].trim()
  }
  return { ...config, ...trimmed, scopes: config.scopes.trim().replace(/ +/g, ' ') }
}

/** The stored credentials; what is missing is empty. */
export function parseCredentials(stored: unknown): Credentials {
  const { clientId, clientSecret, accessKeyId, accessKeySecret } = (stored ?? {}) as Record<string, unknown>
  const plain = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')
  return {
    clientId: plain(clientId),
    clientSecret: plain(clientSecret),
    accessKeyId: plain(accessKeyId),
    accessKeySecret: plain(accessKeySecret),
  }
}
