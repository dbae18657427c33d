import { boolean, integer, json, optionalInteger, type Parsed } from '../config/fields.ts'
import { inputError, show } from '../errors.ts'
import { parseName } from './names.ts'
import { isRecordType, RECORD_TYPES, type RecordType } from './record-types.ts'

/** The properties that a directive in a message may override; the node's form has the same rules. */
export const requestFields = {
  recordTypes: json<readonly RecordType[]>(['A', 'AAAA'], checkRecordTypes),
  ttlOverrideS: optionalInteger({ min: 30, max: 86_400 }),
  maxQueriesPerMinute: integer({ min: 10, max: 1000, default: 60 }),
  dnssecRequired: boolean(true),
}

/** One look-up: what is asked, and the rules for the answer. */
export interface DnsRequest extends Parsed<typeof requestFields> {
  /** In comparable form, see `parseName`. */
  readonly domain: string
}

function checkRecordTypes(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `expected a list of record types, got ${show(value)}`
  if (value.length === 0) return 'expected at least one record type'
  if (value.length > 64) return `expected at most 64 record types, got ${value.length}`
  const wrong = value.findIndex((item) => !isRecordType(item))
  return wrong < 0
    ? undefined
    : `item ${wrong}: expected one of ${RECORD_TYPES.join(', ')}, got ${show(value[wrong])}`
}

/**
 * Reads what a message asks for: a domain name, or a directive `{domain, recordTypes, ttlOverrideS, maxQueriesPerMinute,
 * dnssecRequired}` whose fields override the node's.
 *
 * @param path where the input stands, for errors: `msg.payload`.
 * @throws `INPUT_INVALID` with `details.path`.
 */
export function readRequest(
  input: unknown,
  path: string,
  node: Parsed<typeof requestFields> & { readonly dnssec: string },
): DnsRequest {
  const base = {
    recordTypes: node.recordTypes,
    ttlOverrideS: node.ttlOverrideS,
    maxQueriesPerMinute: node.maxQueriesPerMinute,
    dnssecRequired: node.dnssecRequired,
  }
  if (!isDirective(input)) return { ...base, domain: readDomain(input, path) }
  const overrides: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(requestFields)) {
    const value = input[name]
    if (isLeftOut(name, value)) continue
    const reason = field.check(value)
    if (reason) throw inputError(`${path}.${name}`, `\`${path}.${name}\`: ${reason}`)
    overrides[name] = field.parse(value)
  }
  if (node.dnssec === 'off' && overrides['dnssecRequired'] === true) {
    throw inputError(
      `${path}.dnssecRequired`,
      `\`${path}.dnssecRequired\` cannot be kept: DNSSEC is off in the node; choose another \`dnssec\` there`,
    )
  }
  return { ...base, ...overrides, domain: readDomain(input['domain'], `${path}.domain`) }
}

// Empty is the node's own, not the default of new nodes; only for the TTL it says something: take that of the records.
const isLeftOut = (name: string, value: unknown): boolean =>
  value === undefined || ((value === null || value === '') && name !== 'ttlOverrideS')

const isDirective = (input: unknown): input is Readonly<Record<string, unknown>> =>
  typeof input === 'object' && input !== null && !Array.isArray(input) && !ArrayBuffer.isView(input)

/**
 * The domain name in `input`, in comparable form.
 *
 * @throws `INPUT_INVALID` with `details.path`.
 */
function readDomain(input: unknown, path: string): string {
  if (typeof input !== 'string') {
    throw inputError(path, `Expected \`${path}\` to be a domain name, got ${show(input)}`)
  }
  const parsed = parseName(input.trim())
  if ('name' in parsed) return parsed.name
  throw inputError(path, `Expected \`${path}\` to be a domain name, got ${show(input)}: ${parsed.reason}`)
}
