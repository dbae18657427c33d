import { redactText } from '../redact/redact.ts'

const MASKED = '[redacted]'
const EXCERPT_CHARS = 2048
// Looked at before the cut, so that no part of a secret is left at its end.
const LOOK_BYTES = 8192
const MIN_SECRET = 4

/** Replaces known secrets in a text. */
export type Mask = (text: string) => string

/** Masks secrets as they are, as they stand in a form or URL, and in base64 (Basic). Shorter than 4: not masked. */
export function maskOf(secrets: readonly string[]): Mask {
  const forms = new Set<string>()
  for (const secret of secrets.filter(({ length }) => length >= MIN_SECRET)) {
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
      forms.add(form)
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length)
  return (text) => longestFirst.reduce((masked, form) => masked.replaceAll(form, MASKED), text)
}

/** The first 2 kB of a body as an error may show it: secrets masked. Undefined for an empty body. */
export function bodyExcerpt(body: Buffer, mask: Mask): string | undefined {
  if (body.length === 0) return undefined
  const text = redactText(mask(body.toString('utf8', 0, LOOK_BYTES)))
  return text.length > EXCERPT_CHARS ? text.slice(0, EXCERPT_CHARS) : text
}
