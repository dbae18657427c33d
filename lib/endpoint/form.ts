import { inputError } from '../errors.ts'

type Fields = Record<string, unknown>

/** Fields of a form at most. */
const MAX_FIELDS = 1000

/**
 * A form body (`application/x-www-form-urlencoded`) as an object: `a=1`, `variables[a]=1`, or a field whose value is JSON
 * (`variables={"a":1}`). A field that comes more than once is a list. A form that is nothing but percent-encoded JSON is
 * that JSON.
 *
 * @param parseJson reads JSON text; the second parameter is what its errors call it.
 * @throws `INPUT_INVALID`, what `parseJson` throws.
 */
export function readForm(text: string, parseJson: (text: string, path: string) => unknown): unknown {
  const entries = [...new URLSearchParams(text)]
  const [first] = entries
  if (first && entries.length === 1 && first[1] === '' && first[0].trimStart().startsWith('{'))
    return parseJson(first[0], 'body')
  if (entries.length > MAX_FIELDS)
    throw inputError('body', `Expected at most ${MAX_FIELDS} fields, got ${entries.length}`)
  const fields: Fields = Object.create(null) as Fields
  let variables: Fields | undefined
  for (const [name, value] of entries) {
    const inner = /^variables\[([^\]]+)\]$/.exec(name)?.[1]
    if (inner === undefined) put(fields, name, value)
    else put((variables ??= Object.create(null) as Fields), inner, value)
  }
  if (variables) return { variables: { ...variables } }
  const { variables: whole } = fields
  return typeof whole === 'string' ? { variables: parseJson(whole, 'variables') } : { ...fields }
}

function put(fields: Fields, name: string, value: string): void {
  const known = fields[name]
  if (known === undefined) fields[name] = value
  else if (Array.isArray(known)) known.push(value)
  else fields[name] = [known, value]
}
