import { inputError, show } from '../errors.ts'

const MAX_LENGTH = 256

/**
 * A data action's id from a message: text, or a whole number.
 *
 * @param place where it stands, as users write it (`msg.dataActionId`).
 * @throws `INPUT_INVALID` with `details.path`.
 */
export function readActionId(value: unknown, place: string): string {
  const text = Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || text.trim() === '' || text.length > MAX_LENGTH)
    throw inputError(place, `Expected \`${place}\` to be the id of a data action, got ${show(value)}`)
  return text
}
