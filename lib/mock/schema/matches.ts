import { isDeepStrictEqual } from 'node:util'
import { pointerSegment } from '../../schema/json-pointer.ts'
import { isSchema } from '../../schema/json-schema.ts'
import { getOwn, isRecord } from '../own-property.ts'
import type { Context } from './context.ts'
import { dependentsOf, itemsOf, namedSchemasAt, requiredBy, schemaAt, schemasAt, type Part } from './parts.ts'
import type { Located } from './references.ts'

/** Deeper than any schema needs; a schema that refers to itself alone ends here. */
const MAX_DEPTH = 200

/**
 * Whether a value meets a schema, as far as the search for values must know: `format` and the `unevaluated...` keywords are left
 * to the validator that has the last word.
 */
export function matches(context: Context, { schema, path }: Located, value: unknown, depth = 0): boolean {
  if (typeof schema === 'boolean') return schema
  context.spend(path)
  if (depth > MAX_DEPTH) return false
  const part = { schema, path }
  const test = (located: Located, each: unknown): boolean => matches(context, located, each, depth + 1)
  return CHECKS.every((check) => check({ context, part, test }, value))
}

interface Judging {
  readonly context: Context
  readonly part: Part
  readonly test: (located: Located, value: unknown) => boolean
}

type Check = (judging: Judging, value: unknown) => boolean

const CHECKS: readonly Check[] = [isOfType, isAllowed, isNumberIn, isTextOf, isListOf, isObjectOf, isCombined]

/** The JSON type of a value, as `type` names it; whole numbers are `integer`. */
function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value
}

function isOfType({ part: { schema } }: Judging, value: unknown): boolean {
  const { type } = schema
  if (type === undefined) return true
  const own = typeOf(value)
  return [type].flat().some((each) => each === own || (each === 'number' && own === 'integer'))
}

function isAllowed({ part: { schema } }: Judging, value: unknown): boolean {
  const { enum: members } = schema
  if ('const' in schema && !isDeepStrictEqual(schema['const'], value)) return false
  return !Array.isArray(members) || members.some((each) => isDeepStrictEqual(each, value))
}

function isNumberIn({ part: { schema } }: Judging, value: unknown): boolean {
  if (typeof value !== 'number') return true
  const { multipleOf } = schema
  const holds = (keyword: string, test: (limit: number) => boolean): boolean =>
    typeof schema[keyword] !== 'number' || test(schema[keyword])
  return (
    holds('minimum', (limit) => value >= limit) &&
    holds('maximum', (limit) => value <= limit) &&
    holds('exclusiveMinimum', (limit) => value > limit) &&
    holds('exclusiveMaximum', (limit) => value < limit) &&
    (typeof multipleOf !== 'number' || isNearInteger(value / multipleOf))
  )
}

const isNearInteger = (value: number): boolean => Math.abs(value - Math.round(value)) < 1e-6

function isTextOf({ context, part: { schema } }: Judging, value: unknown): boolean {
  if (typeof value !== 'string') return true
  const { pattern } = schema
  return (
    isBetween(schema, 'Length', Array.from(value).length) &&
    (typeof pattern !== 'string' || context.expression(pattern).test(value))
  )
}

function isBetween(schema: Part['schema'], noun: string, count: number): boolean {
  const { [`min${noun}`]: least, [`max${noun}`]: most } = schema
  return !(typeof least === 'number' && count < least) && !(typeof most === 'number' && count > most)
}

function isListOf({ part, test }: Judging, value: unknown): boolean {
  if (!Array.isArray(value)) return true
  const { schema } = part
  if (!isBetween(schema, 'Items', value.length)) return false
  if (schema['uniqueItems'] === true && !areUnique(value)) return false
  const { lead, rest } = itemsOf(part)
  const contains = schemaAt(part, 'contains')
  if (contains) {
    const count = value.filter((item) => test(contains, item)).length
    if (!isBetween({ minContains: 1, ...schema }, 'Contains', count)) return false
  }
  return value.every((item, at) => {
    const located = lead[at] ?? rest
    return !located || test(located, item)
  })
}

const areUnique = (items: readonly unknown[]): boolean =>
  items.every((item, at) => !items.slice(0, at).some((other) => isDeepStrictEqual(item, other)))

function isObjectOf({ context, part, test }: Judging, value: unknown): boolean {
  if (!isRecord(value)) return true
  const { schema } = part
  const names = Object.keys(value)
  if (!isBetween(schema, 'Properties', names.length)) return false
  if (!requiredBy(part).every((name) => Object.hasOwn(value, name))) return false
  const nameSchema = schemaAt(part, 'propertyNames')
  if (nameSchema && !names.every((name) => test(nameSchema, name))) return false
  return (
    names.every((name) =>
      memberSchemas(context, part, name).every((located) => test(located, value[name])),
    ) && dependentsOf(part).every(({ name, located }) => !Object.hasOwn(value, name) || test(located, value))
  )
}

/** The schemas that one part of a schema has for a property. */
export function memberSchemas(context: Context, part: Part, name: string): readonly Located[] {
  const { schema, path } = part
  const own = isRecord(schema['properties']) ? getOwn(schema['properties'], name) : undefined
  const found = namedSchemasAt(part, 'patternProperties')
    .filter((each) => context.expression(each.name).test(name))
    .map(({ located }) => located)
  if (isSchema(own)) found.push({ schema: own, path: `${path}/properties/${pointerSegment(name)}` })
  const others = schemaAt(part, 'additionalProperties')
  return found.length === 0 && others ? [others] : found
}

function isCombined({ context, part, test }: Judging, value: unknown): boolean {
  const holds = (located: Located): boolean => test(located, value)
  const [not, condition] = [schemaAt(part, 'not'), schemaAt(part, 'if')]
  const anyOf = schemasAt(part, 'anyOf')
  const oneOf = schemasAt(part, 'oneOf')
  if (!schemasAt(part, 'allOf').every(holds) || (anyOf.length > 0 && !anyOf.some(holds))) return false
  if (oneOf.length > 0 && oneOf.filter(holds).length !== 1) return false
  if (not && holds(not)) return false
  if (!context.referenced(part).every(holds)) return false
  const branch = condition && schemaAt(part, holds(condition) ? 'then' : 'else')
  return !branch || holds(branch)
}
