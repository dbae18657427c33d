import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { dirname, join, resolve } from 'node:path'

/** The part of Node-RED's main module that an embedder uses. */
export interface NodeRed {
  init(server: object, settings: object): void
  start(): Promise<void>
  stop(): Promise<void>
  readonly version: () => string
  readonly events: {
    on(name: string, handler: (event: RuntimeEvent) => void): void
  }
  readonly hooks: {
    add(name: string, handler: (event: never) => void): void
    remove(name: string): void
  }
  readonly nodes: { getNode(id: string): FlowNode | null }
  readonly httpAdmin: Listener
  readonly httpNode: Listener
}

interface RuntimeEvent {
  readonly id?: string
  readonly payload?: { readonly error?: string; readonly types?: readonly string[] }
}

type Listener = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void

/** A running flow node, as far as a runner needs it. */
export interface FlowNode {
  readonly id: string
  readonly type: string
  readonly name?: string
  readonly z?: string
  receive(msg?: object): void
}

/** A node of a flow file. */
export interface StoredNode {
  readonly id: string
  readonly type: string
  readonly z?: string
  readonly name?: string
  readonly [property: string]: unknown
}

/** How to run Node-RED in this process. */
export interface RuntimeOptions {
  /** Node-RED's user directory; made when missing. */
  readonly userDir: string
  /** Written as the flow file unless there is one already. */
  readonly flows: readonly StoredNode[]
  /** TCP port on 127.0.0.1; 0 for any. */
  readonly port: number
  readonly headless: boolean
  readonly logLevel: 'info' | 'warn' | 'off'
}

/** A started Node-RED with the palette. */
export interface Runtime {
  readonly red: NodeRed
  readonly url: string
  stop(): Promise<void>
}

const PACKAGE = '@cxone-flows/node-red-data-actions'
/** The root of this package, seen from `dist/cli`. */
export const packageRoot = resolve(__dirname, '../..')

/**
 * Starts Node-RED in this process, with this palette linked into its user directory.
 *
 * @throws when `node-red` is not installed beside the palette, or the port is taken.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  await prepareUserDir(options)
  const red = ((await import('node-red')) as unknown as { default: NodeRed }).default
  let isReady = false
  const server = createServer((request, response) => {
    if (!isReady) return void response.writeHead(503, { 'Retry-After': '1' }).end('Node-RED is starting')
    const [first, second] = options.headless ? [red.httpNode, red.httpAdmin] : [red.httpAdmin, red.httpNode]
    first(request, response, () => second(request, response))
  })
  red.init(server, settingsOf(options))
  const started = flowsStarted(red, options.headless)
  const stop = async (): Promise<void> => {
    await red.stop()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  await listen(server, options.port)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.env['NODE_RED_URL'] = url // examples call their own endpoints
  try {
    await red.start()
    await started
    isReady = true
  } catch (error) {
    await stop()
    throw error
  }
  return { red, url: `${url}/`, stop }
}

// Node-RED waits for ever for node types that it does not know; its editor shows them, a headless run must fail.
function flowsStarted(red: NodeRed, headless: boolean): Promise<void> {
  return new Promise((done, failed) => {
    red.events.on('flows:started', () => done())
    red.events.on('runtime-event', ({ payload }) => {
      if (payload?.error !== 'missing-types') return
      if (headless) failed(new Error(`Unknown node types: ${payload.types?.join(', ')}`))
      else done()
    })
  })
}

async function prepareUserDir({ userDir, flows }: RuntimeOptions): Promise<void> {
  const link = join(userDir, 'node_modules', PACKAGE)
  await mkdir(dirname(link), { recursive: true })
  await rm(link, { force: true, recursive: true })
  await symlink(packageRoot, link, 'junction')
  const flowFile = join(userDir, 'flows.json')
  if (!existsSync(flowFile)) await writeFile(flowFile, JSON.stringify(flows, null, 4))
}

function settingsOf({ userDir, port, headless, logLevel }: RuntimeOptions): object {
  return {
    userDir,
    flowFile: 'flows.json',
    flowFilePretty: true,
    uiHost: '127.0.0.1',
    uiPort: port,
    disableEditor: headless,
    credentialSecret: 'local-trial-only',
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: logLevel } },
    paletteCategories: ['CXone', 'common', 'function', 'network', 'sequence', 'parser', 'storage'],
    editorTheme: { tours: false, projects: { enabled: false }, page: { title: 'CXone data actions' } },
  }
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      failed(taken ? new Error(`Port ${port} is in use: choose another with PORT=${port + 1}`) : error)
    })
    server.listen(port, '127.0.0.1', done)
  })
}
