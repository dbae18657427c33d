import { isSchema, type JsonSchema } from './json-schema.ts'

/** Which schema of a data action: of what it answers, of what it takes, or the whole. */
export type SchemaPart = 'output' | 'input' | 'whole'

/**
 * The schema of a data action's definition. CXone's documentation knows `schema: {input, output}` and
 * `inputSchema`, `outputSchema`; a `schema` that is not split counts as the output's.
 */
export function choosePart(
  definition: Readonly<Record<string, unknown>>,
  part: SchemaPart,
): JsonSchema | undefined {
  const schema = definition['schema']
  const split = typeof schema === 'object' && schema !== null ? (schema as Record<string, unknown>) : {}
  if (part === 'whole') return ifSchema(schema ?? definition)
  const chosen = ifSchema(split[part] ?? definition[`${part}Schema`])
  if (chosen !== undefined || part === 'input') return chosen
  return 'input' in split ? undefined : ifSchema(schema)
}

const ifSchema = (value: unknown): JsonSchema | undefined => (isSchema(value) ? value : undefined)
