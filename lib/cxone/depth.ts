/** Deeper than any real answer, and far from the depth at which copying or writing a value exhausts the stack. */
export const MAX_DEPTH = 1000

/** Whether a JSON value is nested deeper than `limit`: such an answer can be parsed, but neither copied nor written. */
export function isTooDeep(value: unknown, limit = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  return limit === 0 || Object.values(value).some((member) => isTooDeep(member, limit - 1))
}
