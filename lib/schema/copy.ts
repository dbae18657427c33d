import { pointerSegment } from './json-pointer.ts'

/** A value that was changed to the type that the schema asks for. */
export interface Coercion {
  /** JSON Pointer. */
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}

type Container = Record<string, unknown>

/** A deep copy of plain objects and arrays; anything else in them (dates, buffers, functions) is shared. */
export function copyPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyPlain)
  if (!isPlain(value)) return value
  const copy: Container = {}
  for (const key of Object.keys(value)) {
    if (key !== '__proto__') copy[key] = copyPlain(value[key])
    else Object.defineProperty(copy, key, { value: copyPlain(value[key]), ...OPEN })
  }
  return copy
}

const OPEN = { enumerable: true, configurable: true, writable: true }

// An object as JSON has it, of any realm: no array, no class instance.
function isPlain(value: unknown): value is Container {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/**
 * The scalars that differ between a value and its changed copy. Properties that only one of them has are no coercions:
 * they are defaults that were put in, or additional ones that were removed.
 */
export function coercionsBetween(before: unknown, after: unknown): readonly Coercion[] {
  const found: Coercion[] = []
  compare(before, after, '', found)
  return found
}

function compare(before: unknown, after: unknown, path: string, found: Coercion[]): void {
  if (before === after) return
  if (typeof before !== 'object' || before === null || typeof after !== 'object' || after === null) {
    if (!Object.is(before, after)) found.push({ path, from: before, to: after })
    return
  }
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) continue
    compare((before as Container)[key], (after as Container)[key], `${path}/${pointerSegment(key)}`, found)
  }
}
