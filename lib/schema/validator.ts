import type { ErrorObject, ValidateFunction } from 'ajv'
import { inputError, show, type PaletteError } from '../errors.ts'
import { coercionsBetween, type Coercion } from './copy.ts'
import type { Draft } from './drafts.ts'
import { excerpt } from './excerpt.ts'
import { OutOfTime, type TimeGuard } from './time-guard.ts'
import { notJson, toValidationError, type ValidationError } from './validation-error.ts'

/** What a validation found. The value that was given is never changed. */
export type Verdict =
  | {
      readonly valid: true
      /** The value, or a changed copy of it where coercion, defaults or removal is on. */
      readonly value: unknown
      readonly coerced: readonly Coercion[]
    }
  | { readonly valid: false; readonly errors: readonly ValidationError[] }

/** A compiled JSON Schema. */
export interface SchemaValidator {
  readonly draft: Draft
  /** Its `$id`. */
  readonly id: string | undefined
  /**
   * Validates a value.
   *
   * @param place what errors call the value (`msg.payload`).
   * @throws `INPUT_INVALID` where it cannot be decided: the value is nested without end or too deeply, or a pattern of the
   * schema takes more than a second on it.
   */
  readonly validate: (value: unknown, place: string) => Verdict
}

interface Parts {
  readonly validate: ValidateFunction
  readonly guard: TimeGuard
  readonly draft: Draft
  readonly id: string | undefined
  readonly isCostly: boolean
  readonly maxErrors: number
  /** Set where validation changes the value. */
  readonly copy?: (value: unknown) => unknown
}

/** Wraps a validator that Ajv made. */
export function createValidator(parts: Parts): SchemaValidator {
  const { draft, id, guard, isCostly } = parts
  const check = parts.copy ? checkCopy(parts, parts.copy) : checkAsIs(parts)
  return {
    draft,
    id,
    validate: (value, place) => {
      const stranger = whyNoJson(value, place)
      if (stranger) return { valid: false, errors: [notJson(stranger, value)] }
      try {
        return guard.run(check, value, isCostly)
      } catch (error) {
        throw undecided(place, error)
      }
    },
  }
}

const NONE: readonly Coercion[] = []

const checkAsIs =
  ({ validate, maxErrors }: Parts) =>
  (value: unknown): Verdict =>
    validate(value)
      ? { valid: true, value, coerced: NONE }
      : { valid: false, errors: tell(validate, maxErrors, value) }

/** Ajv changes values in place, and the whole value through the object that holds it. */
function checkCopy(
  { validate, maxErrors }: Parts,
  copy: (value: unknown) => unknown,
): (value: unknown) => Verdict {
  return (value) => {
    const holder = { value: copy(value) }
    const rootData = holder.value as object
    const place = { instancePath: '', parentData: holder, parentDataProperty: 'value', rootData }
    if (!validate(holder.value, { ...place, dynamicAnchors: {} }))
      return { valid: false, errors: tell(validate, maxErrors, value) }
    return { valid: true, value: holder.value, coerced: coercionsBetween(value, holder.value).map(masked) }
  }
}

const masked = ({ path, from, to }: Coercion): Coercion => ({
  path,
  from: excerpt(from, path),
  to: excerpt(to, path),
})

// The list has gaps where errors beyond the limit were left out and taken back.
function tell({ errors }: ValidateFunction, max: number, value: unknown): readonly ValidationError[] {
  const found: readonly (ErrorObject | undefined)[] = errors ?? []
  const known = found.filter((error) => error !== undefined).slice(0, max)
  return known.map((error) => toValidationError(error, value))
}

/** Why a value can be called neither valid nor invalid. */
function undecided(place: string, cause: unknown): PaletteError {
  if (cause instanceof OutOfTime) {
    const { pattern, timeoutMs } = cause
    const why = pattern === '' ? '' : `: the pattern ${show(pattern)} takes too long; make it simpler`
    return inputError(place, `Validation of \`${place}\` was given up after ${timeoutMs} ms${why}`)
  }
  const isDeep = cause instanceof RangeError // the stack is used up
  const got = isDeep ? 'one that is cyclic or nested too deeply' : 'one that cannot be read'
  return inputError(place, `Expected \`${place}\` to be a JSON value, got ${got}`, cause)
}

function whyNoJson(value: unknown, place: string): string | undefined {
  switch (typeof value) {
    case 'object':
      if (!ArrayBuffer.isView(value)) return undefined
      return `Expected \`${place}\` to be a JSON value, got a Buffer: put a JSON node before this one`
    case 'undefined':
      return `Expected \`${place}\` to be a JSON value, but it is missing`
    case 'function':
    case 'symbol':
    case 'bigint':
      return `Expected \`${place}\` to be a JSON value, got a ${typeof value}`
    default:
      return undefined
  }
}
