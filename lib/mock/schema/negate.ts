import type { JsonSchema } from '../../schema/json-schema.ts'
import { isRecord } from '../own-property.ts'
import type { Located } from './references.ts'

const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']

/** What a value must be so that it fails a keyword; undefined where that is left to trying. */
const OPPOSITES: Readonly<
  Record<string, (value: never, not: (schema: JsonSchema) => JsonSchema) => JsonSchema | undefined>
> = {
  type: (types: string | readonly string[]) => ({
    type: TYPES.filter((each) => !covers([types].flat(), each)),
  }),
  minimum: (limit: number) => ({ type: 'number', exclusiveMaximum: limit }),
  maximum: (limit: number) => ({ type: 'number', exclusiveMinimum: limit }),
  exclusiveMinimum: (limit: number) => ({ type: 'number', maximum: limit }),
  exclusiveMaximum: (limit: number) => ({ type: 'number', minimum: limit }),
  minLength: (limit: number) => ({ type: 'string', maxLength: limit - 1 }),
  maxLength: (limit: number) => ({ type: 'string', minLength: limit + 1 }),
  minItems: (limit: number) => ({ type: 'array', maxItems: limit - 1 }),
  maxItems: (limit: number) => ({ type: 'array', minItems: limit + 1 }),
  minProperties: (limit: number) => ({ type: 'object', maxProperties: limit - 1 }),
  maxProperties: (limit: number) => ({ type: 'object', minProperties: limit + 1 }),
  required: (names: readonly string[]) => oneWay(names.map((name) => ({ properties: { [name]: false } }))),
  properties: (schemas: unknown, not) =>
    oneWay(
      Object.entries(isRecord(schemas) ? schemas : {}).map(([name, each]) => ({
        required: [name],
        properties: { [name]: not(each as JsonSchema) },
      })),
    ),
  not: (schema: JsonSchema) => schema,
  anyOf: (schemas: readonly JsonSchema[], not) => ({ allOf: schemas.map(not) }),
  allOf: (schemas: readonly JsonSchema[], not) => ({ anyOf: schemas.map(not) }),
}

const oneWay = (ways: readonly JsonSchema[]): JsonSchema | undefined =>
  ways.length === 0 ? undefined : { type: 'object', anyOf: ways }

const covers = (types: readonly string[], type: string): boolean =>
  types.includes(type) || (type === 'integer' && types.includes('number'))

/**
 * The ways to fail a schema: each fails one of its keywords. A keyword that there is no way for is left to trying, so a value
 * made from one of these must still be tested against the `not` itself.
 */
export function opposites({ schema, path }: Located): readonly Located[] {
  if (typeof schema === 'boolean') return [{ schema: !schema, path }]
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const opposite = OPPOSITES[keyword]?.(value as never, notOf)
    return opposite === undefined ? [] : [{ schema: opposite, path: `${path}/${keyword}` }]
  })
}

const notOf = (schema: JsonSchema): JsonSchema => (typeof schema === 'boolean' ? !schema : { not: schema })
