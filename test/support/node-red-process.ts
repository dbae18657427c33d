import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** The Node-RED versions that the palette supports, by the name under which they are installed. */
export const NODE_RED = { '5.0': 'node-red', '4.1': 'node-red-4' } as const

export interface NodeRedProcess {
  readonly url: string
  readonly userDir: string
  /** Everything that Node-RED has printed so far. */
  log(): string
  stop(): Promise<void>
  /** Ends the process as a crash does (SIGKILL); the user directory stays. */
  kill(): Promise<void>
}

const PALETTE = '@cxone-flows/node-red-data-actions'

/** A new user directory, with further settings (JavaScript properties) if wanted, the flows given and, if wanted, the palette of this source tree linked into it. */
export async function makeUserDir(
  flows: readonly object[],
  options: { linkPalette: boolean; settings?: string },
): Promise<string> {
  const userDir = await mkdtemp(join(tmpdir(), 'cxone-test-'))
  await writeFile(join(userDir, 'flows.json'), JSON.stringify(flows))
  await writeFile(join(userDir, 'package.json'), JSON.stringify({ name: 'user-dir', private: true }))
  const settings = `module.exports = {
    flowFile: 'flows.json', uiHost: '127.0.0.1', credentialSecret: 'test', contextStorage: { default: { module: 'memory' } },
    telemetry: { enabled: false, updateNotification: false }, editorTheme: { tours: false, palette: { catalogues: [] } }, paletteCategories: ['CXone', 'common'],
    logging: { console: { level: 'info' } }, ${options.settings ?? ''}
  }`
  await writeFile(join(userDir, 'settings.js'), settings)
  if (options.linkPalette) {
    const link = join(userDir, 'node_modules', PALETTE)
    await mkdir(dirname(link), { recursive: true })
    await symlink(resolve('.'), link, 'junction')
  }
  return userDir
}

/** Starts Node-RED as users do, in a process of its own on a free port of 127.0.0.1. */
export async function startNodeRed(version: keyof typeof NODE_RED, userDir: string): Promise<NodeRedProcess> {
  const red = resolve('node_modules', NODE_RED[version], 'red.js')
  const args = [red, '--userDir', userDir, '--settings', join(userDir, 'settings.js'), '--port', '0']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  let printed = ''
  const url = await new Promise<string>((found, failed) => {
    const read = (chunk: Buffer): void => {
      printed += chunk.toString()
      const port = /Server now running at http:\/\/127\.0\.0\.1:(\d+)\//.exec(printed)?.[1]
      if (port && printed.includes('Started flows')) found(`http://127.0.0.1:${port}/`)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => failed(new Error(`Node-RED ended with ${code}:\n${printed}`)))
  })
  return {
    url,
    userDir,
    log: () => printed,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
      await rm(userDir, { recursive: true, force: true })
    },
  }
}
