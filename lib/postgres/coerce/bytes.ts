import { unstorable } from './texts.ts'
import { Refusal, type TypeRule } from './type-rule.ts'

const HEX_BYTES = /^\\x(?:[0-9a-f]{2}|[ \t\n\r])*$/i
const ESCAPED_BYTES = /^(?:[^\\]|\\\\|\\[0-3][0-7]{2})*$/

/** Bytes: a Buffer, or PostgreSQL's text forms (`\x…`, or text with escapes). */
export const BYTEA: TypeRule = {
  expected: 'a Buffer, or bytes as \\x and hex digits',
  isPrivate: true,
  read: (value) => {
    if (ArrayBuffer.isView(value)) return `\\x${hexOf(value)}`
    if (typeof value !== 'string') return new Refusal()
    const form = value.startsWith('\\x') ? HEX_BYTES : ESCAPED_BYTES
    return form.test(value) ? (unstorable(value) ?? value) : new Refusal()
  },
}

const hexOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex')
