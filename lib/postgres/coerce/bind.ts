import { inputError, PaletteError, show } from '../../errors.ts'
import type { SqlText } from '../driver.ts'
import type { Template } from '../template/parse-template.ts'
import { ruleOfType, type ParamRule } from './param-type.ts'
import { ruleOf, type SqlType } from './rule-of-oid.ts'
import { TEXT } from './texts.ts'
import { readBy, type TypeRule } from './type-rule.ts'

/** Variables by name, or for `$1`…`$n` also by position. */
export type Variables = Readonly<Record<string, unknown>> | readonly unknown[]

/**
 * The rules of a statement's parameters, in their order. Those that are not listed are required and `auto`. For a statement with
 * `$1`…`$n`, a list without digits as names goes by position: its first entry is `$1`.
 */
export function rulesFor<R extends ParamRule>(
  { names, style }: Pick<Template, 'names' | 'style'>,
  params: readonly R[],
): readonly (R | ParamRule)[] {
  const byPosition = style === 'positional' && !params.some(({ name }) => /^[0-9]+$/.test(name))
  return names.map(
    (name, index) =>
      (byPosition ? params[index] : params.find((param) => param.name === name)) ?? {
        name,
        type: 'auto',
        required: true,
      },
  )
}

/**
 * The variables of a message: `msg.payload.variables`, else `msg.payload`. A message without a payload has none.
 *
 * @throws `INPUT_INVALID` where they are no object; a list serves for statements with `$1`…`$n`.
 */
export function variablesOf(payload: unknown): Variables {
  if (payload === undefined) return {}
  const isWrapped = typeof payload === 'object' && payload !== null && Object.hasOwn(payload, 'variables')
  const variables = isWrapped ? (payload as { variables: unknown }).variables : payload
  if (typeof variables === 'object' && variables !== null && !ArrayBuffer.isView(variables))
    return variables as Variables
  const path = isWrapped ? 'msg.payload.variables' : 'msg.payload'
  throw inputError(
    path,
    `Expected \`${path}\` to be an object with the parameters by name, got ${show(variables)}`,
  )
}

/**
 * Prepares the binding of values to parameters of known types. Both the type that is set and the one that PostgreSQL takes must
 * fit. Variables that are no parameters are ignored; so is all that variables inherit.
 *
 * @returns a function that throws `PG_PARAM_MISSING` and `PG_PARAM_TYPE`, and `INPUT_INVALID` for a list without `$1`…`$n`.
 */
export function createBinder(
  rules: readonly ParamRule[],
  types: readonly SqlType[],
): (variables: Variables) => readonly SqlText[] {
  const readers = rules.map((rule, index) => readerOf(rule, types[index]))
  return (variables) => {
    const isList = Array.isArray(variables)
    return rules.map((rule, index) => {
      const key = isList ? String(index) : rule.name
      const value = Object.hasOwn(variables, key) ? (variables as Record<string, unknown>)[key] : undefined
      return textOf(rule, value, readers[index] as Reader)
    })
  }
}

type Reader = (value: unknown) => string

function readerOf({ name, type }: ParamRule, sqlType: SqlType | undefined): Reader {
  const own = sqlType ? ruleOf(sqlType) : TEXT
  const set = type === 'auto' ? own : ruleOfType(type)
  if (set === own || own === TEXT) return (value) => readBy(set, name, value)
  return (value) => readBy(within(own, sqlType?.type ?? ''), name, readBy(set, name, value))
}

// The value is as it was set to be, but the statement has a place of another type for it.
const within = (rule: TypeRule, type: string): TypeRule => ({
  ...rule,
  expected: `${rule.expected} (the statement takes ${type})`,
})

function textOf(rule: ParamRule, value: unknown, read: Reader): SqlText {
  const given = value === undefined ? rule.default : value
  if (given !== undefined && given !== null) return read(given)
  if (!rule.required) return null
  throw new PaletteError(
    'PG_PARAM_MISSING',
    `Parameter \`${rule.name}\` has no value; set \`msg.payload.variables.${rule.name}\`, or give it a default`,
    { details: { param: rule.name, sqlstate: '42P02' } },
  )
}
