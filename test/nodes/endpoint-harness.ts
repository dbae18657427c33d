import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { resolve } from 'node:path'
import helper from 'node-red-node-test-helper'
import { loadFlow, type FlowNodeDef, type LoadedFlow, type Msg } from './harness.ts'

const require = createRequire(resolve('package.json'))
/** Loads what Node-RED itself depends on. */
export const fromNodeRed = createRequire(require.resolve('node-red'))
const core = (file: string): ((RED: unknown) => void) => require(`@node-red/nodes/core/${file}`)

// The helper registers the Catch node once for each that is in the flow.
const { _nodeModules: helped } = helper as unknown as { _nodeModules: { catch: (RED: object) => void } }
const registerCatch = helped.catch
const haveCatch = new WeakSet()
helped.catch = (RED) => {
  if (!haveCatch.has(RED)) registerCatch(RED)
  haveCatch.add(RED)
}

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** An answer, as tests read it. */
export interface Answered {
  readonly status: number
  readonly headers: Record<string, string>
  readonly text: string
  readonly json: any
}

export interface ServedFlow extends LoadedFlow {
  readonly port: number
  post(path: string, body?: string | Buffer, headers?: Record<string, string>): Promise<Answered>
  send(
    method: string,
    path: string,
    body?: string | Buffer,
    headers?: Record<string, string>,
  ): Promise<Answered>
  /** A connection that the test writes to by hand. */
  socket(text: string): Promise<Socket>
  /** Ends the server and the flow. */
  end(): Promise<void>
}

const types = {
  function: core('function/10-function.js'),
  'http in': core('network/21-httpin.js'),
  'http response': core('network/21-httpin.js'),
  change: core('function/15-change.js'),
}

interface ServeOptions {
  readonly credentials?: Record<string, Record<string, string>>
  readonly settings?: object
  readonly extra?: Readonly<Record<string, (RED: any) => void>>
  /** Stands before Node-RED's HTTP nodes, as its admin app does. */
  readonly before?: Middleware
  /** The root that the HTTP nodes are served below. */
  readonly root?: string
}

let current: ServedFlow | undefined

/** Runs a flow and serves its HTTP nodes on a port of the loopback. */
export async function serveFlow(
  nodes: readonly FlowNodeDef[],
  options: ServeOptions = {},
): Promise<ServedFlow> {
  const { before = (_request, _response, next) => next(), root = '', extra = {}, ...rest } = options
  const app = (fromNodeRed('express') as () => any)()
  app.use(before)
  const server = createServer(app)
  const probe = (RED: any): void => {
    RED.server = server
    app.use(root === '' ? '/' : root, (req: unknown, res: unknown, next: unknown) =>
      RED.httpNode(req, res, next),
    )
    RED.nodes.registerType('probe', function (this: unknown, def: object) {
      RED.nodes.createNode(this, def)
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const settings = { ...rest.settings, ...(root === '' ? {} : { httpNodeRoot: root }) }
  const flow = await loadFlow([{ id: 'probe-1', type: 'probe' }, ...nodes], {
    ...rest,
    settings,
    extra: { ...types, ...extra, probe },
  })
  const send: ServedFlow['send'] = (method, path, body, headers = {}) =>
    call({ port, method, path: root + path, headers }, body)
  const served: ServedFlow = {
    ...flow,
    port,
    send,
    post: (path, body, headers) => send('POST', path, body, headers),
    async socket(text) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(text)
      return socket
    },
    async end() {
      if (current === served) current = undefined
      await flow.unload()
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
  current = served
  return served
}

/** Ends the flow that a test left running. Call it in `afterEach`. */
export async function endFlow(): Promise<void> {
  await current?.end()
}

async function call(options: object, body: string | Buffer | undefined): Promise<Answered> {
  const agent = new Agent()
  const outgoing = request({ host: '127.0.0.1', agent, ...options })
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
  outgoing.end(body)
  const [response] = await answered
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  agent.destroy()
  const text = Buffer.concat(chunks).toString()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status: response.statusCode ?? 0, headers: response.headers as never, text, json }
}

/** Everything that comes on a connection until it ends. */
export async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
  if (!socket.closed) await once(socket, 'close')
  return text
}

/** An `action-in` node `in` wired to the node `next`. */
export const actionIn = (more: object = {}, next = 'out'): FlowNodeDef => ({
  id: 'in',
  type: 'action-in',
  path: '/action',
  wires: [[next]],
  ...more,
})

/** An `action-out` node `out`. */
export const actionOut = (more: object = {}): FlowNodeDef => ({ id: 'out', type: 'action-out', ...more })

/** A Function node. */
export const fn = (id: string, func: string, next: string): FlowNodeDef => ({
  id,
  type: 'function',
  func,
  outputs: 1,
  libs: [],
  wires: [[next]],
})

/** A throwaway node that hands each message to the test. */
export function holder(): {
  readonly type: (RED: any) => void
  readonly held: { msg: Msg; node: any; done: (error?: unknown) => void }[]
  next(): Promise<Msg>
} {
  const held: { msg: Msg; node: any; done: (error?: unknown) => void }[] = []
  const waiting: ((msg: Msg) => void)[] = []
  return {
    held,
    next: () => new Promise((given) => waiting.push(given)),
    type: (RED) => {
      RED.nodes.registerType('holder', function (this: any, def: object) {
        RED.nodes.createNode(this, def)
        this.on('input', (msg: Msg, _send: unknown, done: (error?: unknown) => void) => {
          held.push({ msg, node: this, done })
          waiting.shift()?.(msg)
        })
      })
    },
  }
}
