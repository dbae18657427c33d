import { createRequire } from 'node:module'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import helper from 'node-red-node-test-helper'

const require = createRequire(resolve('package.json'))

/** A message, as tests read it. */
export type Msg = Record<string, any>

export interface FlowNodeDef {
  readonly id: string
  readonly type: string
  readonly [property: string]: unknown
}

/** How a message ended: sent (one entry an output, as given to `send`), or failed. */
export type Ending = { readonly sent: readonly (Msg | null)[] } | { readonly error: Failure }

export interface Failure extends Error {
  readonly code: string
  readonly details: Record<string, any>
}

export interface Status {
  readonly fill?: string
  readonly shape?: string
  readonly text?: string
}

export interface LoadedFlow {
  /** The Node-RED user directory of this flow; removed on unload. */
  readonly userDir: string
  /** Sends a message into a node and waits for its end. */
  receive(id: string, msg?: Msg): Promise<Ending>
  /** What `msg.error` was at the Catch node of the flow, and `msg.cxone` beside it. */
  readonly caught: Msg[]
  /** All statuses that a node has shown. */
  statuses(id: string): Status[]
  /** The last status shown. */
  status(id: string): Status | undefined
  node(id: string): any
  /** Calls an admin route. */
  request(): any
  /** Everything that the runtime logged, as text. */
  log(): string
  /** Stops the flow, as a redeploy does. */
  unload(): Promise<void>
}

/** The register functions of built nodes, by type. Build first. */
const builtNode = (type: string): ((RED: unknown) => void) =>
  require(resolve(`dist/nodes/${type}/${type}.js`)).default

helper.init(require.resolve('node-red'))

let current: LoadedFlow | undefined

/**
 * Runs a flow in a real Node-RED with the built nodes that it names. Nodes without `z` but with wires, or with `x`, are put
 * on one tab; each of them gets a recorder behind every output.
 *
 * @param extra register functions of throwaway nodes, by type.
 */
export async function loadFlow(
  nodes: readonly FlowNodeDef[],
  options: {
    readonly credentials?: Record<string, Record<string, string>>
    readonly extra?: Readonly<Record<string, (RED: any) => void>>
    readonly settings?: object
    /** A user directory of the test's own, which stays when the flow is unloaded. */
    readonly userDir?: string
  } = {},
): Promise<LoadedFlow> {
  const { credentials = {}, extra = {}, settings = {} } = options
  const userDir = options.userDir ?? mkdtempSync(join(tmpdir(), 'cxone-node-'))
  helper.settings({ userDir, ...settings })
  const types = [...new Set(nodes.map(({ type }) => type))].filter(
    (type) => !['catch', 'status', 'complete', 'helper', 'tab'].includes(type),
  )
  const caught: Msg[] = []
  const shown = new Map<string, Status[]>()
  const flow = [
    { id: 'tab', type: 'tab', label: 'test' },
    ...nodes.map((node) => (isConfig(node.type) ? { ...node } : { z: 'tab', wires: [], ...node })),
    { id: 'catch-all', type: 'catch', z: 'tab', scope: null, uncaught: false, wires: [['caught']] },
    { id: 'caught', type: 'helper', z: 'tab', wires: [] },
  ]
  // From the very start: a set-up that fails at once shows its status while the flow is still loading.
  let stopRecording = (): void => undefined
  const record = (RED: any): void => {
    RED.hooks ??= require('node-red').hooks // the helper leaves them out
    const add = ({ id, status }: { id: string; status: Status }): void => {
      shown.set(id, [...(shown.get(id) ?? []), status])
    }
    RED.events.on('node-status', add)
    stopRecording = () => RED.events.off('node-status', add)
  }
  const functions = [record, ...types.map((type) => extra[type] ?? builtNode(type))]
  await helper.load(functions, flow, credentials).catch(async (error: unknown) => {
    await helper.unload() // else every later load fails too
    throw error
  })
  helper
    .getNode('caught')
    .on('input', (msg: Msg) => void caught.push({ ...msg['error'], cxone: msg['cxone'] }))
  const loaded: LoadedFlow = {
    userDir,
    caught,
    receive: (id, msg = {}) => receive(helper.getNode(id), msg),
    statuses: (id) => shown.get(id) ?? [],
    status: (id) => shown.get(id)?.at(-1),
    node: (id) => helper.getNode(id),
    request: () => helper.request(),
    log: () =>
      helper
        .log()
        .args.map(([entry]: any[]) => JSON.stringify(entry?.msg?.message ?? entry?.msg ?? entry))
        .join('\n'),
    async unload() {
      if (current !== loaded) return
      current = undefined
      await helper.unload()
      stopRecording()
      if (options.userDir === undefined) rmSync(userDir, { recursive: true, force: true })
    },
  }
  current = loaded
  return loaded
}

const isConfig = (type: string): boolean =>
  ['cxone-auth', 'audit-trail', 'pg-database', 'tls-config', 'http proxy'].includes(type)

/** Delivers a message as the runtime does and waits for `done`. A node that calls `done` twice fails the test. */
function receive(node: any, msg: Msg): Promise<Ending> {
  return new Promise((end, broken) => {
    let sent: readonly (Msg | null)[] = []
    let done = 0
    node._inputCallback(
      msg,
      (out: any) => {
        if (done > 0) broken(new Error('sent after done'))
        sent = Array.isArray(out) ? out : [out]
        node.send(out)
      },
      (error?: Failure) => {
        done += 1
        if (done > 1) broken(new Error('done was called twice'))
        node._complete(msg, error)
        setImmediate(() => end(error ? { error } : { sent }))
      },
    )
  })
}

/** The failure of an ending. */
export function failureOf(ending: Ending): Failure {
  if ('error' in ending) return ending.error
  throw new Error(
    `expected a failure, but the message was sent: ${JSON.stringify(ending.sent).slice(0, 500)}`,
  )
}

/** The message that was sent to an output (first by default). */
export function sentOf(ending: Ending, output = 0): Msg {
  if ('error' in ending) throw ending.error
  const msg = ending.sent[output]
  if (!msg) throw new Error(`nothing was sent to output ${output}`)
  return msg
}

/** Ends the flow that a test left running. Call it in `afterEach`. */
export async function unloadFlow(): Promise<void> {
  await current?.unload()
}
