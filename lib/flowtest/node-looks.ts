/** What the editor's part of a node type tells of it. */
export interface NodeLook {
  /** CSS colour. */
  readonly color: string
  readonly inputs: number
  /** The codes that its help lists under "Errors". */
  readonly failureModes: readonly string[]
}

const REGISTER = /registerType\(\s*(['"])([\w .:@/-]+)\1\s*,\s*\{/g
const MAX_DEFINITION = 20_000
const HELP = /<script[^>]*data-help-name=(['"])([^'"]+)\1[^>]*>([\s\S]*?)<\/script>/g

/**
 * Reads colour, number of inputs and failure modes of all node types from their editor html with its help, as the runtime
 * serves it. The help is the one list of a node's codes: what users read is what coverage counts.
 */
export function looksOf(html: string): ReadonlyMap<string, NodeLook> {
  const modes = new Map(
    [...html.matchAll(HELP)].map(([, , type = '', help = '']) => [type, codesInHelp(help)]),
  )
  const looks = new Map<string, NodeLook>()
  const found = [...html.matchAll(REGISTER)]
  found.forEach((match, at) => {
    const type = match[2] ?? ''
    const next = found[at + 1]?.index ?? html.length
    const definition = html.slice(match.index, Math.min(next, match.index + MAX_DEFINITION))
    const color = /\bcolor\s*:\s*(['"])([^'"]+)\1/.exec(definition)?.[2]
    looks.set(type, {
      color: /^(#[0-9a-f]{3,8}|[a-z]+|rgba?\([\d., %]+\))$/i.test(color ?? '') ? (color ?? '') : '#DDDDDD',
      inputs: Number(/\binputs\s*:\s*(\d+)/.exec(definition)?.[1] ?? 1),
      failureModes: modes.get(type) ?? [],
    })
  })
  return looks
}

/** The codes of the section "Errors" of a help text: first column of a table, or what stands before the colon of a list entry. */
export function codesInHelp(help: string): readonly string[] {
  const section = /^\s*###\s+Errors\s*$([\s\S]*?)(?=^\s*###\s|(?![\s\S]))/m.exec(help)?.[1] ?? ''
  const heads = section.split('\n').flatMap((line) => {
    const text = line.trim()
    if (text.startsWith('|')) return [text.split('|')[1] ?? '']
    return text.startsWith('- ') ? [text.split(':')[0] ?? ''] : []
  })
  const codes = heads.flatMap((head) =>
    [...head.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)`/g)].map(([, code = '']) => code),
  )
  return [...new Set(codes)]
}
