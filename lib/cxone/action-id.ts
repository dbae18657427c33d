import { inputError, show } from '../errors.ts'

const MAX_LENGTH = 256

/** The reason why a text is no id of a data action; undefined when it is one. */
export const checkActionId = (text: string): string | undefined =>
  text.trim() === '' || text.length > MAX_LENGTH
    ? `expected the id of a data action, of 1 to ${MAX_LENGTH} characters`
    : undefined

/**
 * A data action's id from a message: text, or a whole number.
 *
 * @param place where it stands, as users write it (`msg.dataActionId`).
 * @throws `INPUT_INVALID` with `details.path`.
 */
export function readActionId(value: unknown, place: string): string {
  const text = Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || checkActionId(text) !== undefined)
    throw inputError(place, `Expected \`${place}\` to be the id of a data action, got ${show(value)}`)
  return text
}
