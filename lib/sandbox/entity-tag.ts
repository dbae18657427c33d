import { createHash } from 'node:crypto'

/** A strong entity tag of a text (RFC 9110, 8.8.3). */
export function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
}

/**
 * Whether an `If-Match` or `If-None-Match` header names the present tag; `*` names any. Weak tags compare by their
 * text. `etag` is undefined where there is nothing yet.
 */
export function matchesEtag(header: string, etag: string | undefined): boolean {
  if (header.trim() === '*') return etag !== undefined
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}
