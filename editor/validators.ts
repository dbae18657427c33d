import type { Field } from '../lib/config/fields.ts'
import { joinTyped, type TypedField } from '../lib/config/typed.ts'
import { shownValue } from './open-form.ts'

const isReference = (value: unknown): boolean => typeof value === 'string' && /^\$\{[^}]+\}$/.test(value)

/**
 * The editor's validator of a property: the runtime's own rule. A returned text is the reason that the editor shows.
 * Node-RED takes a text for a failure only from functions of exactly two parameters.
 */
export function valid(field: Field<unknown>): Validator {
  return function (value, _options) {
    return isReference(value) || (field.check(value) ?? true)
  }
}

/** {@link valid} for a TypedInput pair: checks the value together with its stored type. */
export function validTyped(name: string, field: TypedField): Validator {
  return function (value, _options) {
    const type = shownValue(this, `${name}Type`) ?? this[`${name}Type`]
    return field.check(joinTyped(field, { [name]: value, [`${name}Type`]: type }, name)) ?? true
  }
}

/** {@link valid} for the `source` of a node that may look data actions up: that takes a CXone access. */
export function validSource(field: Field<unknown>, missingAuth: string): Validator {
  return function (value, options) {
    return value === 'dataAction' && !hasAuth(this)
      ? this._(missingAuth)
      : valid(field).call(this, value, options)
  }
}

function hasAuth(node: EditorNode): boolean {
  const auth = shownValue(node, 'auth') ?? node['auth']
  return typeof auth === 'string' && auth !== '' && auth !== '_ADD_'
}
