import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StoredNode } from '../../lib/flowtest/flow-file.ts'
import type { RuntimeNode } from '../../lib/flowtest/recorder.ts'
import type { RuntimeMessage } from '../../lib/flowtest/runtime-message.ts'
import { loadNodeRed, prepareFolder, type EmbedOptions } from './node-red-module.ts'
import { MemoryContext } from './memory-context.ts'

/** A node of the running flow. */
export interface LiveNode extends RuntimeNode {
  readonly _inputCallback?: unknown
  readonly _inputCallbacks?: unknown
  receive(message: object): void
  send(out: unknown): void
  _complete(message: object, error?: Error): void
}

interface Prototype {
  updateWires: (this: LiveNode, wires: unknown) => void
  error: (this: LiveNode, error: unknown, message?: unknown) => void
}

interface SendEvent {
  readonly msg: RuntimeMessage
  readonly source: { readonly port: number }
}

interface ReceiveEvent {
  readonly msg: RuntimeMessage
  readonly destination: { readonly node: LiveNode }
}

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
  readonly hooks: { add(name: string, handler: (event: never) => unknown): void }
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

/** What sees the messages of the present deployment. */
export interface Tap {
  /** An HTTP request has come; `serve` hands it to the flow. */
  requested(method: string, url: string, serve: () => void): void
  /** False: the node's own handler is not to run. */
  received(node: LiveNode, message: RuntimeMessage): boolean
  handled(node: LiveNode, message: RuntimeMessage): void
  sending(node: LiveNode, out: unknown, send: () => void): void
  delivered(message: object, output: number): void
  completed(node: LiveNode, message: RuntimeMessage): void
  failing(node: LiveNode, error: unknown, message: unknown, report: () => void): void
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
  #tap: Tap | undefined
  #generation = 0
  readonly #born = new WeakMap<object, number>()

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
   * @throws when types or modules of the flow are not installed.
   */
  async deploy(flows: readonly StoredNode[], tap: Tap): Promise<void> {
    this.#flows = flows
    this.#generation += 1
    this.#tap = tap
    this.context.reset()
    const started = this.#started()
    await this.red.nodes.loadFlows(true)
    await started
  }

  /** Stops the flows. Late doings of their nodes are not seen any more. */
  async halt(): Promise<void> {
    await this.red.nodes.stopFlows()
    this.#tap = undefined
  }

  async #start({ folder, log }: EmbedOptions): Promise<void> {
    const { red } = this
    const server = createServer((request, response) => {
      const { method = '', url = '' } = request
      const serve = (): void => red.httpNode(request, response)
      if (this.#tap) this.#tap.requested(method, url, serve)
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
    this.#wrap(Object.getPrototypeOf(Object.getPrototypeOf(probe)) as Prototype)
    this.#addHooks()
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
      getCredentials: empty,
      saveCredentials: nothing,
      getSettings: empty,
      saveSettings: nothing,
      getSessions: empty,
      saveSessions: nothing,
      getLibraryEntry: async () => Promise.resolve([]),
      saveLibraryEntry: nothing,
    }
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

  // Ports without a wire send nothing that a hook could see, and errors without `done` have no hook at all.
  #wrap(prototype: Prototype): void {
    const { updateWires, error: reportError } = prototype
    const born = this.#born
    const generation = (): number => this.#generation
    const tapOf = (node: LiveNode): Tap | undefined => this.#tapOf(node)
    prototype.updateWires = function (wires) {
      updateWires.call(this, wires)
      if (!born.has(this)) born.set(this, generation())
      const send = (this as { send: (out: unknown) => void }).send
      this.send = (out: unknown) => {
        const tap = tapOf(this)
        if (tap) tap.sending(this, out, () => send.call(this, out))
        else send.call(this, out)
      }
    }
    prototype.error = function (error, message) {
      const report = (): void => reportError.call(this, error, message)
      const tap = tapOf(this)
      if (tap) tap.failing(this, error, message, report)
      else report()
    }
  }

  #addHooks(): void {
    const { hooks } = this.red
    hooks.add('preDeliver.flowtest', ({ msg, source }: SendEvent) => {
      this.#tap?.delivered(msg, source.port)
    })
    hooks.add('onReceive.flowtest', ({ msg, destination: { node } }: ReceiveEvent) => {
      return this.#tapOf(node)?.received(node, msg) === false ? false : undefined
    })
    hooks.add('postReceive.flowtest', ({ msg, destination: { node } }: ReceiveEvent) => {
      this.#tapOf(node)?.handled(node, msg)
    })
    hooks.add('onComplete.flowtest', ({ msg, node }: { msg: RuntimeMessage; node: { node: LiveNode } }) => {
      this.#tapOf(node.node)?.completed(node.node, msg)
    })
  }

  // A node of an earlier deployment may still do something; that belongs to no case.
  #tapOf(node: LiveNode): Tap | undefined {
    return this.#born.get(node) === this.#generation ? this.#tap : undefined
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
