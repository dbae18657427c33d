import { isSchema, type JsonSchema } from './json-schema.ts'

// Keywords that hold one schema, a list of them, or one a name.
const ONE = ['items', 'additionalItems', 'additionalProperties', 'contains', 'unevaluatedItems']
const LISTS = ['items', 'prefixItems']
const NAMED = ['properties', 'patternProperties', '$defs', 'definitions']
/** Where several schemas judge one object, none of them knows all of its properties. */
const COMPOSED = new Set(
  [
    'allOf',
    'anyOf',
    'oneOf',
    'not',
    'if',
    'dependentSchemas',
    'dependencies',
    '$dynamicRef',
    '$recursiveRef',
  ].concat('unevaluatedProperties'),
)

/**
 * The schema that removing additional properties goes by: a copy in which each object that names its properties and says
 * nothing of others allows no others. A schema that composes others anywhere (`allOf`, `anyOf`, `if`, ...) stays as it is:
 * there only what `additionalProperties: false` refuses is removed.
 */
export function closeObjects(schema: JsonSchema): JsonSchema {
  return isComposed(schema) ? schema : close(schema)
}

function isComposed(schema: unknown): boolean {
  if (!isSchema(schema) || typeof schema === 'boolean') return false
  if (Object.keys(schema).some((key) => COMPOSED.has(key))) return true
  if ('$ref' in schema && ('properties' in schema || 'additionalProperties' in schema)) return true
  return children(schema).some(isComposed)
}

function children(schema: Readonly<Record<string, unknown>>): readonly unknown[] {
  const lists = LISTS.flatMap((key) => (Array.isArray(schema[key]) ? (schema[key] as unknown[]) : []))
  const named = NAMED.flatMap((key) => Object.values(schema[key] ?? {}) as unknown[])
  return [...ONE.map((key) => schema[key]), ...lists, ...named]
}

function close(schema: unknown): JsonSchema {
  if (!isSchema(schema) || typeof schema === 'boolean') return schema as JsonSchema
  const entries = Object.entries(schema).map(([key, value]) => [key, closeIn(key, value)] as const)
  const closed = Object.fromEntries(entries)
  return 'properties' in schema && !('additionalProperties' in schema)
    ? { ...closed, additionalProperties: false }
    : closed
}

function closeIn(key: string, value: unknown): unknown {
  if (LISTS.includes(key) && Array.isArray(value)) return value.map(close)
  if (ONE.includes(key)) return close(value)
  if (!NAMED.includes(key) || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, close(each)]))
}
