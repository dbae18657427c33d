import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot, type StoredNode } from './runtime.ts'

/** An example flow of the package. */
export interface Example {
  /** File name without `.json`. */
  readonly name: string
  readonly nodes: readonly StoredNode[]
}

/** All example flows, in the order of their numbers. */
export async function readExamples(folder = join(packageRoot, 'examples')): Promise<readonly Example[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()
  return Promise.all(
    files.map(async (file) => ({
      name: file.replace(/\.json$/, ''),
      nodes: JSON.parse(await readFile(join(folder, file), 'utf8')) as StoredNode[],
    })),
  )
}

/** One flow file of several examples; config nodes that they share (same id) appear once. */
export function mergeExamples(examples: readonly Example[]): readonly StoredNode[] {
  const byId = new Map(examples.flatMap(({ nodes }) => nodes.map((node) => [node.id, node] as const)))
  return [...byId.values()]
}
