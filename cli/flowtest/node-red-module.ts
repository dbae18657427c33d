import { mkdir, readdir, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

/** How to embed Node-RED. */
export interface EmbedOptions {
  /** Module path of `node-red`; by default the one that is installed beside the palette. */
  readonly nodeRed: string | undefined
  /** An empty folder. */
  readonly folder: string
  readonly packageRoot: string
  /** A user directory whose installed nodes are to be there too. */
  readonly userDir: string | undefined
  readonly log: (line: string) => void
}

const PALETTE = '@cxone-flows/node-red-data-actions'

/** Loads Node-RED: the one at `path`, else the one that is installed beside the palette. @throws when there is none. */
export function loadNodeRed(path: string | undefined): unknown {
  const from = createRequire(resolve(path ?? __filename, path === undefined ? '' : 'package.json'))
  try {
    return from(path === undefined ? 'node-red' : resolve(path)) as unknown
  } catch (cause) {
    throw new Error(
      `Node-RED is not there: ${(cause as Error).message}. Install node-red beside the palette, or say where it is with --node-red`,
      { cause },
    )
  }
}

/** Makes a user directory with the palette, and the nodes of the user's own directory where one is named. */
export async function prepareFolder({ folder, packageRoot, userDir }: EmbedOptions): Promise<void> {
  const modules = join(folder, 'node_modules')
  const link = join(modules, PALETTE)
  await mkdir(dirname(link), { recursive: true })
  await symlink(packageRoot, link, 'junction')
  if (userDir === undefined) return
  const installed = resolve(userDir, 'node_modules')
  for (const name of await readdir(installed)) {
    if (name.startsWith('.') || name === dirname(PALETTE)) continue
    await symlink(join(installed, name), join(modules, name), 'junction')
  }
}
