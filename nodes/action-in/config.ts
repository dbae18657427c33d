import {
  boolean,
  integer,
  nodeId,
  oneOf,
  parseFields,
  text,
  type Field,
  type Parsed,
} from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import { whyNoPath } from '../../lib/endpoint/path.ts'
import { MAX_SCHEMA_CHARACTERS, whyNoSchema } from '../../lib/schema/json-schema.ts'

/** How callers show who they are. */
export const AUTH_MODES = ['none', 'header', 'bearer', 'basic', 'hmac'] as const

/** The header of each mode that has one, where none is given. */
export const HEADER_NAMES = { header: 'x-api-key', hmac: 'x-signature' } as const

/** The properties of `action-in`. */
export const fields = {
  version: version(),
  path: checked(text({ default: '/webhook/data-action', max: 1024 }), whyNoPath),
  simulate: boolean(true),
  authMode: oneOf(AUTH_MODES, 'none'),
  headerName: text({ max: 128, pattern: /^[\w!#$%&'*+.^`|~-]+$/, form: 'the name of a header' }),
  maxBodyBytes: integer({ min: 1, max: 64 * 1024 * 1024, default: 262_144 }),
  contract: checked(text({ max: MAX_SCHEMA_CHARACTERS }), (value) =>
    value.trim() === '' ? undefined : whyNoSchema(value),
  ),
  coerce: boolean(true),
  deadlineMs: integer({ min: 1, max: 600_000, default: 8000 }),
  maxInFlight: integer({ min: 1, max: 100_000, default: 100 }),
  idempotency: oneOf(['auto', 'none'], 'auto'),
  idempotencyTtlS: integer({ min: 1, max: 86_400, default: 30 }),
  rateLimitPerMinute: integer({ min: 0, max: 1_000_000, default: 0 }),
  audit: nodeId(),
}

function checked(any: Field<string>, whyNot: (value: string) => string | undefined): Field<string> {
  const isGiven = (value: unknown): value is string => typeof value === 'string' && value !== ''
  return {
    ...any,
    check: (value) => any.check(value) ?? (isGiven(value) ? whyNot(value) : undefined),
  }
}

/** What an `action-in` node is set to. */
export type ActionInConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export function parseConfig(stored: object): ActionInConfig {
  const config = parseFields(fields, stored)
  const { authMode, headerName } = config
  if (headerName !== '' || (authMode !== 'header' && authMode !== 'hmac')) return config
  return { ...config, headerName: HEADER_NAMES[authMode] }
}
