import type { ErrorObject } from 'ajv'
import { excerpt } from './excerpt.ts'
import { valueAt } from './json-pointer.ts'

/** One reason why a value does not match a schema. Plain data, bounded in size, secrets masked. */
export interface ValidationError {
  /** JSON Pointer (RFC 6901) of the value at fault: for a missing or an additional property, the object around it. */
  readonly path: string
  /** The keyword of JSON Schema that failed. */
  readonly keyword: string
  readonly message: string
  /** What the keyword asks for. */
  readonly expected: unknown
  /** What the value is: scalars as they are, long texts cut, objects and arrays described. */
  readonly actual: unknown
  /** JSON Pointer into the schema, as a URI fragment. */
  readonly schemaPath: string
  /** The name of the missing or additional property, where the fault is one. */
  readonly property?: string
}

interface Told {
  /** Goes on from "Expected `/path` ". */
  readonly rule: string
  readonly expected: unknown
  readonly property?: string
}

type Params = Readonly<Record<string, unknown>>

const MAX_ERROR_VALUES = 20
const MAX_RULE = 300
const MAX_EXPECTED = 2000

const quote = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
const cut = (text: string): string => (text.length > MAX_RULE ? `${text.slice(0, MAX_RULE)}...` : text)
const plural = (count: unknown, noun: string): string => `${String(count)} ${noun}${count === 1 ? '' : 's'}`

function missing(property: unknown, when = ''): Told {
  return {
    rule: `to have the property ${quote(property)}${when}`,
    expected: property,
    property: String(property),
  }
}

function additional(property: unknown): Told {
  const rule = `to have no property ${quote(property)}: the schema does not allow it`
  return { rule, expected: 'no additional properties', property: String(property) }
}

const limit =
  (rule: (limit: unknown) => string) =>
  ({ limit: value }: Params): Told => ({
    rule: rule(value),
    expected: value,
  })

function oneOfValues({ allowedValues }: Params): Told {
  const all = allowedValues as readonly unknown[]
  const shown = all.slice(0, MAX_ERROR_VALUES)
  const rest = all.length > shown.length ? ` or ${all.length - shown.length} more` : ''
  return { rule: `to be one of ${shown.map(quote).join(', ')}${rest}`, expected: shown }
}

function typeName({ type }: Params): Told {
  const types = Array.isArray(type) ? (type as string[]) : String(type).split(',')
  const named = types.map((each) =>
    /^[aeio]/.test(each) ? `an ${each}` : each === 'null' ? each : `a ${each}`,
  )
  return { rule: `to be ${named.join(' or ')}`, expected: types.length === 1 ? types[0] : types }
}

// One row a keyword; where there is none, Ajv's own words serve.
const RULES: Readonly<Record<string, (params: Params) => Told>> = {
  type: typeName,
  enum: oneOfValues,
  const: ({ allowedValue }) => ({ rule: `to be ${quote(allowedValue)}`, expected: allowedValue }),
  required: ({ missingProperty }) => missing(missingProperty),
  dependentRequired: ({ missingProperty, property }) =>
    missing(missingProperty, ` where it has ${quote(property)}`),
  dependencies: ({ missingProperty, property }) =>
    missing(missingProperty, ` where it has ${quote(property)}`),
  additionalProperties: ({ additionalProperty }) => additional(additionalProperty),
  unevaluatedProperties: ({ unevaluatedProperty }) => additional(unevaluatedProperty),
  propertyNames: ({ propertyName }) => ({
    rule: `to have no property ${quote(propertyName)}: its name is not allowed`,
    expected: 'allowed property names',
    property: String(propertyName),
  }),
  minimum: limit((value) => `to be at least ${String(value)}`),
  maximum: limit((value) => `to be at most ${String(value)}`),
  exclusiveMinimum: limit((value) => `to be more than ${String(value)}`),
  exclusiveMaximum: limit((value) => `to be less than ${String(value)}`),
  minLength: limit((value) => `to have at least ${plural(value, 'character')}`),
  maxLength: limit((value) => `to have at most ${plural(value, 'character')}`),
  minItems: limit((value) => `to have at least ${plural(value, 'item')}`),
  maxItems: limit((value) => `to have at most ${plural(value, 'item')}`),
  minProperties: limit((value) => `to have at least ${String(value)} properties`),
  maxProperties: limit((value) => `to have at most ${String(value)} properties`),
  multipleOf: ({ multipleOf }) => ({
    rule: `to be a multiple of ${String(multipleOf)}`,
    expected: multipleOf,
  }),
  pattern: ({ pattern }) => ({ rule: `to match the pattern ${quote(pattern)}`, expected: pattern }),
  format: ({ format }) => ({ rule: `to be of the format ${quote(format)}`, expected: format }),
  uniqueItems: ({ i, j }) => ({
    rule: `to have no equal items, but ${String(j)} and ${String(i)} are`,
    expected: 'unique items',
  }),
  if: ({ failingKeyword }) => ({
    rule: `to match the schema under \`${String(failingKeyword)}\``,
    expected: 'match',
  }),
  not: () => ({ rule: 'not to match the schema under `not`', expected: 'no match' }),
  anyOf: () => ({
    rule: 'to match at least one of the schemas under `anyOf`',
    expected: 'at least one match',
  }),
  oneOf: ({ passingSchemas }) => ({
    rule: `to match exactly one of the schemas under \`oneOf\`, but it matches ${Array.isArray(passingSchemas) ? 'several' : 'none'}`,
    expected: 'exactly one match',
  }),
  'false schema': () => ({ rule: 'to be absent: the schema allows no value here', expected: 'no value' }),
}

/** Keywords whose message need not say what the value is: it says which property. */
const ABOUT_PROPERTIES = new Set([
  'required',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
])

/**
 * Tells what Ajv found in the words of the palette.
 *
 * @param value what was validated, before anything was changed in it.
 */
export function toValidationError(error: ErrorObject, value: unknown): ValidationError {
  const { instancePath: path, keyword, schemaPath } = error
  const { rule, expected, property } = RULES[keyword]?.(error.params) ?? {
    rule: (error.message ?? `must match \`${keyword}\``).replace(/^must (NOT )?/, (_, not?: string) =>
      not ? 'not to ' : 'to ',
    ),
    expected: keyword,
  }
  const actual = excerpt(valueAt(value, path), path)
  const got = ABOUT_PROPERTIES.has(keyword) ? '' : `, got ${quoteActual(actual)}`
  const message = `Expected ${path === '' ? 'the value' : quote(cut(path))} ${cut(rule)}${got}`
  const basic = { path, keyword, message, expected: bounded(expected), actual, schemaPath }
  return property === undefined ? basic : { ...basic, property: cut(property) }
}

// A copy: what the flow does with a result must not reach the schema.
function bounded(expected: unknown): unknown {
  if (typeof expected === 'string') return cut(expected)
  const text = JSON.stringify(expected)
  return text.length > MAX_EXPECTED ? 'see the schema' : (JSON.parse(text) as unknown)
}

function quoteActual(actual: unknown): string {
  const text = String(actual)
  if (typeof actual !== 'string') return `\`${text}\`${actual === null ? '' : ` (${typeof actual})`}`
  return `\`${text.length > 80 ? `${text.slice(0, 77)}...` : text}\``
}

/** The only error of a value that is no JSON value at all, such as `undefined` or a Buffer. */
export function notJson(message: string, actual: unknown): ValidationError {
  return {
    path: '',
    keyword: 'type',
    message,
    expected: 'a JSON value',
    actual: excerpt(actual, ''),
    schemaPath: '#',
  }
}
