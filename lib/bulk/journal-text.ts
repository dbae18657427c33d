import { toJson } from '../cxone/to-json.ts'
import { inputError } from '../errors.ts'
import { isSecretName, REDACTED } from '../redact/redact-text.ts'
import { isVaultReference } from '../redact/vault-reference.ts'

/**
 * JSON of something that is needed again as it is.
 *
 * @param place where it stands, as users write it.
 * @throws `INPUT_INVALID` where JSON cannot hold it, or a member is a secret by its name and no vault reference.
 */
export function exactJson(value: unknown, place: string): string {
  const text = toJson(value, place)
  let found: string | undefined
  JSON.parse(text, (key, member: unknown) => {
    if (isSecret(key, member)) found = key
    return member
  })
  if (found === undefined) return text
  throw inputError(
    place,
    `\`${place}\` holds a secret (\`${found}\`), which a journal would put on the disk: give the name of a vault entry, or turn the journal off`,
  )
}

/** JSON of something that is told later on: secrets by name are masked, and what is no JSON is left out. */
export const maskedJson = (value: unknown): string =>
  JSON.stringify(value, (key, member: unknown) => (isSecret(key, member) ? REDACTED : member))

/**
 * The part of a message that survives a restart: members that JSON can hold, secrets masked. `req` and `res` belong to a
 * connection that does not survive.
 */
export function keepable(message: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(message)) {
    if (name === 'req' || name === 'res') continue
    try {
      Object.assign(kept, JSON.parse(maskedJson({ [name]: member })) as object)
    } catch {
      // what is no JSON is gone after a restart
    }
  }
  return kept
}

// `credentials` have members with names of their own, and `maxTokens` is a count.
function isSecret(name: string, value: unknown): boolean {
  if (!isSecretName(name)) return false
  if (typeof value === 'number') return !/tokens$/i.test(name)
  return isPlain(value) && !(/credentials?$/i.test(name) && isObject(value))
}

function isPlain(value: unknown): boolean {
  if (isObject(value)) return Object.values(value).some(isPlain)
  if (typeof value === 'number') return true
  return typeof value === 'string' && value !== '' && value !== REDACTED && !isVaultReference(value)
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
