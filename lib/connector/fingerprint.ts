import { createHash } from 'node:crypto'
import { canonicalJson } from '../audit/canonical-json.ts'
import { safeUrl } from '../http/safe-url.ts'
import { REDACTED, redactText } from '../redact/redact-text.ts'
import { isVaultReference } from '../redact/vault-reference.ts'
import { pointerSegment } from '../schema/json-pointer.ts'
import { isRecord } from './connector.ts'

/** The parts of a connector's document that we write, secrets left out. `true`: the value as it is. */
type Shape = true | readonly Shape[] | { readonly [name: string]: Shape }

const SHAPE: Shape = {
  connectorId: true,
  connectorName: true,
  connectorType: true,
  configuration: {
    connectionString: true,
    driverVersion: true,
    credentialMasking: { username: true, password: true },
    poolSettings: { minPoolSize: true, maxPoolSize: true, connectionTimeoutSeconds: true },
    securitySettings: { enableParameterizedQueries: true, sslMode: true },
  },
  healthCheck: { enabled: true, query: true, intervalSeconds: true, timeoutSeconds: true },
  eventSubscriptions: [{ eventType: true, webhookUrl: true }],
}

/** A connector's document, reduced to what can be compared. */
export interface Comparable {
  readonly value: unknown
  /** SHA-256 (hex) of its RFC 8785 canonical JSON. */
  readonly fingerprint: string
}

/**
 * What of a document is compared: the fields that we write, without credentials. What the server adds (status, version,
 * defaults of its own) does not count.
 */
export function comparable(document: unknown): Comparable {
  const value = pick(document, SHAPE) ?? {}
  return { value, fingerprint: createHash('sha256').update(canonicalOf(value)).digest('hex') }
}

// JSON of a server may hold half surrogate pairs, for which RFC 8785 has no form: such a document equals no other of ours.
function canonicalOf(value: unknown): string {
  try {
    return canonicalJson(value)
  } catch {
    return JSON.stringify(value)
  }
}

function pick(value: unknown, shape: Shape): unknown {
  if (value === undefined || value === null) return undefined
  if (shape === true) return value
  if (isShapes(shape)) {
    if (!Array.isArray(value)) return value
    return value.length === 0 ? undefined : value.map((item: unknown) => pick(item, shape[0] ?? true) ?? null)
  }
  if (!isRecord(value)) return value
  const picked: Record<string, unknown> = {}
  for (const name of Object.keys(shape)) {
    const part = pick(Object.hasOwn(value, name) ? value[name] : undefined, shape[name] ?? true)
    if (part !== undefined) picked[name] = part
  }
  return picked
}

const isShapes = (shape: Shape): shape is readonly Shape[] => Array.isArray(shape)

/** A field that differs. */
export interface Change {
  /** JSON Pointer into the wire payload. */
  readonly path: string
  /** Undefined where the field was not there. */
  readonly from: unknown
  /** Undefined where the field goes. */
  readonly to: unknown
}

/** The fields in which two documents differ, in the order of their paths. Nothing secret: of URLs the query is left out. */
export function differences(from: Comparable, to: Comparable): readonly Change[] {
  const [before, after] = [leaves(from.value), leaves(to.value)]
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort()
  return paths
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => ({ path, from: shown(path, before.get(path)), to: shown(path, after.get(path)) }))
}

function leaves(value: unknown, path = '', found = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return found.set(path, value)
  for (const [name, part] of Object.entries(value)) leaves(part, `${path}/${pointerSegment(name)}`, found)
  return found
}

const MASKING = '/configuration/credentialMasking/'
const ORACLE_LOGIN = /^(jdbc:oracle:[a-z]+:)[^@]+@/i

function shown(path: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  // Somebody else may have put the secret itself where its name belongs.
  if (path.startsWith(MASKING)) return isVaultReference(value) ? value : REDACTED
  if (!path.endsWith('/webhookUrl')) return redactText(value).replace(ORACLE_LOGIN, `$1${REDACTED}@`)
  return safeUrl(value) + (URL.parse(value)?.search ? '?[query]' : '')
}
