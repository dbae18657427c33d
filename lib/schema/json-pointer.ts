/** One name of a JSON Pointer, escaped (RFC 6901, section 3). */
export const pointerSegment = (name: string | number): string =>
  String(name).replaceAll('~', '~0').replaceAll('/', '~1')

/** The names of a JSON Pointer; none for the whole value (`''`). */
export const pointerNames = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))

/** The value at a JSON Pointer, own properties only; undefined where there is none. */
export function valueAt(value: unknown, pointer: string): unknown {
  let at = value
  for (const name of pointerNames(pointer)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}
