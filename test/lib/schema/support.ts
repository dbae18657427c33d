import { SchemaCache } from '../../../lib/schema/schema-cache.ts'
import type { SchemaOptions } from '../../../lib/schema/compile.ts'
import type { Verdict } from '../../../lib/schema/validator.ts'
import type { ValidationError } from '../../../lib/schema/validation-error.ts'

export const OPTIONS: SchemaOptions = {
  draft: 'auto',
  coerce: false,
  useDefaults: false,
  strip: false,
  formats: true,
  maxErrors: 100,
}

/** Validates a value that the tests call `msg.payload`. */
export async function validate(
  schema: unknown,
  value: unknown,
  options: Partial<SchemaOptions> = {},
): Promise<Verdict> {
  const validator = await new SchemaCache({ ...OPTIONS, ...options }).ofText('schema', schema)
  return validator.validate(value, 'msg.payload')
}

/** The errors of a value that is not valid. */
export async function errorsOf(
  schema: unknown,
  value: unknown,
  options: Partial<SchemaOptions> = {},
): Promise<readonly ValidationError[]> {
  const verdict = await validate(schema, value, options)
  if (verdict.valid) throw new Error('expected the value not to be valid')
  return verdict.errors
}
