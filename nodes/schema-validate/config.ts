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
import { typed, type TypedKind } from '../../lib/config/typed.ts'
import { configError } from '../../lib/errors.ts'
import { DRAFTS } from '../../lib/schema/drafts.ts'
import { MAX_SCHEMA_CHARACTERS, whyNoSchema } from '../../lib/schema/json-schema.ts'

const PLACES: readonly TypedKind[] = ['msg', 'flow', 'global']

/** The properties of `schema-validate`. */
export const fields = {
  version: version(),
  source: oneOf(['inline', 'msg', 'dataAction', 'file'], 'inline'),
  schema: text({ max: MAX_SCHEMA_CHARACTERS }),
  schemaProperty: typed('msg:schema', [...PLACES, 'jsonata']),
  file: filePath(),
  auth: nodeId(),
  actionId: typed('msg:dataActionId', [...PLACES, 'str', 'env', 'jsonata']),
  part: oneOf(['output', 'input', 'whole'], 'output'),
  cacheTtlS: integer({ min: 0, max: 31_536_000, default: 3600 }),
  property: typed('msg:payload', [...PLACES, 'jsonata']),
  draft: oneOf(['auto', ...DRAFTS], 'auto'),
  coerce: boolean(false),
  useDefaults: boolean(false),
  strip: boolean(false),
  formats: boolean(true),
  maxErrors: integer({ min: 1, max: 10_000, default: 100 }),
  audit: nodeId(),
}

function filePath(): Field<string> {
  const any = text()
  const check = (value: unknown): string | undefined =>
    any.check(value) ??
    (String(value).includes('\0') ? 'expected a path, got text with a NUL character' : undefined)
  return { ...any, check }
}

/** What a `schema-validate` node is set to. */
export type SchemaValidateConfig = Parsed<typeof fields>

/** Whether a valid value may be changed. */
export const isChanging = ({ coerce, useDefaults, strip }: SchemaValidateConfig): boolean =>
  coerce || useDefaults || strip

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export function parseConfig(stored: object): SchemaValidateConfig {
  const config = parseFields(fields, stored)
  const { source, property } = config
  if (source === 'inline' || source === 'file') {
    const field = source === 'inline' ? 'schema' : 'file'
    if (config[field].trim() === '') throw configError(field, `Property \`${field}\`: ${MISSING[field]}`)
  }
  if (isChanging(config) && property.type === 'jsonata')
    throw configError(
      'property',
      'Property `property`: the result of an expression cannot be changed in place',
    )
  return config
}

const MISSING = {
  schema: 'give a JSON Schema, such as `{"type": "object"}`',
  file: 'give the path of a file with a JSON Schema',
} as const

/** Why a text does not serve as the schema of the node; undefined where it may. The editor's own rule. */
export const whyNoInlineSchema = (value: unknown): string | undefined => {
  const reason = fields.schema.check(value)
  if (reason) return reason
  return typeof value === 'string' && value.trim() !== '' ? whyNoSchema(value) : MISSING.schema
}

/** Why a text does not serve as the file of the node. The editor's own rule. */
export const whyNoFile = (value: unknown): string | undefined =>
  fields.file.check(value) ?? (typeof value === 'string' && value.trim() !== '' ? undefined : MISSING.file)
