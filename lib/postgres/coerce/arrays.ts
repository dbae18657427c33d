import { Refusal, trimBlanks, type TypeRule } from './type-rule.ts'
import { unstorable } from './texts.ts'

/** PostgreSQL's limit. */
const MAX_DIMENSIONS = 6

/** An array of a type: a list (nested for more dimensions), the same as JSON text, or PostgreSQL's own text (`{1,2}`). */
export function arrayRule(element: TypeRule): TypeRule {
  return {
    expected: `a list, each item ${element.expected}`,
    ...(element.isPrivate === undefined ? {} : { isPrivate: element.isPrivate }),
    read: (value) => {
      const list = typeof value === 'string' ? readText(value) : value
      if (typeof list === 'string' || list instanceof Refusal) return list
      if (!Array.isArray(list)) return new Refusal()
      if (list.length === 0) return '{}'
      const written = write(list, element, 1)
      return written instanceof Refusal ? written : written.text
    },
  }
}

// `[2:3]={7,8}` has its bounds in brackets, JSON never begins like that.
const OWN_TEXT = /^(?:\[[0-9+-]+(?::|\])|\{)/

function readText(value: string): unknown {
  const text = trimBlanks(value)
  if (OWN_TEXT.test(text) && !isJson(text)) return unstorable(text) ?? text
  return isJson(text) ? (JSON.parse(text) as unknown) : new Refusal()
}

function isJson(text: string): boolean {
  if (!text.startsWith('[')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

interface Written {
  readonly text: string
  /** Lengths of the dimensions below: all items of a dimension must agree. */
  readonly shape: string
}

function write(list: readonly unknown[], element: TypeRule, depth: number): Written | Refusal {
  if (depth > MAX_DIMENSIONS) return new Refusal(`an array has at most ${MAX_DIMENSIONS} dimensions`, '54000')
  const items: string[] = []
  let shape: string | undefined
  for (const item of list) {
    const written = Array.isArray(item) ? write(item, element, depth + 1) : writeItem(item, element)
    if (written instanceof Refusal) return written
    shape ??= written.shape
    if (shape !== written.shape || written.text === '{}') return UNEVEN
    items.push(written.text)
  }
  return { text: `{${items.join()}}`, shape: `${list.length},${shape ?? ''}` }
}

const UNEVEN = new Refusal('lists within a list must have equal lengths')

function writeItem(item: unknown, element: TypeRule): Written | Refusal {
  if (item === null || item === undefined) return { text: 'NULL', shape: '' }
  const text = element.read(item)
  return text instanceof Refusal ? text : { text: `"${text.replace(/["\\]/g, '\\$&')}"`, shape: '' }
}
