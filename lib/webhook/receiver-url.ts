/**
 * Reads the URL of a webhook's receiver: http or https, with a host, without user info.
 *
 * @returns the URL, or the reason why it is none. The reason never holds the URL: a path may be a secret.
 */
export function parseReceiverUrl(text: unknown): { readonly url: URL } | { readonly reason: string } {
  if (typeof text !== 'string' || text.trim() === '') return { reason: 'expected the URL of the receiver' }
  if (text.length > 8192) return { reason: 'expected at most 8192 characters' }
  const url = URL.parse(text.trim())
  if (!url) return { reason: 'expected a URL as `https://host/path`' }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return { reason: `expected https or http, got \`${url.protocol}\`` }
  }
  if (url.username !== '' || url.password !== '') {
    return { reason: 'a user name or password in a URL ends up in logs; leave it out' }
  }
  url.hash = ''
  return { url }
}
