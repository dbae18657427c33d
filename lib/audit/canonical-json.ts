/**
 * The canonical form of a JSON value: RFC 8785 (JCS). Members are sorted by UTF-16 code units, which is how
 * JavaScript sorts; numbers and strings are written as ECMAScript writes them, which is what the RFC refers to.
 *
 * @throws TypeError for what has no canonical form: lone surrogates, NaN, infinities, and what is no JSON at all.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return scalar(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const record = value as Readonly<Record<string, unknown>>
  let members = ''
  for (const key of Object.keys(record).sort()) {
    members += `${members === '' ? '' : ','}${scalar(key)}:${canonicalJson(record[key])}`
  }
  return `{${members}}`
}

function scalar(value: unknown): string {
  if (hasForm(value)) return JSON.stringify(value)
  throw new TypeError(`A ${typeof value} such as ${JSON.stringify(String(value))} has no canonical form`)
}

function hasForm(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  return value === null || typeof value === 'boolean' || Number.isFinite(value)
}
