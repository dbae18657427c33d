import { readFile, readdir } from 'node:fs/promises'
import { runInNewContext } from 'node:vm'

/** What a node registers in the editor. */
export interface EditorDef {
  readonly category: string
  readonly defaults: Readonly<
    Record<string, { value: unknown; type?: string; validate?: (...args: unknown[]) => unknown }>
  >
  readonly credentials?: Readonly<Record<string, { type: string }>>
  readonly icon?: string
  readonly inputs?: number
  readonly outputs?: number
}

let known: Promise<ReadonlyMap<string, EditorDef>> | undefined

/** The editor definitions of all built nodes, read by running the scripts of their html. */
export function editorDefs(): Promise<ReadonlyMap<string, EditorDef>> {
  known ??= load()
  return known
}

async function load(): Promise<ReadonlyMap<string, EditorDef>> {
  const defs = new Map<string, EditorDef>()
  for (const name of await readdir('dist/nodes')) {
    const html = await readFile(`dist/nodes/${name}/${name}.html`, 'utf8').catch(() => '')
    const script = /<script type="text\/javascript">([^]*?)<\/script>/.exec(html)?.[1]
    if (!script) continue
    const RED = {
      nodes: { registerType: (type: string, def: EditorDef) => defs.set(type, def) },
      plugins: { registerPlugin: () => undefined },
      events: { on: () => undefined },
    }
    runInNewContext(script, { RED, URL, document: { querySelector: () => null, activeElement: null } })
  }
  return defs
}
