/**
 * A URL as messages and records may show it: without user info, query and fragment, which may hold secrets.
 * What is no URL gives `(no URL)`.
 */
export function safeUrl(url: string): string {
  const parsed = URL.parse(url)
  if (!parsed) return '(no URL)'
  const origin = parsed.origin === 'null' ? `${parsed.protocol}//${parsed.host}` : parsed.origin
  return `${origin}${parsed.pathname}`
}

/** True for a host name or literal of this machine, the only ones that may be reached without TLS. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase()
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(name)
  )
}
