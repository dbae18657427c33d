import { inputError, show } from '../errors.ts'
import type { CxoneCall } from './access.ts'

// A backslash counts as a slash in URLs; control characters and spaces are dropped or end the request line.
// eslint: the control characters are meant
const FORBIDDEN = new RegExp('[\\\\\\u0000-\\u0020\\u007f#]')
const DOTS = /^(?:\.|%2e){1,2}$/i

/**
 * Fills `{name}` in a path template, percent-encoded: a value never adds a segment, a query or another host.
 *
 * @returns the path with a leading slash, perhaps with a query that stood in the template.
 * @throws `INPUT_INVALID` (`details.path`) for a missing value, a `.` or `..` segment, or a path that is none.
 */
export function expandPath(template: string, params: CxoneCall['params'] = {}): string {
  const relative = template.startsWith('/') ? template : `/${template}`
  if (FORBIDDEN.test(relative) || relative.startsWith('//') || /^\/[a-z][a-z0-9+.-]*:/i.test(relative))
    throw inputError(
      'path',
      `Expected \`path\` to be relative to the API base, like \`/api/v2/x\`, got ${show(template)}`,
    )
  const filled = relative.includes('{')
    ? relative.replace(/\{([^{}/?]*)\}/g, (_whole, name: string) => fill(name, params))
    : relative
  const query = filled.indexOf('?')
  const path = query === -1 ? filled : filled.slice(0, query)
  if (path.includes('.') || /%2e/i.test(path)) refuseDots(path, template)
  return filled
}

function fill(name: string, params: NonNullable<CxoneCall['params']>): string {
  const value: unknown = Object.hasOwn(params, name) ? params[name] : undefined
  if ((typeof value !== 'string' && typeof value !== 'number') || value === '')
    throw inputError(
      `params.${name}`,
      `Expected \`params.${name}\` to be text for the path, got ${show(value)}`,
    )
  return encode(String(value), `params.${name}`)
}

function refuseDots(path: string, template: string): void {
  for (const segment of path.split('/')) {
    if (DOTS.test(segment))
      throw inputError(
        'path',
        `\`path\` ${show(template)} must not have a segment \`${segment}\`: it would lead elsewhere`,
      )
  }
}

/**
 * The query of a call with its `?`, or an empty text. Lists repeat the name; undefined values are left out.
 *
 * @throws `INPUT_INVALID` with `details.path` for a value that is no text, number or boolean.
 */
export function queryString(query: CxoneCall['query']): string {
  if (query === undefined) return ''
  const parts: string[] = []
  for (const [name, value] of Object.entries(query as Readonly<Record<string, unknown>>)) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (item === undefined) continue
      if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean')
        throw inputError(
          `query.${name}`,
          `Expected \`query.${name}\` to be text, a number or a boolean, got ${show(item)}`,
        )
      parts.push(`${encode(name, `query.${name}`)}=${encode(String(item), `query.${name}`)}`)
    }
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

function encode(text: string, place: string): string {
  try {
    return encodeURIComponent(text)
  } catch (error) {
    throw inputError(place, `\`${place}\` holds half of a surrogate pair, which no URL can`, error)
  }
}
