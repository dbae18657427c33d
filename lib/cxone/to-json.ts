import { inputError } from '../errors.ts'
import { MAX_DEPTH } from './depth.ts'

/**
 * JSON text of a value.
 *
 * @param place where the value stands, as users write it (`msg.payload`).
 * @throws `INPUT_INVALID` whose `details.path` is the very member that JSON cannot hold: a cycle, a BigInt, a value that
 * fails to give itself away, or too deep a nesting.
 */
export function toJson(value: unknown, place: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    const fault = findFault(value, place, new Map())
    throw inputError(
      fault?.path ?? place,
      `\`${fault?.path ?? place}\` ${fault?.why ?? 'is no JSON value'}`,
      error,
    )
  }
  // JSON.stringify gives undefined for undefined itself, functions and symbols, against its type.
  if ((text as string | undefined) === undefined)
    throw inputError(place, `Expected \`${place}\` to be a JSON value, got ${typeof value}`)
  return text
}

interface Fault {
  readonly path: string
  readonly why: string
}

// Only walked after JSON.stringify has failed. `parents` are the objects on the way down, with their places.
function findFault(value: unknown, path: string, parents: Map<object, string>): Fault | undefined {
  if (typeof value === 'bigint')
    return { path, why: 'is a BigInt, which JSON cannot hold; use text or a number' }
  if (typeof value !== 'object' || value === null) return undefined
  const above = parents.get(value)
  if (above !== undefined) return { path, why: `refers back to \`${above}\`: JSON cannot hold a cycle` }
  if (parents.size > MAX_DEPTH) return { path: path.slice(0, 200), why: 'is nested too deeply' }
  parents.set(value, path)
  try {
    for (const [name, member] of Object.entries(value)) {
      const fault = findFault(member, memberPath(path, name, Array.isArray(value)), parents)
      if (fault) return fault
    }
    JSON.stringify('toJSON' in value ? value : null)
  } catch {
    return { path, why: 'fails when it is written as JSON' } // a getter or toJSON that throws
  }
  parents.delete(value)
  return undefined
}

const memberPath = (path: string, name: string, inList: boolean): string => {
  if (inList) return `${path}[${name}]`
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`
}
