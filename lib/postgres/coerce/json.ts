import { Refusal, type TypeRule } from './type-rule.ts'
import { unstorable } from './texts.ts'

/** PostgreSQL's own limit comes from the size of its stack and is some times higher. */
const MAX_DEPTH = 1000

/**
 * JSON. A string is JSON text, as CXone sends objects; all other values are encoded. JSON's own null as a value is
 * the text `null`; no value is NULL.
 */
export const JSON_RULE: TypeRule = {
  expected: 'JSON',
  isPrivate: true,
  read: (value) => (typeof value === 'string' ? readText(value) : encode(value)),
}

function readText(text: string): string | Refusal {
  try {
    return whyNot(JSON.parse(text) as unknown) ?? text
  } catch {
    return new Refusal('text is read as JSON: put quotes inside for a JSON string, such as "\\"open\\""')
  }
}

function encode(value: unknown): string | Refusal {
  if (typeof value === 'number' && !Number.isFinite(value)) return new Refusal('JSON has no such number')
  try {
    // Undefined for functions and symbols, whatever the types say.
    const text = JSON.stringify(value) as string | undefined
    if (text === undefined) return new Refusal()
    return whyNot(JSON.parse(text) as unknown) ?? text
  } catch {
    return new Refusal('it holds itself, or something that JSON has no form for')
  }
}

/** What `jsonb` would refuse: characters that it cannot store, and too deep nesting. */
function whyNot(value: unknown): Refusal | undefined {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return new Refusal(`it is nested more than ${MAX_DEPTH} deep`, '54001')
    const below: unknown[] = []
    for (const each of level) {
      if (typeof each === 'string') {
        const refusal = unstorable(each)
        if (refusal) return refusal
      } else if (typeof each === 'object' && each !== null) {
        if (!Array.isArray(each)) below.push(...Object.keys(each))
        for (const inner of Object.values(each)) below.push(inner)
      }
    }
    level = below
  }
  return undefined
}
