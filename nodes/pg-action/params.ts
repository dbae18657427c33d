import { list, type Field } from '../../lib/config/fields.ts'
import { joinTyped, typed, type Typed } from '../../lib/config/typed.ts'
import { isPaletteError, show } from '../../lib/errors.ts'
import { coerce, PARAM_TYPES, type ParamRule, type ParamType } from '../../lib/postgres/coerce/param-type.ts'

/** A parameter of the statement, as it is set. */
export interface Param extends ParamRule {
  /** Where its value comes from; undefined: from the variables of the message, by its name. */
  readonly value: Typed | undefined
}

/** The `value` of a parameter. */
export const paramValue = typed('msg:', [
  'msg',
  'flow',
  'global',
  'env',
  'jsonata',
  'str',
  'num',
  'bool',
  'json',
])

const NAME = /^(?:[\p{L}_][\p{L}\p{N}_]*|[1-9][0-9]{0,4})$/u
const isUnset = (value: unknown): boolean => value === undefined || value === null || value === ''

/** The list `params`. */
export function paramsField(): Field<readonly Param[]> {
  const items = list<unknown>([], whyNoParam)
  return {
    default: [],
    check: (value) => items.check(value) ?? whyTwice(items.parse(value)),
    parse: (value) => items.parse(value).map(readParam),
  }
}

function whyNoParam(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    return `expected {name, type, required, default, value}, got ${show(item)}`
  const { name, type = 'auto', required, ...rest } = item as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || !NAME.test(name))
    return `expected \`name\` to have letters, digits and underscores, got ${show(name)}`
  if (!isType(type)) return `expected \`type\` to be one of ${PARAM_TYPES.join(', ')}, got ${show(type)}`
  if (required !== undefined && typeof required !== 'boolean')
    return `expected \`required\` to be true or false, got ${show(required)}`
  const wrong = isUnset(rest['value']) ? undefined : paramValue.check(joinTyped(paramValue, rest, 'value'))
  return wrong === undefined ? whyNoDefault(type, rest['default']) : `\`value\`: ${wrong}`
}

const isType = (type: unknown): type is ParamType => (PARAM_TYPES as readonly unknown[]).includes(type)

function whyNoDefault(type: ParamType, value: unknown): string | undefined {
  try {
    if (!isUnset(value)) coerce('default', type, value)
    return undefined
  } catch (error) {
    if (isPaletteError(error)) return error.message
    throw error
  }
}

function whyTwice(items: readonly unknown[]): string | undefined {
  const names = items.map((item) => (item as { name: string }).name)
  const index = names.findIndex((name, at) => names.indexOf(name) < at)
  return index < 0 ? undefined : `item ${index}: the name \`${names[index] ?? ''}\` is taken`
}

function readParam(item: unknown): Param {
  const stored = item as Readonly<Record<string, unknown>>
  return {
    name: stored['name'] as string,
    type: (stored['type'] ?? 'auto') as ParamType,
    required: stored['required'] !== false,
    default: isUnset(stored['default']) ? undefined : stored['default'],
    value: isUnset(stored['value']) ? undefined : (joinTyped(paramValue, stored, 'value') as Typed),
  }
}
