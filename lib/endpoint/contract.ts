import { compileSchema } from '../schema/compile.ts'
import type { SchemaValidator } from '../schema/validator.ts'
import { readContract } from './contract-text.ts'

/** Faults that are looked for in one request. */
const MAX_ERRORS = 20

/**
 * Compiles the contract of an endpoint: the JSON Schema of its variables.
 *
 * @param text JSON; empty where there is none.
 * @param coerce changes text to the type that the contract asks for: CXone sends every value as text.
 * @throws `SCHEMA_INVALID`
 */
export async function compileContract(text: string, coerce: boolean): Promise<SchemaValidator | undefined> {
  const schema = readContract(text)
  if (schema === undefined) return undefined
  const options = { draft: 'auto', coerce, useDefaults: false, strip: false, formats: true } as const
  return compileSchema('contract', schema, { ...options, maxErrors: MAX_ERRORS })
}
