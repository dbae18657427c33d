import { CHECK_ONLY, compileSchema } from '../schema/compile.ts'
import type { SchemaValidator } from '../schema/validator.ts'
import { readContract } from './contract-text.ts'

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
  return compileSchema('contract', schema, { ...CHECK_ONLY, coerce })
}
