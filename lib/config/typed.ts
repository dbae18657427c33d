import { show } from '../errors.ts'
import type { Field } from './fields.ts'

/** The kinds of TypedInput that the palette uses. */
export const TYPED_KINDS = [
  ...(['str', 'num', 'bool', 'json', 'msg', 'flow', 'global', 'env', 'jsonata'] as const),
  /** Nothing is read: of {@link optionalTyped} alone. */
  'off',
] as const
export type TypedKind = (typeof TYPED_KINDS)[number]

/** A TypedInput property as it is stored: `x` and `xType`. */
export interface Typed {
  readonly value: string
  readonly type: TypedKind
}

/** The field of a TypedInput pair. */
export interface TypedField extends Field<Typed> {
  readonly kinds: readonly TypedKind[]
}

/**
 * A TypedInput property. `standard` is written as in the contract: `msg:dataActionId`.
 * It is stored as `x` (value) and `xType` (kind); `parseFields` joins them.
 *
 * @param checkText the reason why a text that is given here (`str`) is wrong.
 */
export function typed(
  standard: `${TypedKind}:${string}`,
  kinds: readonly TypedKind[],
  checkText: (text: string) => string | undefined = () => undefined,
): TypedField {
  const split = standard.indexOf(':')
  const fallback: Typed = { type: standard.slice(0, split) as TypedKind, value: standard.slice(split + 1) }
  return {
    kinds,
    default: fallback,
    check: (stored) => {
      const { value, type } = (stored ?? {}) as Partial<Typed>
      return checkTyped(stored, kinds) ?? (type === 'str' ? checkText(value ?? '') : undefined)
    },
    parse: (stored) => stored as Typed,
  }
}

/** A TypedInput property that is `off` by default; so is one whose text is empty. */
export function optionalTyped(kinds: readonly TypedKind[]): TypedField {
  const any = typed('off:', ['off', ...kinds])
  const isOff = (stored: unknown): boolean => (stored as Typed).value.trim() === ''
  return {
    ...any,
    check: (stored) => {
      const { value, type } = stored as Partial<Typed>
      if (value === '' && any.kinds.includes(type as TypedKind)) return undefined
      return type === 'off' ? `expected no text with the type off, got ${show(value)}` : any.check(stored)
    },
    parse: (stored) => (isOff(stored) ? any.default : any.parse(stored)),
  }
}

function checkTyped(stored: unknown, kinds: readonly TypedKind[]): string | undefined {
  const { value, type } = (stored ?? {}) as { value?: unknown; type?: unknown }
  if (!(kinds as readonly unknown[]).includes(type))
    return `expected a type of ${kinds.join(', ')}, got ${show(type)}`
  if (typeof value !== 'string') return `expected text, got ${show(value)}`
  if (type === 'num' && (value.trim() === '' || Number.isNaN(Number(value))))
    return `expected a number, got ${show(value)}`
  if (type === 'bool' && value !== 'true' && value !== 'false')
    return `expected true or false, got ${show(value)}`
  if (['msg', 'flow', 'global', 'env'].includes(String(type)) && value.trim() === '')
    return 'expected the name of a property'
  if (type === 'jsonata' && value.trim() === '') return 'expected an expression'
  if (type === 'json') {
    try {
      JSON.parse(value)
    } catch (error) {
      return `expected JSON: ${(error as Error).message}`
    }
  }
  return undefined
}

/** True for a field that is stored as a pair. */
export const isTyped = (field: Field<unknown>): field is TypedField => 'kinds' in field

/** Joins the stored pair `x`, `xType` of a node to one value; a missing part takes the field's default. */
export function joinTyped(
  field: TypedField,
  values: Readonly<Record<string, unknown>>,
  name: string,
): unknown {
  const value = values[name]
  const type = values[`${name}Type`]
  if (value === undefined && type === undefined) return field.default
  const kind = type ?? field.default.type
  // The default's text belongs to the default's kind: it is no good name of, say, a flow variable.
  const missing = kind === field.default.type ? field.default.value : ''
  return {
    value: typeof value === 'number' || typeof value === 'boolean' ? String(value) : (value ?? missing),
    type: kind,
  }
}
