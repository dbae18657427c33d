import { inputError } from '../errors.ts'
import { parseReceiverUrl } from '../webhook/receiver-url.ts'

/**
 * The URL of a vault from a message; empty for none.
 *
 * @throws `INPUT_INVALID`, before anything is sent.
 */
export function readVaultUrl(value: unknown, place: string): string {
  if (value === undefined || value === null || value === '') return ''
  const parsed = parseReceiverUrl(value)
  if ('url' in parsed) return parsed.url.href
  throw inputError(place, `\`${place}\`: ${parsed.reason}`)
}
