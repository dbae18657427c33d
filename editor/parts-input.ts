import type { Field } from '../lib/config/fields.ts'

const inputOf = (name: string, part: string): JQ => $(`#cxone-${name}-${part}`)

/**
 * An object property as one input for each of its parts (`cxone-<name>-<part>`, a check box where the default is true or
 * false); `cxone-<name>-reason` shows what is wrong with it.
 */
export function showParts(
  node: EditorNode,
  name: string,
  parts: readonly string[],
  field: Field<unknown>,
): void {
  const standard = node._def.defaults[name]?.value
  const values = { ...(standard as object), ...objectOf(node[name]) } as Record<string, unknown>
  const judge = (): void => {
    const reason = field.check(readParts(name, parts))
    $(`#cxone-${name}-reason`).text(reason ?? '')
  }
  for (const part of parts) {
    const input = inputOf(name, part)
    if (input.prop('type') === 'checkbox') input.prop('checked', values[part] === true)
    else input.val(values[part])
    input.on('change', judge)
    input.on('input', judge)
  }
  judge()
}

/** Takes the parts over into the node; call it in `oneditsave`. */
export function saveParts(node: EditorNode, name: string, parts: readonly string[]): void {
  node[name] = readParts(name, parts)
}

const objectOf = (value: unknown): object => {
  const read = typeof value === 'string' ? (JSON.parse(value) as unknown) : value
  return typeof read === 'object' && read !== null ? read : {}
}

function readParts(name: string, parts: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(parts.map((part) => [part, valueOf(inputOf(name, part))]))
}

// What is no number stays text, and the validator says so.
function valueOf(input: JQ): unknown {
  if (input.prop('type') === 'checkbox') return input.prop('checked') === true
  const text = input.val().trim()
  return /^-?\d+$/.test(text) ? Number(text) : text
}
