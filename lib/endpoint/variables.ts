import { inputError, show } from '../errors.ts'
import { readForm } from './form.ts'

/** The inputs of a data action. */
export type Variables = Record<string, unknown>

/** Deeper values overflow the stack of what handles them later. */
const MAX_DEPTH = 64

const FORM = /^application\/x-www-form-urlencoded\b/i

/**
 * The variables of a body: JSON whatever the content type says, because CXone sends JSON as a form; a form where it is
 * none. `{"variables": {...}}` or the variables themselves; nothing at all is no variables.
 *
 * @throws `INPUT_INVALID` with `details.path`.
 */
export function readVariables(text: string, contentType: string | undefined): Variables {
  const trimmed = text.trim()
  if (trimmed === '') return {}
  if (contentType !== undefined && FORM.test(contentType) && !/^[[{"]/.test(trimmed))
    return variablesOf(readForm(trimmed, parseJson))
  return variablesOf(parseJson(trimmed, 'body'))
}

/** The variables of a body that was parsed already. @throws `INPUT_INVALID` */
export function variablesOf(body: unknown): Variables {
  if (!isObject(body))
    throw inputError('body', `Expected a body like {"variables": {...}}, got ${show(body)}`)
  checkPlain(body, 'body', 0)
  if (!Object.hasOwn(body, 'variables')) return body
  const { variables } = body
  if (!isObject(variables))
    throw inputError('variables', `Expected \`variables\` to be an object, got ${show(variables)}`)
  return variables
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const at = /position (\d+)/.exec((error as Error).message)?.[1]
    // The parser's own message quotes the body, which may hold what no log should have.
    const where = at === undefined ? 'it ends too early or is no JSON at all' : `it breaks at character ${at}`
    throw inputError(path, `Expected \`${path}\` to be JSON, but ${where}`)
  }
}

// A property `__proto__` becomes the prototype where somebody copies the variables carelessly.
function checkPlain(value: unknown, path: string, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH)
    throw inputError(path, `Expected values nested at most ${MAX_DEPTH} levels deep, got deeper ones`)
  if (Array.isArray(value)) {
    for (const item of value) checkPlain(item, path, depth + 1)
    return
  }
  for (const [name, each] of Object.entries(value)) {
    if (name === '__proto__') throw inputError(path, 'Expected no property `__proto__`')
    checkPlain(each, path, depth + 1)
  }
}
