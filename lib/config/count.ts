import { inputError, show } from '../errors.ts'
import { typed, type Typed, type TypedField } from './typed.ts'

/** The most things (UUIDs, events) that one message can ask for. */
const MAX_COUNT = 1_000_000

/** Why a value is no such number; undefined where it is one. Text of digits is right too. */
function countReason(value: unknown): string | undefined {
  const number = typeof value === 'string' && /^\d{1,7}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= MAX_COUNT)
    return undefined
  return `expected an integer from 1 to ${MAX_COUNT}, got ${show(value)}`
}

/** How many things a message asks for. @throws `INPUT_INVALID` with `details.path` */
export function readCount(value: unknown, path: string): number {
  const reason = countReason(value)
  if (reason) throw inputError(path, `\`${path}\`: ${reason}`)
  return Number(value)
}

/** How many; 1 unless the node or the message says otherwise. A number that is written in the node is judged before the first message. */
export function typedCount(): TypedField {
  const inner = typed('num:1', ['num', 'msg', 'flow', 'global', 'env', 'jsonata'])
  return {
    ...inner,
    check: (stored) =>
      inner.check(stored) ?? (isNumber(stored) ? countReason(Number(stored.value)) : undefined),
  }
}

const isNumber = (stored: unknown): stored is Typed => (stored as Typed).type === 'num'
