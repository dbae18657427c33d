import { isSecretName, REDACTED, redactText } from '../redact/redact-text.ts'
import { pointerNames } from './json-pointer.ts'

const MAX_TEXT = 200
const MAX_NAMES = 10

/**
 * A value as a result may quote it: scalars as they are, long texts cut, containers described, secrets masked. A value
 * whose path holds a secret's name (`/auth/password`) is masked whole.
 */
export function excerpt(value: unknown, pointer: string): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? null
  if (pointerNames(pointer).some(isSecretName)) return REDACTED
  switch (typeof value) {
    case 'string':
      return excerptOfText(value)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'object':
      return describe(value)
    case 'bigint':
      return `${String(value)}n`
    default:
      return `[${typeof value}]`
  }
}

// Masked first, in a window larger than what is kept: a secret may lie across the cut.
function excerptOfText(text: string): string {
  const masked = redactText(text.slice(0, 4 * MAX_TEXT)).toWellFormed()
  return masked.length > MAX_TEXT ? `${masked.slice(0, MAX_TEXT)}... (${text.length} characters)` : masked
}

function describe(value: object): string {
  if (Array.isArray(value)) return `array of ${value.length}`
  if (ArrayBuffer.isView(value)) return `Buffer of ${value.byteLength} bytes`
  const names = Object.keys(value)
  const shown = names.slice(0, MAX_NAMES).map((name) => excerptOfText(name).slice(0, 40))
  return `object {${[...shown, ...(names.length > MAX_NAMES ? ['...'] : [])].join(', ')}}`
}
