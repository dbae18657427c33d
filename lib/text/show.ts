/**
 * A value as an error message shows it: quoted, typed, at most 80 characters. Never hand it a secret.
 *
 * @example show(-1) // '`-1` (number)'
 */
export function show(value: unknown): string {
  if (value === undefined || value === null) return `\`${String(value)}\``
  const text = describe(value)
  return `\`${text.length > 80 ? `${text.slice(0, 77)}...` : text}\` (${Array.isArray(value) ? 'array' : typeof value})`
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null)
    return typeof value === 'function' ? 'function' : String(value)
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  if (Array.isArray(value)) return `${value.length} items`
  return `{${Object.keys(value).slice(0, 6).join(', ')}}`
}
