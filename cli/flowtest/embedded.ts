import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StoredNode } from '../../lib/flowtest/flow-file.ts'
import { loadNodeRed, prepareFolder, type EmbedOptions } from './node-red-module.ts'
import { MemoryContext } from './memory-context.ts'
import { RuntimeTap, type Hooks, type LiveNode, type NodePrototype, type Tap } from './runtime-tap.ts'

/** The part of Node-RED's main module that the runner uses. */
interface NodeRed {
  init(server: object | null, settings: object): void
  start(): Promise<void>
  version(): string
  readonly httpNode: (request: object, response: object) => void
  readonly util: ConstructorParameters<typeof MemoryContext>[0] extends () => infer U
    ? U & { cloneMessage<T>(message: T): T }
    : never
  readonly events: {
    on(name: string, handler: (event: RuntimeEvent) => void): void
    removeListener(name: string, handler: (event: RuntimeEvent) => void): void
  }
  readonly hooks: Hooks
  readonly nodes: {
    getNode(id: string): LiveNode | null
    loadFlows(forceStart: boolean): Promise<unknown>
    stopFlows(): Promise<unknown>
    getNodeConfigs(language: string): string
  }
}

interface RuntimeEvent {
  readonly payload?: {
    readonly error?: string
    readonly types?: readonly string[]
    readonly modules?: readonly unknown[]
  }
}

interface LogEntry {
  readonly level?: number
  readonly type?: string
  readonly id?: string
  readonly name?: string
  readonly msg?: unknown
}

const LOG_ERROR = 20
/** A flow of one node, by which the prototype of all nodes is found. */
const PROBE = [
  { id: 'probe-tab', type: 'tab', label: 'probe' },
  { id: 'probe', type: 'catch', z: 'probe-tab', x: 0, y: 0, wires: [] },
]

/** Node-RED within this process, with everything in memory. */
export class Embedded {
  readonly red: NodeRed
  readonly context: MemoryContext
  /** URL of the HTTP endpoints of flows, without a slash at the end. */
  url = ''
  #flows: readonly object[] = PROBE
  #prototype: NodePrototype | undefined
  #tap: RuntimeTap | undefined

  constructor(red: NodeRed) {
    this.red = red
    this.context = new MemoryContext(() => red.util)
  }

  /** @throws when `node-red` is not installed, or does not start. */
  static async start(options: EmbedOptions): Promise<Embedded> {
    const embedded = new Embedded(loadNodeRed(options.nodeRed) as NodeRed)
    await prepareFolder(options)
    await embedded.#start(options)
    return embedded
  }

  /**
   * Stops what runs, empties the context and starts these flows.
   *
   * @param tap sees their messages; without one, the runtime is left as it is.
   * @throws when types or modules of the flow are not installed.
   */
  async deploy(flows: readonly StoredNode[], tap?: Tap): Promise<void> {
    this.#flows = flows
    if (tap && this.#prototype) {
      this.#tap ??= new RuntimeTap(this.#prototype, this.red.hooks)
      this.#tap.open(tap)
    }
    this.context.reset()
    const started = this.#started()
    await this.red.nodes.loadFlows(true)
    await started
  }

  /** Stops the flows. Late doings of their nodes are not seen any more. */
  async halt(): Promise<void> {
    await this.red.nodes.stopFlows()
    this.#tap?.close()
  }

  async #start({ folder, log }: EmbedOptions): Promise<void> {
    const { red } = this
    const server = createServer((request, response) => {
      const { method = '', url = '' } = request
      const serve = (): void => red.httpNode(request, response)
      const tap = this.#tap?.present
      if (tap) tap.requested(method, url, serve)
      else serve()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    server.unref()
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    process.env['NODE_RED_URL'] = this.url // flows call their own endpoints by it
    red.init(server, this.#settings(folder, log))
    const started = this.#started()
    await red.start()
    await started
    const probe = red.nodes.getNode('probe')
    if (!probe) throw new Error('Node-RED did not start the probe flow')
    this.#prototype = Object.getPrototypeOf(Object.getPrototypeOf(probe)) as NodePrototype
  }

  #settings(folder: string, log: (line: string) => void): object {
    const handler = () => (entry: LogEntry) => {
      // Remarks of the runtime itself are about its start.
      if (entry.type === undefined && (entry.level ?? 0) > LOG_ERROR) return
      const source = entry.name ?? entry.id
      log(
        [entry.type, source === undefined ? undefined : `${source}:`, textOf(entry.msg)]
          .filter(Boolean)
          .join(' '),
      )
    }
    return {
      httpAdminRoot: false,
      httpNodeRoot: '/',
      userDir: folder,
      storageModule: this.#storage(),
      contextStorage: { default: { module: () => this.context } },
      credentialSecret: false,
      externalModules: { palette: { allowInstall: false, allowUpload: false } },
      telemetry: { enabled: false, updateNotification: false },
      logging: { console: { level: 'off' }, flowtest: { level: 'warn', handler } },
    }
  }

  #storage(): object {
    const nothing = async (): Promise<void> => {}
    const empty = async (): Promise<object> => Promise.resolve({})
    return {
      init: nothing,
      getFlows: async () => Promise.resolve(structuredClone(this.#flows)),
      saveFlows: nothing,
      getCredentials: async () => Promise.resolve(this.#credentials()),
      saveCredentials: nothing,
      getSettings: empty,
      saveSettings: nothing,
      getSessions: empty,
      saveSessions: nothing,
      getLibraryEntry: async () => Promise.resolve([]),
      saveLibraryEntry: nothing,
    }
  }

  // Node-RED keeps them apart from the flows.
  #credentials(): object {
    const flows = this.#flows as readonly StoredNode[]
    return Object.fromEntries(
      flows.flatMap(({ id, credentials }) => (credentials ? [[id, credentials]] : [])),
    )
  }

  #started(): Promise<void> {
    const { events } = this.red
    return new Promise((done, failed) => {
      const end = (error?: Error): void => {
        events.removeListener('flows:started', good)
        events.removeListener('runtime-event', bad)
        if (error) failed(error)
        else done()
      }
      const good = (): void => end()
      const bad = ({ payload }: RuntimeEvent): void => {
        if (payload?.error === 'missing-types') end(new MissingTypes(payload.types ?? []))
        if (payload?.error === 'missing-modules')
          end(new Error(`The flow needs modules that are not installed: ${JSON.stringify(payload.modules)}`))
      }
      events.on('flows:started', good)
      events.on('runtime-event', bad)
    })
  }
}

/** The flow holds nodes whose types are not installed. */
export class MissingTypes extends Error {
  readonly types: readonly string[]
  constructor(types: readonly string[]) {
    super(`Unknown node types: ${types.join(', ')}`)
    this.types = types
  }
}

const textOf = (message: unknown): string =>
  typeof message === 'object' && message !== null && 'message' in message
    ? String(message.message)
    : String(message)
