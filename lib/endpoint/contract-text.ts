import { parseSchema, type JsonSchema } from '../schema/json-schema.ts'

/** The JSON Schema of a contract's text; undefined where there is none. @throws `SCHEMA_INVALID` */
export const readContract = (text: string): JsonSchema | undefined =>
  text.trim() === '' ? undefined : parseSchema('contract', text)
