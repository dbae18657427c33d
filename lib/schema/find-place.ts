import { pointerSegment } from './json-pointer.ts'

const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef']

/** Where a schema holds the reference that a resolver reports as missing (it resolves them against ids first). */
export function findReference(
  schema: unknown,
  missing: string,
): { readonly path: string; readonly ref: string } {
  const all: { path: string; ref: string }[] = []
  for (const { path, key, value } of members(schema, ''))
    if (REFERENCES.includes(key) && typeof value === 'string') all.push({ path, ref: value })
  const exact = all.find(({ ref }) => ref === missing)
  return exact ?? all.find(({ ref }) => missing.endsWith(ref)) ?? { path: '', ref: missing }
}

/** Where a schema holds a pattern that is no regular expression, and why it is none. */
export function findWrongPattern(
  schema: unknown,
): { readonly path: string; readonly reason: string } | undefined {
  for (const { path, key, value } of members(schema, '')) {
    const patterns =
      key === 'pattern' ? [value] : key === 'patternProperties' ? Object.keys(Object(value) as object) : []
    for (const pattern of patterns) {
      const reason = typeof pattern === 'string' ? whyNoPattern(pattern) : undefined
      if (reason)
        return { path: key === 'pattern' ? path : `${path}/${pointerSegment(pattern as string)}`, reason }
    }
  }
  return undefined
}

function whyNoPattern(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'u')
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

interface Member {
  readonly path: string
  readonly key: string
  readonly value: unknown
}

function* members(schema: unknown, path: string): Generator<Member> {
  if (typeof schema !== 'object' || schema === null) return
  for (const [key, value] of Object.entries(schema)) {
    const at = `${path}/${pointerSegment(key)}`
    yield { path: at, key, value }
    yield* members(value, at)
  }
}
