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
  const isList = Array.isArray(before)
  for (const name of Object.keys(before)) {
    if (Object.is(before[name], after[name]) && Object.hasOwn(after, name)) continue
    const place = isList ? `${path}[${name}]` : `${path}.${name}`
    if (Object.hasOwn(after, name)) walk(before[name], after[name], place, changes)
    else changes.push({ path: place, kind: 'removed', from: before[name] })
    if (changes.length >= MAX_CHANGES) return
  }
  for (const name of Object.keys(after)) {
    if (Object.hasOwn(before, name)) continue
    changes.push({ path: isList ? `${path}[${name}]` : `${path}.${name}`, kind: 'added', to: after[name] })
    if (changes.length >= MAX_CHANGES) return
  }
}
