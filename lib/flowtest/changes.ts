/** What a node changed in a message. */
export interface Change {
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed'
  readonly from?: unknown
  readonly to?: unknown
}

const MAX_CHANGES = 30

/** The changes from one plain value to another, at most 30. Values in them are not copied. */
export function changesBetween(before: unknown, after: unknown): readonly Change[] {
  const changes: Change[] = []
  walk(before, after, 'msg', changes)
  return changes
}

const isContainer = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function walk(before: unknown, after: unknown, path: string, changes: Change[]): void {
  if (changes.length >= MAX_CHANGES || Object.is(before, after)) return
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    changes.push({ path, kind: 'changed', from: before, to: after })
    return
  }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const place = Array.isArray(before) ? `${path}[${name}]` : `${path}.${name}`
    if (!Object.hasOwn(after, name)) changes.push({ path: place, kind: 'removed', from: before[name] })
    else if (!Object.hasOwn(before, name)) changes.push({ path: place, kind: 'added', to: after[name] })
    else walk(before[name], after[name], place, changes)
    if (changes.length >= MAX_CHANGES) return
  }
}
