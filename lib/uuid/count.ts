import { inputError, show } from '../errors.ts'
import { MAX_COUNT } from './settings.ts'

/** Why a value is no number of UUIDs; undefined where it is one. Text of digits is right too. */
export function countReason(value: unknown): string | undefined {
  const number = typeof value === 'string' && /^\d{1,7}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= MAX_COUNT)
    return undefined
  return `expected an integer from 1 to ${MAX_COUNT}, got ${show(value)}`
}

/** The number of UUIDs that a message asks for. @throws `INPUT_INVALID` with `details.path` */
export function readCount(value: unknown, path: string): number {
  const reason = countReason(value)
  if (reason) throw inputError(path, `\`${path}\`: ${reason}`)
  return Number(value)
}
